"""fitd, through gRPC with one watcher, and its engine alone. FIT_BENCH names the latter's program."""

import json
import os
import pathlib
import statistics
import subprocess
import time
from datetime import datetime

import numpy as np

from compare.contender import Contender, Run, peak_memory, timed
from compare.workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, PIXEL_SCALE, SEED, Workload
from daemon import Daemon

ADAM = ("--optimizer", f"adam:beta_1={BETA_1}:beta_2={BETA_2}:epsilon={EPSILON}", "--learning-rate", str(LEARNING_RATE))
# Changes no weight: what it stores are the initial ones.
STAND_STILL = ("--optimizer", "sgd", "--learning-rate", "1e-30")


def _fit(workload: Workload, data: str, *options: str) -> tuple[str, ...]:
    # From logits: from probabilities each row's loss is at most -log(1e-7), as it is in Keras on JAX alone.
    loss = "sparse_categorical_crossentropy:from_logits=true" if workload.classifies else "mean_squared_error"
    return ("fit", "net", "--data", data, "--loss", loss, "--batch-size", str(workload.batch), "--no-shuffle", "--seed",
            str(SEED), *options)


def _read_weights(workload: Workload, file: pathlib.Path) -> list[np.ndarray]:
    """The weights in a file as docs/formats.md describes it: each begins at a multiple of 64, in the layers' order."""

    def aligned(position: int) -> int:
        return -(-position // 64) * 64

    content = file.read_bytes()
    position = aligned(16 + int.from_bytes(content[8:16], "little"))
    weights = []
    for inputs, outputs in workload.layers:
        for shape in ((inputs, outputs), (outputs,)):
            values = np.frombuffer(content, "<f4", int(np.prod(shape)), position)
            weights.append(values.reshape(shape))
            position = aligned(position + values.nbytes)
    return weights


def set_up(workload: Workload, folder: pathlib.Path) -> None:
    """Stores data and network in a daemon, and writes weights.npz, model.json and training.json for the others."""
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    np.save(folder / "first_x.npy", x[:workload.batch])
    np.save(folder / "first_y.npy", y[:workload.batch])
    *hidden, output = workload.widths[1:]
    layers = [f"rescaling:scale={PIXEL_SCALE}"] if workload.classifies else []
    layers += [f"dense:{width}:relu" for width in hidden]
    layers += [f"dense:{output}"]
    daemon = Daemon(folder)
    try:
        for name, prefix in (("data", ""), ("first", "first_")):
            daemon.call("dataset", "upload", name, "--features", str(folder / f"{prefix}x.npy"), "--labels",
                        str(folder / f"{prefix}y.npy"))
        (model,) = daemon.call("model", "create", "net", "--input", str(workload.widths[0]), "--layers",
                               ", ".join(layers))
        daemon.call(*_fit(workload, "first", *STAND_STILL))
        (checked,) = daemon.call(*_fit(workload, "data", *ADAM, "--validate-only"))
    finally:
        daemon.close()
    (weights,) = (daemon.data / "weights").iterdir()
    np.savez(folder / "weights.npz", *_read_weights(workload, weights))
    (folder / "model.json").write_text(json.dumps(model["spec"]))
    (folder / "training.json").write_text(json.dumps(checked["spec"]["training"]))


def _seconds(event_time: str) -> float:
    return datetime.fromisoformat(event_time).timestamp()


class FitdService(Contender):
    """Each run is a fit of its own: from the moment at which the job runs until its watcher has the last epoch."""

    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int) -> None:
        self._workload = workload
        self._threads = ("--threads", str(cores))
        self._daemon = Daemon(folder)

    def run(self, epochs: int) -> Run:
        running, losses, end = 0.0, [], 0.0
        with self._daemon.start(*_fit(self._workload, "data", *ADAM, *self._threads, "--epochs", str(epochs))) as watcher:
            for line in watcher.stdout:
                event = json.loads(line)
                if event.get("stateChange", {}).get("state") == "JOB_STATE_RUNNING":
                    running = _seconds(event["time"])
                elif "epochCompleted" in event:
                    losses.append(event["epochCompleted"]["metrics"][0]["value"])
                    end = time.time()
        if watcher.returncode:
            raise RuntimeError(f"fitctl fit ended with {watcher.returncode}")
        return Run(end - running, losses)

    def first_step(self, since_start: float, epoch: float) -> float:
        """From the acceptance of a fit of one step to its event, by the daemon's clock; the median of some."""

        def once() -> float:
            *events, job = self._daemon.call(*_fit(self._workload, "first", *ADAM, *self._threads))
            (done,) = (event["time"] for event in events if "epochCompleted" in event)
            return _seconds(done) - _seconds(job["createTime"])

        return statistics.median(once() for _ in range(9))

    def peak_memory(self) -> int:
        return peak_memory(self._daemon.pid)

    def close(self) -> None:
        self._daemon.close()


class FitdEngine(Contender):
    """Each run begins anew."""

    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int) -> None:
        tables = (folder / "daemon" / "datasets").iterdir()
        largest = max(tables, key=lambda table: table.stat().st_size)  # The other one is for first steps.
        self._process = subprocess.Popen([os.environ["FIT_BENCH"], largest, folder / "model.json",
                                          folder / "training.json", str(cores)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, epochs: int) -> Run:
        def train(epochs: int) -> list[float]:
            print(epochs, file=self._process.stdin)
            return json.loads(self._process.stdout.readline())

        return timed(train, epochs)

    def first_step(self, since_start: float, epoch: float) -> None:
        """Unknown: most of it is that of this process."""

    def peak_memory(self) -> int:
        return peak_memory(self._process.pid)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
