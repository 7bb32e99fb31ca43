"""What is trained: networks, and data that lies in the order in which every contender visits it."""

import gzip
import pathlib
from dataclasses import dataclass

import numpy as np

SEED = 1
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7  # Keras's Adam
PIXEL_SCALE = 1 / 255


@dataclass(frozen=True)
class Workload:
    """A perceptron of ReLU layers, trained with Adam: a classifier of MNIST, or a regression on floats."""

    name: str
    widths: tuple[int, ...]
    batch: int
    steps: int  # An epoch: whole batches only.
    classifies: bool = True

    @property
    def rows(self) -> int:
        return self.batch * self.steps

    @property
    def layers(self) -> list[tuple[int, int]]:
        return list(zip(self.widths, self.widths[1:]))

    @property
    def step_flop(self) -> int:
        """Two per term of the products: forward, weight gradient, and input gradient but for the first layer."""
        terms = [inputs * outputs for inputs, outputs in self.layers]
        return 2 * self.batch * (2 * sum(terms) + sum(terms[1:]))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("T1", (784, 10, 10, 10), batch=32, steps=1875),
        Workload("T2", (784, 128, 10), batch=32, steps=1875),
        Workload("T3", (784, 512, 512, 10), batch=128, steps=234),
        Workload("T6", (32, 64, 64, 1), batch=256, steps=3906, classifies=False),
    )
}


def _mnist(folder: pathlib.Path, rows: int, order: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    def read(name: str, offset: int) -> np.ndarray:
        return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=offset)

    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    labels = read("train-labels-idx1-ubyte.gz", 8)
    chosen = order.permutation(len(labels))[:rows]
    return pixels[chosen], labels[chosen]


def _tabular(rows: int, width: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = random.standard_normal((rows, width), np.float32)
    y = np.sin(x[:, 0] * x[:, 1]) + np.abs(x[:, 2]) + x[:, 3:8].mean(axis=1) * x[:, 8]
    noise = random.standard_normal(rows, np.float32)
    return x, (y + 0.1 * noise).astype(np.float32)


def write_data(workload: Workload, mnist: pathlib.Path, folder: pathlib.Path) -> None:
    """x.npy and y.npy in `folder`."""
    random = np.random.default_rng(SEED)
    if workload.classifies:
        x, y = _mnist(mnist, workload.rows, random)
    else:
        x, y = _tabular(workload.rows, workload.widths[0], random)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)


@dataclass(frozen=True)
class Data:
    """What the peers get; fitd reads the same files, and its own weights."""

    x: np.ndarray  # [rows, inputs]; uint8 pixels or float32
    y: np.ndarray  # [rows]; uint8 classes or float32
    weights: list[np.ndarray]  # kernel [in, out] and bias [out], by layer

    @property
    def scaled_x(self) -> np.ndarray:
        """As float32, pixels from 0 to 1."""
        return self.x if self.x.dtype == np.float32 else self.x * np.float32(PIXEL_SCALE)


def read_data(folder: pathlib.Path) -> Data:
    with np.load(folder / "weights.npz") as weights:
        return Data(np.load(folder / "x.npy"), np.load(folder / "y.npy"), [weights[name] for name in weights.files])
