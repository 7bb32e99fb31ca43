"""PyTorch on tensors that are ready: eager with fused Adam, and a compiled function of the full step."""

import itertools
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

from compare.contender import Contender, Run, timed
from compare.data import read_data
from compare.workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Workload


class _TorchSteps(Contender):
    """Leaves to its kinds what a step is."""

    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int, threads: int = 0, **variant: bool) -> None:
        torch.set_num_threads(threads or cores)
        data = read_data(folder)
        y = data.y.astype("int64") if workload.classifies else data.y[:, None]
        self._batches = list(zip(torch.from_numpy(data.scaled_x).split(workload.batch),
                                 torch.from_numpy(y).split(workload.batch)))
        self._loss = functional.cross_entropy if workload.classifies else functional.mse_loss
        self._make_step([torch.from_numpy(w) for w in data.weights], **variant)

    def run(self, epochs: int) -> Run:
        def train(epochs: int) -> list[float]:
            losses = []
            for _ in range(epochs):
                total = torch.zeros(())
                for x, y in self._batches:
                    total += self._step(x, y)
                losses.append(total.item() / len(self._batches))
            return losses

        return timed(train, epochs)


class TorchEager(_TorchSteps):
    def _make_step(self, weights: list[torch.Tensor], **adam: bool) -> None:
        layers: list[nn.Module] = []
        for kernel, bias in zip(weights[0::2], weights[1::2]):
            dense = nn.Linear(*kernel.shape)
            with torch.no_grad():
                dense.weight.copy_(kernel.T)
                dense.bias.copy_(bias)
            layers += [dense, nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, (BETA_1, BETA_2), EPSILON, **adam)

        (group,) = optimizer.param_groups
        steps = itertools.count(1)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            # Keras adds epsilon before the bias is corrected, PyTorch after.
            group["eps"] = EPSILON / math.sqrt(1 - BETA_2 ** next(steps))
            optimizer.zero_grad(set_to_none=True)
            loss = self._loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        self._step = step


class TorchCompiled(_TorchSteps):
    """Gradient and Adam in one graph."""

    def _make_step(self, weights: list[torch.Tensor], **options: bool) -> None:
        # As [out, in], like nn.Linear's.
        weights = [w.T.contiguous() if w.ndim == 2 else w.clone() for w in weights]
        means, squares = ([torch.zeros_like(w) for w in weights] for _ in range(2))
        rate = torch.zeros(())  # Not computed in the graph, or it would be for every weight.

        def loss_of(weights: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            *hidden, (kernel, bias) = zip(weights[0::2], weights[1::2])
            for inner_kernel, inner_bias in hidden:
                x = functional.linear(x, inner_kernel, inner_bias).relu()
            return self._loss(functional.linear(x, kernel, bias), y)

        def update(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            gradients, loss = torch.func.grad_and_value(loss_of)(weights, x, y)
            for w, m, v, g in zip(weights, means, squares, gradients):
                m.lerp_(g, 1 - BETA_1)
                v.lerp_(g * g, 1 - BETA_2)
                w.sub_(rate * m / (v.sqrt() + EPSILON))
            return loss

        compiled = torch.compile(update, fullgraph=True, dynamic=False, options=options)
        steps = itertools.count(1)

        def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            time = next(steps)
            rate.fill_(LEARNING_RATE * math.sqrt(1 - BETA_2**time) / (1 - BETA_1**time))
            return compiled(x, y)

        self._step = step
