"""JAX: one compiled scan over all steps of an epoch, its state donated."""

import functools
import math
import pathlib

import jax
import jax.numpy as jnp

from compare.contender import Contender, Run, timed
from compare.data import read_data
from compare.workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, PIXEL_SCALE, Workload


def _predict(weights: list[jax.Array], x: jax.Array) -> jax.Array:
    *hidden, (kernel, bias) = zip(weights[0::2], weights[1::2])
    for inner_kernel, inner_bias in hidden:
        x = jax.nn.relu(x @ inner_kernel + inner_bias)
    return x @ kernel + bias


def _cross_entropy(weights: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    likelihoods = jax.nn.log_softmax(_predict(weights, x))
    return -jnp.mean(jnp.take_along_axis(likelihoods, y[:, None].astype(jnp.int32), axis=1))


def _squared_error(weights: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.mean(jnp.square(_predict(weights, x)[:, 0] - y))


class JaxScan(Contender):
    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int, pixels: bool, unroll: int) -> None:
        data = read_data(folder)
        loss = _cross_entropy if workload.classifies else _squared_error

        def step(state, batch):
            weights, means, squares = state
            x, y, rate = batch
            if x.dtype == jnp.uint8:
                x = x.astype(jnp.float32) * PIXEL_SCALE
            value, gradients = jax.value_and_grad(loss)(weights, x, y)
            means = [m + (g - m) * (1 - BETA_1) for m, g in zip(means, gradients)]
            squares = [v + (g * g - v) * (1 - BETA_2) for v, g in zip(squares, gradients)]
            weights = [w - rate * m / (jnp.sqrt(v) + EPSILON) for w, m, v in zip(weights, means, squares)]
            return (weights, means, squares), value

        @functools.partial(jax.jit, donate_argnums=0)
        def epoch(state, x, y, done):
            time = done + jnp.arange(1, workload.steps + 1)
            # 1 - beta^t, without its cancellation in single precision.
            correction_1, correction_2 = (-jnp.expm1(time * math.log(beta)) for beta in (BETA_1, BETA_2))
            rates = LEARNING_RATE * jnp.sqrt(correction_2) / correction_1
            state, losses = jax.lax.scan(step, state, (x, y, rates), unroll=unroll)
            return state, jnp.mean(losses)

        self._epoch = epoch
        batches = (workload.steps, workload.batch)
        self._x = jnp.asarray((data.x if pixels else data.scaled_x).reshape(*batches, -1))
        self._y = jnp.asarray(data.y.reshape(batches))
        self._state = ([jnp.asarray(w) for w in data.weights], [jnp.zeros_like(w) for w in data.weights],
                       [jnp.zeros_like(w) for w in data.weights])
        self._done, self._steps = 0, workload.steps

    def run(self, epochs: int) -> Run:
        def train(epochs: int) -> list[float]:
            losses = []
            for _ in range(epochs):
                self._state, loss = self._epoch(self._state, self._x, self._y, self._done)
                self._done += self._steps
                losses.append(loss)
            return [float(loss) for loss in losses]

        return timed(train, epochs)
