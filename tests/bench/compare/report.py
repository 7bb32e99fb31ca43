"""Tables of what was measured, in Markdown."""

import statistics
from typing import Any

import tables
from compare.roster import FITD
from compare.workloads import WORKLOADS

# How far losses may be apart, relatively. Rounding differs, and grows: T6's first epoch differs by 2e-3 between the same
# arithmetic in single and in double precision.
FIRST_EPOCH, LATER_EPOCHS = 5e-3, 1e-2
LIMITS = {"peak_drift": 0.03, "steal": 0.01, "others": 0.03}


def _apart(losses: list[float], reference: list[float]) -> list[float]:
    return [abs(loss / other - 1) for loss, other in zip(losses, reference)]


def _same_curve(apart: list[float]) -> bool:
    return apart[0] <= FIRST_EPOCH and all(difference <= LATER_EPOCHS for difference in apart)


def _fitd(block: dict[str, Any]) -> dict[str, Any]:
    return next(contender for contender in block["contenders"] if contender["name"] == FITD)


def agrees(block: dict[str, Any]) -> bool:
    """Whether all contenders ran and learned the same."""
    reference = _fitd(block)["losses"]
    return not block["failed"] and all(
        _same_curve(_apart(contender["losses"], reference)) for contender in block["contenders"])


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _row(contender: dict[str, Any], block: dict[str, Any]) -> list[str]:
    reference = _fitd(block)
    steps = contender["step_seconds"]
    median = statistics.median(steps)
    ratio, low, high = tables.ratio(steps, reference["step_seconds"])
    of_peak = WORKLOADS[block["workload"]].step_flop / median / block["peak_flops"]
    apart = _apart(contender["losses"], reference["losses"])
    variant = f" ({contender['variant']})" if contender["variant"] else ""
    return [
        contender["name"] + variant,
        f"{median * 1e6:.1f}",
        f"{min(steps) * 1e6:.1f} to {max(steps) * 1e6:.1f}",
        f"{ratio:.2f} [{low:.2f}, {high:.2f}]",
        f"{of_peak:.1%}",
        f"{contender['peak_memory'] / 2**20:.0f}",
        _seconds(contender["first_step"]),
        f"{contender['losses'][0]:.4f}",
        f"{apart[0]:.0e}, {apart[-1]:.0e}" + ("" if _same_curve(apart) else " NOT THE SAME"),
    ]


def table(block: dict[str, Any]) -> str:
    """All about one block."""
    workload = WORKLOADS[block["workload"]]
    shape = "-".join(map(str, workload.widths))
    head = ["", "us per step", "min to max", "times fitd's [95 %]", "of peak", "MiB", "to first step", "first loss",
            "losses apart: first epoch, last"]
    rows = [head, *(_row(contender, block) for contender in block["contenders"])]
    peak = f"{block['peak_flops'] / 1e9:.1f} Gflop/s at the peak, which drifted by {block['peak_drift']:.1%}"
    notes = [f"{peak}; the host took {block['steal']:.1%} of the time, other processes {block['others']:.1%}."]
    if any(block[name] > limit for name, limit in LIMITS.items()):
        notes.append("**Disturbed: measure again on a quiet machine.**")
    notes += [f"**{name} failed.**" for name in block["failed"]]
    title = f"### {workload.name}: {shape}, batch {workload.batch}, {block['cores']} core(s)"
    return "\n\n".join([title, tables.markdown(rows), " ".join(notes)]) + "\n"


def summary(blocks: list[dict[str, Any]]) -> str:
    """A row per contender, a column per block: microseconds per step, and how many times fitd's."""
    cells: dict[str, list[str]] = {}
    for column, block in enumerate(blocks):
        reference = _fitd(block)["step_seconds"]
        for contender in block["contenders"]:
            steps = contender["step_seconds"]
            row = cells.setdefault(contender["name"], [""] * len(blocks))
            row[column] = f"{statistics.median(steps) * 1e6:.1f} ({tables.ratio(steps, reference)[0]:.1f}x)"
    head = ["us per step", *(f"{block['workload']}, {block['cores']} core(s)" for block in blocks)]
    return tables.markdown([head, *([name, *row] for name, row in cells.items())]) + "\n"
