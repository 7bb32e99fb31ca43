#!/usr/bin/env python3
"""How near the estimated memory of fits comes to what they take. Arguments: fitd, fitctl.

For each fit of the grid a fresh daemon, so that nothing is left of the fit before: its resident memory when idle, the fit,
and the peak that the kernel remembers. Prints a table; the exit code is 1 when an estimate is more than 15 % off.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

FITD, FITCTL = sys.argv[1:3]
SETTINGS = ("--checkpoint-interval-seconds", "0.05")  # Each fit copies its state for a checkpoint.
TOLERANCE = 0.15
UNREACHABLE = 6  # fitctl could not connect in time: the machine is busy.

MODELS = {
    "tiny": (784, "dense:10:relu, dense:10:relu, dense:10:softmax"),
    "small": (784, "dense:128:relu, dense:10:softmax"),
    "large": (784, "dense:2048:relu, dense:2048:gelu, dropout:0.2, dense:10:softmax"),
    "deep": (784, ", ".join(["dense:256:relu"] * 60 + ["dense:10:softmax"])),
}
# Name: (bytes per value, rows).
DATA = {"bytes": (1, 60_000), "floats": (4, 20_000), "few": (1, 4_000)}
AMSGRAD = "adam:amsgrad=true"
STOPPING = ("--validation-split", "0.2", "--early-stopping", "val_loss:5")
WARM = ("--initial-version", "1")
# Model, data, optimizer, batch size, other options.
GRID = [
    ("tiny", "few", "sgd", 32, ()),
    ("tiny", "bytes", "adam", 32, ()),
    ("tiny", "bytes", "adam", 32, STOPPING),
    ("tiny", "floats", "adam", 8192, ()),
    ("small", "few", "adam", 32, ()),
    ("small", "bytes", "sgd", 32, ()),
    ("small", "bytes", "adam", 256, STOPPING),
    ("small", "floats", AMSGRAD, 8192, ()),
    ("small", "floats", "adam", 128, ("--validation-split", "0.5", "--threads", "2")),
    ("large", "few", "sgd", 32, ()),
    ("large", "few", "adam", 1024, ()),
    ("large", "few", AMSGRAD, 32, STOPPING),
    ("large", "few", "adam", 8192, STOPPING),
    ("large", "floats", "sgd", 1024, ("--threads", "1")),
    ("large", "few", "adam", 512, WARM),
    ("large", "few", "adam", 512, (*STOPPING, *WARM)),
    ("deep", "few", "sgd", 32, ()),
    ("deep", "bytes", "adam", 1024, ()),
    ("deep", "few", AMSGRAD, 4096, STOPPING),
]


class Daemon:
    def __init__(self, folder):
        self.folder = folder
        port_file = folder / "port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [FITD, "--data-dir", folder / "data", "--listen", "127.0.0.1:0", "--port-file", port_file,
             "--log-level", "error", *SETTINGS])
        while not port_file.exists():
            if self.process.poll() is not None:
                sys.exit("the daemon ended before it served")
            time.sleep(0.01)
        self.address = "127.0.0.1:" + port_file.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def bytes_of(self, key):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        sys.exit(f"the kernel does not tell {key}")

    def run(self, *arguments):
        for _ in range(10):
            done = subprocess.run([FITCTL, *arguments, "--output", "json"], capture_output=True, text=True,
                                  env={**os.environ, "FITD_ADDRESS": self.address})
            if done.returncode != UNREACHABLE:
                break
        if done.returncode != 0:
            sys.exit(f"fitctl {' '.join(arguments)}: {done.stderr}")
        return done.stdout


def prepare(folder):
    with Daemon(folder) as daemon:
        for name, (size, rows) in DATA.items():
            # IDX. The values do not matter, only that every page has some.
            features, labels = folder / "x.idx", folder / "y.idx"
            kind, value = (8, b"\x7f") if size == 1 else (13, struct.pack(">f", 0.3))
            features.write_bytes(struct.pack(">BBBBII", 0, 0, kind, 2, rows, 784) + value * 784 * rows)
            labels.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, rows) + bytes(i % 10 for i in range(rows)))
            daemon.run("dataset", "upload", name, "--features", str(features), "--labels", str(labels))
            features.unlink()
        for name, (inputs, layers) in MODELS.items():
            daemon.run("model", "create", name, "--input", str(inputs), "--layers", layers)
        daemon.run("fit", "large", "--data", "few", "--loss", "sparse_categorical_crossentropy",
                   "--optimizer", "sgd")


def measure(folder, model, data, optimizer, batch, options):
    """Estimated and measured bytes of a fit."""
    with Daemon(folder) as daemon:
        time.sleep(0.2)
        idle = daemon.bytes_of("VmRSS")
        job = json.loads(daemon.run(
            "fit", model, "--data", data, "--loss", "sparse_categorical_crossentropy", "--learning-rate", "0.0001",
            "--optimizer", optimizer, "--batch-size", str(batch), "--epochs", "2", *options))
        job = job.get("job", job)
        return int(job["memoryBytes"]), daemon.bytes_of("VmHWM") - idle


def main():
    off = 0
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        prepare(folder)
        print(f"{'model':6} {'data':7} {'optimizer':18} {'batch':>5}  {'estimate':>9} {'measured':>9}  ratio  options")
        for model, data, optimizer, batch, options in GRID:
            estimate, measured = measure(folder, model, data, optimizer, batch, options)
            ratio = estimate / measured
            off += abs(ratio - 1) > TOLERANCE
            print(f"{model:6} {data:7} {optimizer:18} {batch:5}  {estimate / 2**20:6.1f} MB {measured / 2**20:6.1f} MB  "
                  f"{ratio:5.2f}  {' '.join(options)}", flush=True)
    print(f"{len(GRID) - off} of {len(GRID)} within {TOLERANCE:.0%}")
    sys.exit(off > 0)


if __name__ == "__main__":
    main()
