"""What is trained."""

from dataclasses import dataclass

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
