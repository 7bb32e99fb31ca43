"""Kills the daemon at many points of one scenario and compares each outcome with the undisturbed one.

The daemon dies as one of its threads enters its k-th system call of a kind, at a moment of training, or at a system
call of its recovery from such a death.
"""

import collections
import functools
import pathlib
import re
import shutil
import sys
import tempfile

from daemon import FULL, Daemon, grpc  # First: it skips where gRPC is missing.
from scenario import Scenario

# How many points of each kind: spread over as many calls as one thread makes.
CALLS = {
    "fdatasync": 40, "fsync": 12, "pwrite64": 50, "write": 8, "rename": 8, "unlink": 4, "ftruncate": 2, "mkdir": 4,
    "openat": 20, "close": 10, "fcntl": 20, "futex": 20, "mmap": 8, "sendmsg": 12,
}
MOMENTS = 80
CALLS_OF_RECOVERY = {"fdatasync": 8, "pwrite64": 8, "openat": 8, "unlink": 2, "fcntl": 6, "rename": 2, "fsync": 2}


def run(**disturbance):
    """A scenario that has run, and its outcome."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(folder, **disturbance)
        return scenario, scenario.run()


def count_calls(kinds, disturbed_by):
    """How often one thread of the daemon makes each system call, and the outcome; none if it was never needed."""
    with tempfile.TemporaryDirectory() as folder:
        trace = pathlib.Path(folder, "trace")
        traced = functools.partial(Daemon, prefix=["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", trace,
                                                   "-e", "trace=" + ",".join(kinds)])
        _, outcome = run(**disturbed_by(traced))
        if not trace.exists():
            return None, outcome
        calls = collections.Counter(re.findall(r"^(\d+) +(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    most = collections.Counter()
    for (_, kind), count in calls.items():
        most[kind] = max(most[kind], count)
    return most, outcome


def spread(count, last):
    """Up to `count` numbers from 1 to `last`, even and without repetition."""
    count = min(count, last)
    return [1 + i * last // count for i in range(count)]


def calls_killed(group, wanted, most, disturbed_by):
    for kind, count in wanted.items():
        for k in spread(count, most[kind]):
            fault = f"{kind}:signal=KILL:when={k}"
            yield f"{group} {kind}", fault, disturbed_by(functools.partial(Daemon, inject=[fault]))


def main():
    if not shutil.which("strace"):
        print("SKIPPED: strace is not installed")
        sys.exit(77)
    undisturbed, expected = run()
    seconds = undisturbed.training_seconds

    def first(daemon):
        return {"first_daemon": daemon}

    def second(daemon):
        return {"second_daemon": daemon, "kill_after": kill_after}

    most, traced = count_calls(CALLS, first)
    # Training may be over sooner than it was the first time.
    kill_after, most_of_recovery = seconds, None
    while most_of_recovery is None:
        kill_after /= 2
        most_of_recovery, _ = count_calls(CALLS_OF_RECOVERY, second)
    assert traced == expected, "the outcome differs without a kill"
    points = [
        *calls_killed("at", CALLS, most, first),
        *(("in training", f"after {seconds * (i + 0.5) / MOMENTS:.3f} s", {"kill_after": seconds * (i + 0.5) / MOMENTS})
          for i in range(MOMENTS)),
        *calls_killed("in recovery at", CALLS_OF_RECOVERY, most_of_recovery, second),
    ]
    wanted = 200 if FULL else 8
    if not FULL:
        points = points[::len(points) // 12]

    tried, held, fits = collections.Counter(), collections.Counter(), 0
    for group, point, disturbance in points:
        try:
            scenario, outcome = run(**disturbance)
            differs = [key for key in expected if outcome[key] != expected[key]]
            fault = "differs: " + ", ".join(differs) if differs else ""
        except (AssertionError, grpc.RpcError) as error:
            fault = str(error)
        if fault:
            print(f"FAILED {group}, {point}: {fault}", flush=True)
        elif not scenario.deaths:
            continue  # Threads share their work anew in each run: this one made fewer calls.
        else:
            fits += scenario.fits_killed
            held[group] += 1
        tried[group] += 1
    for group, count in tried.items():
        print(f"{group:25} {held[group]:4} of {count:4} held")
    print(f"killed at {tried.total()} points, {fits} times a fit while it ran: {held.total()} of {tried.total()} held")
    sys.exit(0 if held == tried and tried.total() >= wanted else 1)


if __name__ == "__main__":
    main()
