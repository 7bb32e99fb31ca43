"""The rows of a workload, in the order in which every contender visits them."""

import gzip
import pathlib
from dataclasses import dataclass

import numpy as np

from compare.workloads import PIXEL_SCALE, SEED, Workload


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
