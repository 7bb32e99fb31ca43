"""One table of what was measured, in Markdown."""

import math
import statistics
from typing import Any, NamedTuple

import tables

FITD = "fitd"
MOST_OTHERS, MOST_STEAL = 0.03, 0.01


class Load(NamedTuple):
    """What clients saw."""

    seconds: float
    latencies: list[float]  # Microseconds, rising.
    sizes: tuple[int, int]  # Of request and response.


def percentile(rising: list[float], share: float) -> float:
    """The least value that is not below this share of them."""
    return rising[max(0, math.ceil(share * len(rising)) - 1)]


def summary(load: Load) -> dict[str, float]:
    return {"calls_per_second": len(load.latencies) / load.seconds,
            **{name: percentile(load.latencies, share) for name, share in (("p50", 0.5), ("p99", 0.99))}}


def summaries(loads: list[Load]) -> dict[str, Any]:
    """By round, but for what is too rare for that."""
    together = sorted(latency for load in loads for latency in load.latencies)
    return {"rounds": [summary(load) for load in loads], "calls": len(together), "p999": percentile(together, 0.999)}


def _of(contender: dict[str, Any], value: str) -> list[float]:
    return [summary[value] for summary in contender["rounds"]]


def calls_per_second(block: dict[str, Any], name: str) -> float:
    return statistics.median(_of(block["contenders"][name], "calls_per_second"))


def _times(values: list[float], reference: list[float]) -> str:
    return "{:.2f} [{:.2f}, {:.2f}]".format(*tables.ratio(values, reference))


def _row(title: str, name: str, block: dict[str, Any]) -> list[str]:
    contender, fitd = block["contenders"][name], block["contenders"][FITD]
    calls, p50, p99 = (_of(contender, value) for value in ("calls_per_second", "p50", "p99"))
    row = [title, name, f"{statistics.median(calls):.0f}", "", f"{statistics.median(p50):.0f}", "",
           f"{statistics.median(p99):.0f}", "", f"{contender['p999']:.0f}"]
    if name != FITD:
        if block["clients"]:
            row[3] = _times(_of(fitd, "calls_per_second"), calls)
        row[5] = f"{statistics.median(ours - its for ours, its in zip(_of(fitd, 'p50'), p50)):+.0f}"
        row[7] = _times(_of(fitd, "p99"), p99)
    return row


def _beside_fits(transport: str, fits: dict[str, Any]) -> str:
    rounds = fits["rounds"]
    kept = statistics.median(
        during / ((before + after) / 2) for before, during, after in (each["steps_per_second"] for each in rounds))
    alone, beside = ([each[when]["p99"] for each in rounds] for when in ("alone", "beside"))
    calls = statistics.median(each["beside"]["calls_per_second"] for each in rounds)
    return (f"Beside a fit of 784-512-512-10 on all processors ({transport}, {fits['clients']} clients, {calls:.0f} of "
            f"{fits['rate'] * fits['clients']:.0f} calls/s): p99 {statistics.median(beside):.0f} us, "
            f"{_times(beside, alone)} times that without a fit; the fit keeps {kept:.0%} of its speed.")


def text(result: dict[str, Any]) -> str:
    rows = [["", "", "calls/s", "fitd's of that [95 %]", "p50 us", "fitd's more", "p99 us", "fitd's times [95 %]",
             "p99.9 us"]]
    notes = []
    for transport in result["transports"]:
        for block in transport["loads"]:
            count = block["clients"]
            clients = f"{count} client{'s' if count > 1 else ''}" if count else "a call every 50 ms"
            titles = [f"{transport['transport']}, {clients}"] + [""] * (len(block["contenders"]) - 1)
            rows += [_row(title, name, block) for title, name in zip(titles, block["contenders"])]
        notes.append(_beside_fits(transport["transport"], transport["fits"]))
    sizes = result["transports"][0]
    notes.append(f"{sizes['request_bytes']} bytes to the server, {sizes['response_bytes']} back. The host took "
                 f"{result['steal']:.1%} of the time, other processes {result['others']:.1%}.")
    if result["steal"] > MOST_STEAL or result["others"] > MOST_OTHERS:
        notes.append("**Disturbed: measure again on a quiet machine.**")
    return "\n\n".join([tables.markdown(rows), *notes])
