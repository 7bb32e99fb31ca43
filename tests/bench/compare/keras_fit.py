"""Keras 3 as it is used: compile and fit, on TensorFlow or JAX. The backend goes by KERAS_BACKEND."""

import pathlib

import keras
import numpy as np

from compare.contender import Contender, Run, timed
from compare.data import read_data
from compare.workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Workload


class KerasFit(Contender):
    """Without a variant what tutorials do: arrays, softmax and nothing chosen."""

    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int, jit: bool | str = "auto",
                steps_per_execution: int | str = 1, batches: bool = False, logits: bool = False) -> None:
        data = read_data(folder)
        self._batch = workload.batch
        if steps_per_execution == "epoch":
            steps_per_execution = workload.steps
        if workload.classifies:
            output = None if logits else "softmax"
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        else:
            output, loss = None, "mean_squared_error"
        self._model = keras.Sequential(
            [keras.Input(workload.widths[:1])]
            + [keras.layers.Dense(width, activation="relu") for width in workload.widths[1:-1]]
            + [keras.layers.Dense(workload.widths[-1], activation=output)])
        self._model.set_weights(data.weights)
        self._model.compile(keras.optimizers.Adam(LEARNING_RATE, BETA_1, BETA_2, EPSILON), loss, jit_compile=jit,
                            steps_per_execution=steps_per_execution)
        self._data = self._dataset(workload, data.scaled_x, data.y) if batches else (data.scaled_x, data.y)

    @staticmethod
    def _dataset(workload: Workload, x: np.ndarray, y: np.ndarray):
        """Its batches ready-made, as a tf.data pipeline."""
        import tensorflow

        shape = (workload.steps, workload.batch)
        options = tensorflow.data.Options()
        # There is nothing to tune, and at the end of each fit the tuner sleeps for as long as it has run.
        options.autotune.enabled = False
        batches = tensorflow.data.Dataset.from_tensor_slices((x.reshape(*shape, -1), y.reshape(shape)))
        return batches.prefetch(2).with_options(options)

    def run(self, epochs: int) -> Run:
        def train(epochs: int) -> list[float]:
            if isinstance(self._data, tuple):
                x, y = self._data
                history = self._model.fit(x, y, batch_size=self._batch, epochs=epochs, shuffle=False, verbose=0)
            else:
                history = self._model.fit(self._data, epochs=epochs, verbose=0)
            return [float(loss) for loss in history.history["loss"]]

        return timed(train, epochs)
