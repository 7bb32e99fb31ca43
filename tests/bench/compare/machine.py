"""The machine that is measured on, and what disturbs it."""

import importlib.metadata
import json
import math
import os
import pathlib
import platform
import subprocess

PACKAGES = ("tensorflow-cpu", "keras", "torch", "jax", "jaxlib", "scikit-learn", "numpy")


def describe() -> dict[str, object]:
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def processor_seconds() -> tuple[float, float]:
    """All, and those that the host gave to others (steal)."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), fields[7]


def peak_flops(processor: int) -> float:
    """Multiply-adds of one processor now, two operations each, as kernels_bench measures them; NaN where it cannot."""
    done = subprocess.run(
        ["taskset", "-c", str(processor), os.environ["KERNELS_BENCH"], "--benchmark_filter=forward/32/10/10$",
         "--benchmark_format=json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    (counters,) = json.loads(done.stdout)["benchmarks"]
    return 1e9 * counters["Gflop"] / counters.get("of_peak", math.nan)
