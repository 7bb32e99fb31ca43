#!/usr/bin/env python3
"""How many epochs searches need: asynchronous halving and TPE beside random search, through fitctl.

    tests/bench/search.py [--seeds N] [--trials N] [--epochs N] [--data FOLDER]

Each seed runs every algorithm on the same space over MNIST, 784-units-10, and the table shows the best validation
accuracy, its mean and standard error over the seeds, and the epochs trained. Epochs and scores are the same on any
machine, busy or not. FITD and FITCTL name the programs, by default those of build/release; MNIST comes from
deploy/fetch-mnist.sh. About ten minutes on two cores.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
FITD = os.environ.get("FITD", str(BUILD / "server/fitd"))
FITCTL = os.environ.get("FITCTL", str(BUILD / "client/cli/fitctl"))

SPACE = ["--axis", "learning_rate=log:1e-4..1e-1", "--axis", "units=intlog:8..128", "--axis", "activation=relu,tanh",
         "--axis", "batch_size=intlog:32..512"]


class Daemon:
    def __init__(self, folder):
        self.address = f"unix:{folder}/socket"
        self.process = subprocess.Popen([FITD, "--data-dir", f"{folder}/data", "--listen", self.address],
                                        stderr=subprocess.DEVNULL)
        while not pathlib.Path(folder, "socket").exists():
            if self.process.poll() is not None:
                raise SystemExit("fitd did not start")
            time.sleep(0.01)

    def fitctl(self, *words):
        return subprocess.run([FITCTL, "--address", self.address, *words], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def stop(self):
        self.process.terminate()
        self.process.wait()


def search(daemon, name, algorithm, epochs):
    """The best score, and all epochs trained."""
    daemon.fitctl("search", "start", name, "--model", "mnist", "--data", "mnist", "--validation-split", "0.1", "--loss",
                  "sparse_categorical_crossentropy", "--optimizer", "adam", "--metrics", "accuracy", "--epochs",
                  str(epochs), "--seed", "7", "--objective", "val_accuracy", "--algorithm", algorithm, *SPACE)
    lines = daemon.fitctl("search", "export", name).splitlines()
    columns = lines[0].split(",")
    trials = [dict(zip(columns, line.split(","))) for line in lines[1:]]
    best = json.loads(daemon.fitctl("search", "best", name, "--output", "json"))
    return best["score"], sum(int(trial["epochs"]) for trial in trials)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--data", help="folder of MNIST")
    options = parser.parse_args()
    data = options.data or subprocess.run([ROOT / "deploy/fetch-mnist.sh"], check=True, text=True,
                                          stdout=subprocess.PIPE).stdout.strip()
    algorithms = {
        "random": f"random:{options.trials}",
        "tpe": f"tpe:{options.trials}",
        "asynchronous_halving": f"asynchronous_halving:{options.trials}",
    }
    results = {name: [] for name in algorithms}
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder)
        try:
            daemon.fitctl("model", "create", "mnist", "--input", "28x28", "--layers",
                          "rescaling:scale=0.00392157, flatten, dense:32:relu, dense:10:softmax")
            daemon.fitctl("dataset", "upload", "mnist", "--features", f"{data}/train-images-idx3-ubyte.gz", "--labels",
                          f"{data}/train-labels-idx1-ubyte.gz")
            for seed in range(1, options.seeds + 1):
                for number, (name, algorithm) in enumerate(algorithms.items()):
                    score, epochs = search(daemon, f"s{seed}-{number}", f"{algorithm}:seed={seed}", options.epochs)
                    results[name].append((score, epochs))
                    print(f"seed {seed}  {name:21}  best val_accuracy {score:.4f}  epochs {epochs}", flush=True)
        finally:
            daemon.stop()
    print(f"\n{'algorithm':21}  {'mean of the best':>16}  {'standard error':>14}  {'epochs':>7}  {'of random':>9}")
    all_random = sum(epochs for _, epochs in results["random"])
    for name, runs in results.items():
        scores = [score for score, _ in runs]
        error = statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else float("nan")
        epochs = sum(count for _, count in runs)
        print(f"{name:21}  {statistics.mean(scores):16.4f}  {error:14.4f}  {epochs // len(runs):7}  "
              f"{epochs / all_random:9.2f}")


if __name__ == "__main__":
    main()
