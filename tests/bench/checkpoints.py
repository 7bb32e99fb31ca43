"""What checkpoints cost a fit: see checkpoints.sh.

A pair is two fits of as many epochs, one with the checkpoints that the daemon writes by default and one without, in turn
first.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from compare import fitd
from compare.data import write_data
from compare.workloads import WORKLOADS
from tables import markdown, ratio

INTERVAL = 30  # Seconds; a checkpoint is also made after an epoch, once a second has passed.


class Engine:
    def __init__(self, folder: pathlib.Path, threads: int):
        table = max((folder / "daemon" / "datasets").iterdir(), key=lambda file: file.stat().st_size)
        self._process = subprocess.Popen(
            [os.environ["FIT_BENCH"], table, folder / "model.json", folder / "training.json", str(threads),
             folder / f"checkpoints-{threads}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def fit(self, line: str) -> tuple[float, str]:
        """Seconds, and the losses."""
        start = time.perf_counter()
        print(line, file=self._process.stdin)
        losses = self._process.stdout.readline()
        if not losses:
            raise SystemExit(f"fit_bench ended with {self._process.wait()}")
        return time.perf_counter() - start, losses

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def measure(engine: Engine, rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    """Of the fits with checkpoints and without."""
    engine.fit("1")
    epochs = max(2, round(seconds / engine.fit("1")[0]))
    lines = {True: f"{epochs}:{INTERVAL}", False: str(epochs)}
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds):
        losses = {}
        for with_checkpoints in (True, False) if number % 2 else (False, True):
            duration, losses[with_checkpoints] = engine.fit(lines[with_checkpoints])
            took[with_checkpoints].append(duration)
        if losses[True] != losses[False]:
            raise SystemExit("a fit with checkpoints learned something else than one without")
    return took[True], took[False]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=5, help="of each fit")
    parser.add_argument("--workloads", default="T2,T3")
    options = parser.parse_args()
    rows = [["", "threads", "s without", "s with", "times [95 %]"]]
    for name in options.workloads.split(","):
        with tempfile.TemporaryDirectory() as path:
            folder = pathlib.Path(path)
            write_data(WORKLOADS[name], pathlib.Path(os.environ["MNIST_DIR"]), folder)
            fitd.set_up(WORKLOADS[name], folder)
            for threads in range(1, min(2, os.cpu_count()) + 1):
                engine = Engine(folder, threads)
                with_them, without = measure(engine, options.rounds, options.seconds)
                engine.close()
                middle, low, high = ratio(with_them, without)
                rows.append([name, str(threads), f"{statistics.median(without):.2f}", f"{statistics.median(with_them):.2f}",
                             f"{middle:.3f} [{low:.3f}, {high:.3f}]"])
    print(markdown(rows))


if __name__ == "__main__":
    main()
