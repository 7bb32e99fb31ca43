"""scikit-learn's MLPClassifier and MLPRegressor."""

import pathlib

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from compare.contender import Contender, Run, timed
from compare.data import read_data
from compare.workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Workload


class SklearnMlp(Contender):
    def prepare(self, workload: Workload, folder: pathlib.Path, cores: int) -> None:
        data = read_data(folder)
        self._x, self._y = data.scaled_x, data.y
        # It minimises half the squared error, which Adam does not notice with half the epsilon.
        kind, self._loss_scale = (MLPClassifier, 1.0) if workload.classifies else (MLPRegressor, 2.0)
        self._model = kind(hidden_layer_sizes=workload.widths[1:-1], solver="adam", alpha=0, batch_size=workload.batch,
                           learning_rate_init=LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2,
                           epsilon=EPSILON / self._loss_scale, shuffle=False)
        classes = {"classes": np.arange(workload.widths[-1])} if workload.classifies else {}
        self._model.partial_fit(self._x[:workload.batch], self._y[:workload.batch], **classes)
        self._model.coefs_, self._model.intercepts_ = data.weights[0::2], data.weights[1::2]
        del self._model._optimizer  # The next call makes a new one.

    def run(self, epochs: int) -> Run:
        def train(epochs: int) -> list[float]:
            for _ in range(epochs):
                self._model.partial_fit(self._x, self._y)
            return [loss * self._loss_scale for loss in self._model.loss_curve_[-epochs:]]

        return timed(train, epochs)
