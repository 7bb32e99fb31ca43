"""Measures all contenders on all workloads: tests/bench/compare.sh says how."""

import argparse
import contextlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from compare import fitd, machine, report
from compare.data import write_data
from compare.roster import FITD, ROSTER, Entry
from compare.workloads import WORKLOADS, Workload

# By workload and cores the fastest variants; those of one core where none are known.
BEST = pathlib.Path(__file__).with_name("best.json")
CURVE = 3  # Epochs whose losses are compared.


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


class Worker:
    """The process of one contender. It has trained two epochs when it is made."""

    def __init__(self, entry: Entry, variant: str, workload: Workload, folder: pathlib.Path, cores: list[int],
                 run_seconds: float):
        self.entry, self.variant = entry, variant
        self.curve: list[float] = []
        self.seconds: list[float] = []  # Of a step, by round.
        self.peak_memory = 0
        threads = str(len(cores))
        # What PyTorch compiles is compiled anew: time to the first step is that of a first run.
        cache = folder / "inductor"
        shutil.rmtree(cache, ignore_errors=True)
        environment = {**os.environ, **entry.environment, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
                       "TORCHINDUCTOR_CACHE_DIR": str(cache)}
        with open(folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", ",".join(map(str, cores)), sys.executable, "-m", "compare.worker", entry.kind,
                 json.dumps(entry.variants[variant]), workload.name, folder, threads, str(time.time())],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1)
        ready = self._answer()
        self._keep(ready["losses"][:1] if entry.anew else ready["losses"])
        self.first_step: float | None = ready["first_step"]
        self._steps = workload.steps
        # Two give those that begin anew a curve.
        self._epochs = max(2 if entry.anew else 1, math.ceil(run_seconds / ready["epoch"]))

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"ended with {self._process.wait()}")
        return json.loads(line)

    def _keep(self, losses: list[float]) -> None:
        if not self.entry.anew:
            self.curve += losses
        elif len(losses) > len(self.curve):
            self.curve = losses

    def run(self) -> None:
        """One round, of as many epochs as fill its time."""
        print(self._epochs, file=self._process.stdin)
        answer = self._answer()
        self._keep(answer["losses"])
        self.seconds.append(answer["seconds"] / self._epochs / self._steps)
        self.peak_memory = answer["peak_memory"]

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


@contextlib.contextmanager
def disturbance(block: dict[str, Any], core: int) -> Iterator[None]:
    """Notes the peak, how it drifted meanwhile, and the shares of processor time that the host and others took."""
    peak, begin = machine.peak_flops(core), machine.processor_time()
    yield
    peak_after, end = machine.peak_flops(core), machine.processor_time()
    total = end.total - begin.total
    block["peak_flops"] = max(peak, peak_after) * block["cores"]
    block["peak_drift"] = abs(peak_after / peak - 1)
    block["steal"] = (end.steal - begin.steal) / total
    block["others"] = (end.others - begin.others) / total


def measure(workload: Workload, folder: pathlib.Path, cores: list[int], choices: list[tuple[Entry, str]], rounds: int,
            run_seconds: float) -> dict[str, Any]:
    """One block: every contender in a process of its own, round by round, never two at a time."""
    block: dict[str, Any] = {"workload": workload.name, "cores": len(cores), "contenders": [], "failed": []}
    workers: list[Worker] = []

    def fail(entry: Entry, fault: Exception) -> None:
        say(f"{entry.name}: {fault}; see {folder / 'log'}")
        block["failed"].append(entry.name)

    with disturbance(block, cores[0]), contextlib.ExitStack() as processes:
        for entry, variant in choices:
            try:
                worker = Worker(entry, variant, workload, folder, cores, run_seconds)
            except RuntimeError as fault:
                fail(entry, fault)
                continue
            processes.callback(worker.close)
            workers.append(worker)
            say(f"{workload.name}, {len(cores)} core(s): {entry.name} is ready")
        for number in range(rounds):
            for worker in list(workers):
                try:
                    worker.run()
                except (RuntimeError, OSError) as fault:
                    fail(worker.entry, fault)
                    workers.remove(worker)
            say(f"{workload.name}, {len(cores)} core(s): round {number + 1} of {rounds}")
    block["contenders"] = [
        {"name": worker.entry.name, "variant": worker.variant, "step_seconds": worker.seconds,
         "peak_memory": worker.peak_memory, "first_step": worker.first_step, "losses": worker.curve[:CURVE]}
        for worker in workers
    ]
    return block


def set_up(workload: Workload, folder: pathlib.Path, mnist: pathlib.Path) -> None:
    say(f"{workload.name}: writes data and initial weights")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_data(workload, mnist, folder)
    fitd.set_up(workload, folder)


def fastest(block: dict[str, Any]) -> dict[str, str]:
    """The best variant of each contender that has several."""
    best: dict[str, Any] = {}
    for contender in block["contenders"]:
        name = contender["name"]
        if name not in best or min(contender["step_seconds"]) < min(best[name]["step_seconds"]):
            best[name] = contender
    return {name: contender["variant"] for name, contender in best.items() if contender["variant"]}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="T1 and T2, 2 short rounds")
    parser.add_argument("--rounds", type=int, help="default: 7")
    parser.add_argument("--workloads", help="default: " + ",".join(WORKLOADS))
    parser.add_argument("--cores", help="default: 1,2")
    parser.add_argument("--contenders", help="words of names, e.g. jax,eager; fitd always takes part")
    parser.add_argument("--json", type=pathlib.Path, help="write all that was measured to this file")
    parser.add_argument("--sweep", action="store_true", help="measure all variants and keep the fastest in best.json")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (2 if arguments.quick or arguments.sweep else 7)
    arguments.workloads = (arguments.workloads or ("T1,T2" if arguments.quick else ",".join(WORKLOADS))).split(",")
    arguments.cores = [int(cores) for cores in (arguments.cores or "1,2").split(",")]
    processors = len(os.sched_getaffinity(0))
    if unknown := set(arguments.workloads) - set(WORKLOADS):
        parser.error(f"--workloads: unknown {', '.join(sorted(unknown))}; known: {', '.join(WORKLOADS)}")
    if arguments.rounds < 1 or not all(1 <= cores <= processors for cores in arguments.cores):
        parser.error(f"--rounds: at least 1; --cores: each 1 to {processors}")
    return arguments


def main() -> int:
    arguments = parse()
    build = pathlib.Path(os.environ["BENCH_DIR"])
    best = json.loads(BEST.read_text()) if BEST.exists() else {}
    words = arguments.contenders.lower().split(",") if arguments.contenders else [""]
    entries = [entry for entry in ROSTER if entry.name == FITD or any(word in entry.name.lower() for word in words)]
    result: dict[str, Any] = {"machine": machine.describe(machine.PACKAGES), "blocks": []}
    for name in arguments.workloads:
        workload, folder = WORKLOADS[name], build / name
        set_up(workload, folder, pathlib.Path(os.environ["MNIST_DIR"]))
        for count in arguments.cores:
            block_name = f"{name} on {count}"
            known = {**best.get(f"{name} on 1", {}), **best.get(block_name, {})}
            if arguments.sweep:
                choices = [(entry, variant) for entry in entries for variant in entry.variants]
            else:
                choices = [(entry, known.get(entry.name, next(iter(entry.variants)))) for entry in entries]
            cores = sorted(os.sched_getaffinity(0))[-count:]
            block = measure(workload, folder, cores, choices, arguments.rounds, 0.2 if arguments.quick else 0.5)
            result["blocks"].append(block)
            print(report.table(block), flush=True)
            if arguments.sweep:
                best[block_name] = {**best.get(block_name, {}), **fastest(block)}
                BEST.write_text(json.dumps(best, indent=1, sort_keys=True) + "\n")
            if arguments.json:
                arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    if not arguments.sweep:
        print(report.summary(result["blocks"]))
    return 0 if all(report.agrees(block) for block in result["blocks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
