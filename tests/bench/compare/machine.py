"""The machine that is measured on, and what disturbs it."""

import importlib.metadata
import json
import math
import os
import pathlib
import platform
import resource
import subprocess
from typing import NamedTuple

PACKAGES = ("tensorflow-cpu", "keras", "torch", "jax", "jaxlib", "scikit-learn", "numpy")


def describe(packages: tuple[str, ...] = ()) -> dict[str, object]:
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
    }


class ProcessorTime(NamedTuple):
    """Seconds so far, over all processors."""

    total: float
    steal: float  # Given to others by the host.
    others: float  # Used, but not by processes that this one started and that have ended.


def processor_time() -> ProcessorTime:
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _, _, interrupts, soft_interrupts, steal = (tick / os.sysconf("SC_CLK_TCK") for tick in ticks)
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = user + nice + system + interrupts + soft_interrupts
    return ProcessorTime(sum(ticks) / os.sysconf("SC_CLK_TCK"), steal, used - ours.ru_utime - ours.ru_stime)


def peak_flops(processor: int) -> float:
    """Multiply-adds of one processor now, two operations each, as kernels_bench measures them; NaN where it cannot."""
    done = subprocess.run(
        ["taskset", "-c", str(processor), os.environ["KERNELS_BENCH"], "--benchmark_filter=forward/32/10/10$",
         "--benchmark_format=json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    (counters,) = json.loads(done.stdout)["benchmarks"]
    return 1e9 * counters["Gflop"] / counters.get("of_peak", math.nan)
