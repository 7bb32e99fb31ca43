"""The process of one contender: python -m compare.worker MODULE:CLASS VARIANT WORKLOAD FOLDER CORES STARTED.

Then a number of epochs per line of its input, and a line of JSON for each. VARIANT is JSON; STARTED the time of day at which
the process was made.
"""

import importlib
import json
import os
import pathlib
import signal
import sys
import time

from compare.contender import Contender
from compare.workloads import WORKLOADS


def main() -> None:
    kind, variant, workload, folder, cores, started = sys.argv[1:]
    module, name = kind.split(":")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # What libraries print is none.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that it ends what it started.
    contender: Contender = getattr(importlib.import_module(module), name)()
    try:
        contender.prepare(WORKLOADS[workload], pathlib.Path(folder), int(cores), **json.loads(variant))
        first = contender.run(1)
        since_start = time.time() - float(started)
        second = contender.run(1)
        ready = {"losses": first.losses + second.losses, "epoch": second.seconds,
                 "first_step": contender.first_step(since_start, second.seconds)}
        print(json.dumps(ready), file=answers)
        for line in sys.stdin:
            run = contender.run(int(line))
            print(json.dumps({**run._asdict(), "peak_memory": contender.peak_memory()}), file=answers)
    finally:
        contender.close()


if __name__ == "__main__":
    main()
