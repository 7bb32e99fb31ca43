"""Measures fitd's Predict beside echo servers: tests/bench/predict.sh says how."""

import argparse
import contextlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from compare import machine
from daemon import Daemon
from predict import report
from predict.report import FITD, Load

LOSS = ("--loss", "sparse_categorical_crossentropy", "--optimizer", "adam")
ROWS = 1280
# By the server API of gRPC that they use.
ECHOES = {"echo, callback": "callback", "echo, queues": "queue", "echo, queues beside callback": "mixed"}
TRANSPORTS = ("tcp", "unix")
IDLE_RATE, IDLE_CALLS = 20, 1000  # A call every 50 ms, over all rounds.
FIT_CLIENTS, FIT_SHARE = 4, 0.3  # While a fit runs: clients, and their share of the calls that fitd can answer.


class Plan(NamedTuple):
    rounds: int
    seconds: float  # Of one load.
    clients: tuple[int, ...]
    idle_calls: int  # By round.
    transports: tuple[str, ...]


class Echo:
    def __init__(self, api: str, listen: str):
        self._process = subprocess.Popen([os.environ["PREDICT_ECHO"], api, listen], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"predict_echo ended with {self._process.wait()}")
        self.address = listen if listen.startswith("unix:") else f"127.0.0.1:{port}"

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def load(address: str, clients: int, seconds: float, rate: float = 0, calls: int = 1_000_000) -> Load:
    done = subprocess.run([os.environ["PREDICT_LOAD"], address, "small", *map(str, (clients, calls, seconds, rate))],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"predict_load {address} ended with {done.returncode}")
    result = json.loads(done.stdout)
    latencies = sorted(nanoseconds / 1e3 for nanoseconds in result["latencies_ns"])
    return Load(result["seconds"], latencies, (result["request_bytes"], result["response_bytes"]))


def set_up(daemon: Daemon, folder: pathlib.Path) -> None:
    """Random rows, a version of 784-128-10 to ask, and a larger network to train meanwhile."""
    features, labels = folder / "x.idx", folder / "y.idx"
    features.write_bytes(struct.pack(">BBBBII", 0, 0, 8, 2, ROWS, 784) + os.urandom(784 * ROWS))
    labels.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, ROWS) + bytes(i % 10 for i in range(ROWS)))
    daemon.call("dataset", "upload", "rows", "--features", str(features), "--labels", str(labels))
    for name, hidden in (("small", "dense:128:relu"), ("large", "dense:512:relu, dense:512:relu")):
        daemon.call("model", "create", name, "--input", "784", "--layers",
                    f"rescaling:scale=0.00392157, {hidden}, dense:10:softmax")
    daemon.call("fit", "small", "--data", "rows", *LOSS)


@contextlib.contextmanager
def fit(daemon: Daemon) -> Iterator[str]:
    """A fit on all processors, from its first epoch."""
    threads = len(os.sched_getaffinity(0))
    (job,) = daemon.call("fit", "large", "--data", "rows", *LOSS, "--batch-size", "128", "--epochs", "1000000",
                         "--threads", str(threads), "--detach")
    while steps(daemon, job["id"]) == 0:
        time.sleep(0.05)
    try:
        yield job["id"]
    finally:
        daemon.call("job", "cancel", job["id"])


def steps(daemon: Daemon, job: str) -> int:
    (shown,) = daemon.call("job", "show", job)
    progress = {name: int(shown.get("progress", {}).get(name, 0)) for name in ("epoch", "step", "stepsPerEpoch")}
    return max(0, progress["epoch"] - 1) * progress["stepsPerEpoch"] + progress["step"]


def beside_fits(daemon: Daemon, plan: Plan, most_calls: float) -> dict[str, Any]:
    """What a load and a fit cost each other, by round: the same load alone and beside a fit, the fit before, meanwhile
    and after."""
    rate = FIT_SHARE * most_calls / FIT_CLIENTS
    rounds = []
    for _ in range(plan.rounds):
        alone = load(daemon.address, FIT_CLIENTS, plan.seconds, rate)
        with fit(daemon) as job:
            marks = [(time.monotonic(), steps(daemon, job))]
            beside = None
            for loaded in (False, True, False):
                if loaded:
                    beside = load(daemon.address, FIT_CLIENTS, plan.seconds, rate)
                else:
                    time.sleep(plan.seconds)
                marks.append((time.monotonic(), steps(daemon, job)))
        before, during, after = (
            (done - done_before) / (end - begin) for (begin, done_before), (end, done) in zip(marks, marks[1:]))
        rounds.append({"alone": report.summary(alone), "beside": report.summary(beside),
                       "steps_per_second": [before, during, after]})
    return {"clients": FIT_CLIENTS, "rate": rate, "rounds": rounds}


def measure(transport: str, plan: Plan, folder: pathlib.Path) -> dict[str, Any]:
    """All loads on all servers, one after another, round by round."""

    def listen(name: str) -> str:
        return f"unix:{folder}/{name}" if transport == "unix" else "127.0.0.1:0"

    with contextlib.ExitStack() as servers:
        daemon = Daemon(folder, listen("fitd"))
        servers.callback(daemon.close)
        set_up(daemon, folder)
        addresses = {FITD: daemon.address}
        for name, api in ECHOES.items():
            echo = Echo(api, listen(api))
            servers.callback(echo.close)
            addresses[name] = echo.address
        sizes = {load(address, 1, 1, calls=1).sizes for address in addresses.values()}
        if len(sizes) > 1:
            raise RuntimeError(f"messages differ in size: {sizes}")
        (request_bytes, response_bytes), = sizes

        loads: dict[int, dict[str, list[Load]]] = {
            clients: {name: [] for name in addresses} for clients in (*plan.clients, 0)}  # 0: now and then.
        for number in range(plan.rounds):
            for clients, by_name in loads.items():
                for name in sorted(addresses, reverse=number % 2 == 1):
                    if clients:
                        by_name[name].append(load(addresses[name], clients, plan.seconds))
                    else:
                        by_name[name].append(load(addresses[name], 1, 600, IDLE_RATE, plan.idle_calls))
            say(f"{transport}: round {number + 1} of {plan.rounds}")
        blocks = [
            {"clients": clients, "contenders": {name: report.summaries(rounds) for name, rounds in by_name.items()}}
            for clients, by_name in loads.items()
        ]
        most_calls = max(report.calls_per_second(block, FITD) for block in blocks)
        beside = beside_fits(daemon, plan, most_calls)
        say(f"{transport}: beside fits")
    return {"transport": transport, "request_bytes": request_bytes, "response_bytes": response_bytes, "loads": blocks,
            "fits": beside}


def parse() -> tuple[Plan, pathlib.Path | None]:
    parser = argparse.ArgumentParser(prog="predict.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds of short loads, 1, 4 and 16 clients")
    parser.add_argument("--rounds", type=int, help="default: 7")
    parser.add_argument("--seconds", type=float, help="of one load; default: 2")
    parser.add_argument("--clients", help="default: 1,2,4,16,64")
    parser.add_argument("--transports", default=",".join(TRANSPORTS), help="default: tcp,unix")
    parser.add_argument("--json", type=pathlib.Path, help="write what was measured to this file")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    clients = tuple(map(int, (arguments.clients or ("1,4,16" if arguments.quick else "1,2,4,16,64")).split(",")))
    transports = tuple(arguments.transports.split(","))
    if rounds < 1 or not set(transports) <= set(TRANSPORTS) or not all(1 <= count <= 64 for count in clients):
        parser.error("--rounds: at least 1; --clients: each 1 to 64; --transports: tcp, unix")
    idle_calls = 30 if arguments.quick else -(-IDLE_CALLS // rounds)
    return Plan(rounds, arguments.seconds or (0.5 if arguments.quick else 2), clients, idle_calls, transports), arguments.json


def main() -> None:
    plan, file = parse()
    result: dict[str, Any] = {"machine": machine.describe(), "seconds": plan.seconds, "transports": []}
    begin = machine.processor_time()
    for transport in plan.transports:
        with tempfile.TemporaryDirectory() as folder:
            result["transports"].append(measure(transport, plan, pathlib.Path(folder)))
    end = machine.processor_time()
    for name in ("steal", "others"):
        result[name] = (getattr(end, name) - getattr(begin, name)) / (end.total - begin.total)
    print(report.text(result))
    if file:
        file.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
