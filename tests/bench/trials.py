"""Searches over learning rates: see trials.sh.

fitd's time is that of `fitctl search start`, from the call to the last trial's result, all trials durable. Keras and
scikit-learn run in a process of their own that has imported and loaded everything before its time counts.
"""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from daemon import Daemon
from tables import markdown, ratio

WIDTHS, BATCH = (784, 10, 10, 10), 32
IRIS = pathlib.Path(__file__).parent.parent / "data" / "iris.csv"


def learning_rates(count: int) -> list[float]:
    """From 0.0001 to 0.1, evenly in their logarithm."""
    return [float(f"{rate:.6g}") for rate in np.geomspace(1e-4, 1e-1, count)]


def mnist() -> tuple[np.ndarray, np.ndarray]:
    def read(name: str, offset: int) -> np.ndarray:
        path = pathlib.Path(os.environ["MNIST_DIR"], name)
        return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=offset)

    return (read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784) / np.float32(255),
            read("train-labels-idx1-ubyte.gz", 8))


class Fitd:
    """A daemon whose workers train up to `stack` trials together."""

    def __init__(self, folder: pathlib.Path, stack: int):
        folder.mkdir()
        self._daemon = Daemon(folder, f"unix:{folder}/socket", "--max-stacked-trials", str(stack))
        self._searches = 0
        self._has_iris = False
        layers = ["rescaling:scale=0.00392157"] + [f"dense:{width}:relu" for width in WIDTHS[1:-1]]
        self._daemon.call("model", "create", "m", "--input", str(WIDTHS[0]), "--layers",
                          ", ".join(layers + [f"dense:{WIDTHS[-1]}:softmax"]))
        data = os.environ["MNIST_DIR"]
        self._daemon.call("dataset", "upload", "mnist", "--features", f"{data}/train-images-idx3-ubyte.gz", "--labels",
                          f"{data}/train-labels-idx1-ubyte.gz")

    def overhead(self, rates: int) -> float:
        """Seconds that a trial costs besides its epochs: of a search of one epoch on iris, what one of eleven does not say."""
        if not self._has_iris:
            self._daemon.call("model", "create", "iris", "--input", "4", "--layers", "dense:10:relu, dense:3:softmax")
            self._daemon.call("dataset", "upload", "iris", str(IRIS), "--label", "species")
            self._has_iris = True

        def search(epochs: int) -> float:
            self._searches += 1
            start = time.perf_counter()
            self._daemon.call("search", "start", f"s{self._searches}", "--model", "iris", "--data", "iris", "--loss",
                              "sparse_categorical_crossentropy", "--epochs", str(epochs), "--algorithm", "grid", "--axis",
                              "learning_rate=" + ",".join(f"{rate:.6g}" for rate in learning_rates(rates)))
            return time.perf_counter() - start

        one, eleven = search(1), search(11)
        return (one - (eleven - one) / 10) / rates

    def search(self, rates: list[float]) -> tuple[float, list[float]]:
        """Seconds, and the loss of each rate's epoch."""
        self._searches += 1
        name = f"s{self._searches}"
        start = time.perf_counter()
        self._daemon.call("search", "start", name, "--model", "m", "--data", "mnist", "--loss",
                          "sparse_categorical_crossentropy", "--optimizer", "adam", "--epochs", "1", "--batch-size",
                          str(BATCH), "--seed", "7", "--algorithm", "grid", "--axis",
                          "learning_rate=" + ",".join(f"{rate:.6g}" for rate in rates))
        seconds = time.perf_counter() - start
        trials = self._daemon.call("search", "show", name)[1:]
        return seconds, [trial["score"] for trial in trials]

    def close(self) -> None:
        self._daemon.close()


class Peer:
    """One of the classes below in a process of its own, asked line by line."""

    def __init__(self, name: str):
        self._process = subprocess.Popen([sys.executable, "-B", __file__, "--peer", name], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                         env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
        self._process.stdout.readline()

    def search(self, rates: list[float]) -> tuple[float, list[float]]:
        print(json.dumps(rates), file=self._process.stdin, flush=True)
        seconds, losses = json.loads(self._process.stdout.readline())
        return seconds, losses

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def keras_search():
    """A tutorial's loop: a new model for each rate."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    x, y = mnist()

    def fit(rate: float) -> float:
        keras.utils.set_random_seed(7)
        model = keras.Sequential([keras.Input(WIDTHS[:1])]
                                 + [keras.layers.Dense(width, activation="relu") for width in WIDTHS[1:-1]]
                                 + [keras.layers.Dense(WIDTHS[-1], activation="softmax")])
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        return model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0).history["loss"][-1]

    return lambda rates: [fit(rate) for rate in rates]


def sklearn_search():
    """GridSearchCV on all cores, each rate trained once on all rows, as in the others."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier

    x, y = mnist()

    def loss(model, _x, _y) -> float:
        return -model.loss_

    def search(rates: list[float]) -> list[float]:
        model = MLPClassifier(WIDTHS[1:-1], alpha=0, batch_size=BATCH, max_iter=1, random_state=7)
        grid = GridSearchCV(model, {"learning_rate_init": rates}, scoring=loss, n_jobs=-1, refit=False,
                            cv=[(np.arange(len(y)), np.arange(BATCH))])
        return [-score for score in grid.fit(x, y).cv_results_["mean_test_score"]]

    return search


PEERS = {"Keras, a loop": keras_search, "scikit-learn, GridSearchCV on all cores": sklearn_search}


def serve(name: str) -> None:
    search = PEERS[name]()
    print("ready", flush=True)
    for line in sys.stdin:
        rates = json.loads(line)
        start = time.perf_counter()
        losses = search(rates)
        print(json.dumps([time.perf_counter() - start, losses]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="4 rates, one round: whether everything works")
    parser.add_argument("--rates", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        serve(options.peer)
        return
    rates = learning_rates(options.rates or (4 if options.quick else 64))
    rounds = options.rounds or (1 if options.quick else 3)
    with tempfile.TemporaryDirectory() as folder:
        contenders = {"fitd, in stacks": Fitd(pathlib.Path(folder, "stacks"), 16),
                      "fitd, one by one": Fitd(pathlib.Path(folder, "alone"), 1),
                      **{name: Peer(name) for name in PEERS}}
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        losses: dict[str, list[float]] = {}
        overheads: dict[str, list[float]] = {name: [] for name in contenders if name.startswith("fitd")}
        try:
            for number in range(1, rounds + 1):
                for name, contender in contenders.items():
                    took, losses[name] = contender.search(rates)
                    seconds[name].append(took)
                    print(f"round {number} of {rounds}: {name}, {took:.2f} s", file=sys.stderr, flush=True)
            for _ in range(3 * rounds):
                for name, measured in overheads.items():
                    measured.append(contenders[name].overhead(16 if options.quick else 512))
        finally:
            for contender in contenders.values():
                contender.close()
    if losses["fitd, in stacks"] != losses["fitd, one by one"]:
        raise SystemExit("trials in stacks learned something else than one by one")
    ours = seconds["fitd, in stacks"]
    best = min(range(len(rates)), key=lambda index: losses["fitd, in stacks"][index])
    rows = [["", "seconds", "ms per trial", "times fitd's [95 %]", f"loss at {rates[0]:.6g}", f"at {rates[best]:.6g}",
             f"at {rates[-1]:.6g}"]]
    for name, took in seconds.items():
        middle, low, high = ratio(took, ours)
        median = statistics.median(took)
        rows.append([name, f"{median:.2f}", f"{median / len(rates) * 1e3:.1f}", f"{middle:.2f} [{low:.2f}, {high:.2f}]"]
                    + [f"{losses[name][index]:.4f}" for index in (0, best, -1)])
    print(markdown(rows))
    print()
    for name, measured in overheads.items():
        print(f"{name}: besides its epochs a trial takes {statistics.median(measured) * 1e3:.2f} ms "
              f"({min(measured) * 1e3:.2f} to {max(measured) * 1e3:.2f}).")
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps({"rates": rates, "seconds": seconds, "losses": losses, "overheads": overheads}))


if __name__ == "__main__":
    main()
