"""What every contender can do."""

import abc
import pathlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from compare.workloads import Workload


class Run(NamedTuple):
    seconds: float
    losses: list[float]  # The mean of each epoch's batches.


def timed(train: Callable[[int], list[float]], epochs: int) -> Run:
    begin = time.perf_counter()
    losses = train(epochs)
    return Run(time.perf_counter() - begin, losses)


def peak_memory(pid: int | str = "self") -> int:
    """Bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


class Contender(abc.ABC):
    """Trains one workload in a process of its own, which is pinned to `cores` processors."""

    @abc.abstractmethod
    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int, **variant: Any) -> None:
        """Loads the data and makes the network with its initial weights, configured as the variant says."""

    @abc.abstractmethod
    def run(self, epochs: int) -> Run:
        """Trains on. Those that train services rather than objects may begin anew each time."""

    def first_step(self, since_start: float, epoch: float) -> float | None:
        """Seconds until the first step was done, from those until the first epoch was and those of a later epoch.

        Without a value it is not known.
        """
        return max(0.0, since_start - epoch)

    def peak_memory(self) -> int:
        return peak_memory()

    def close(self) -> None:
        """Ends what prepare started."""
