#!/usr/bin/env python3
"""What watchers cost. Arguments: fitd, fitctl, watch_load, CONNECTIONS, STREAMS per connection, SECONDS.

A daemon trains one job on one thread; its speed is read from its epochs, first alone, then with CONNECTIONS x STREAMS
watchers for SECONDS, then alone again. Prints the memory per watcher, the time of a step, and what watch_load counted.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

FITD, FITCTL, WATCH_LOAD = sys.argv[1:4]
CONNECTIONS, STREAMS, SECONDS = map(int, sys.argv[4:7])
UNREACHABLE = 6  # fitctl could not connect in time: the machine is busy.
ROWS, BATCH = int(os.environ.get("ROWS", "8000")), 32


def main():
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        port = folder / "port"
        daemon = subprocess.Popen([FITD, "--data-dir", folder / "data", "--listen", "127.0.0.1:0", "--port-file", port,
                                   "--log-level", "error"])
        try:
            while not port.exists():
                time.sleep(0.01)
            measure(folder, daemon.pid, "127.0.0.1:" + port.read_text().strip())
        finally:
            daemon.terminate()
            daemon.wait()


def measure(folder, pid, address):
    def fitctl(*arguments):
        for _ in range(10):
            done = subprocess.run([FITCTL, *arguments, "--output", "json"], stdout=subprocess.PIPE, text=True,
                                  env={**os.environ, "FITD_ADDRESS": address})
            if done.returncode != UNREACHABLE:
                break
        done.check_returncode()
        return done.stdout

    def resident():
        status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def cpu():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def epochs():
        return int(json.loads(fitctl("job", "show", "fit-1"))["progress"]["epoch"])

    def step_time(seconds):
        """Microseconds per training step."""
        first, begin = epochs(), time.monotonic()
        time.sleep(seconds)
        last, end = epochs(), time.monotonic()
        return (end - begin) / max(1, last - first) / (ROWS / BATCH) * 1e6

    features, labels = folder / "x.idx", folder / "y.idx"
    features.write_bytes(struct.pack(">BBBBII", 0, 0, 8, 2, ROWS, 784) + os.urandom(784 * ROWS))
    labels.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, ROWS) + bytes(i % 10 for i in range(ROWS)))
    fitctl("dataset", "upload", "d", "--features", str(features), "--labels", str(labels))
    fitctl("model", "create", "m", "--input", "784", "--layers", "dense:10:relu, dense:10:relu, dense:10:softmax")
    fitctl("fit", "m", "--data", "d", "--loss", "sparse_categorical_crossentropy", "--optimizer", "adam", "--epochs",
           "1000000", "--threads", "1", "--detach")
    time.sleep(2)
    alone = step_time(5)
    before = resident()
    load = subprocess.Popen([WATCH_LOAD, address, "fit-1", str(CONNECTIONS), str(STREAMS), str(SECONDS)],
                            stdout=subprocess.PIPE, text=True)
    time.sleep(SECONDS / 2)
    first, used = resident(), cpu()
    watched = step_time(SECONDS / 4)
    used = (cpu() - used) / (SECONDS / 4)
    after = max(first, resident())
    counts = load.communicate()[0].strip()
    time.sleep(2)
    again = step_time(5)
    watchers = CONNECTIONS * STREAMS
    print(f"{watchers} watchers: {(after - before) / watchers:.1f} KiB each; step {alone:.1f} us alone, {watched:.1f} us "
          f"watched, {again:.1f} us alone again; daemon at {used:.2f} cores; {epochs()} epochs")
    print(counts)


if __name__ == "__main__":
    main()
