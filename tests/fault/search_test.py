"""A search ends with the same table however often the daemon is killed, and with any number of workers."""

import time
import unittest

from daemon import FULL, DaemonTest  # First: it skips where gRPC is missing.
from fitd.v1 import model_service_pb2, search_pb2, search_service_pb2
from google.protobuf import json_format
from scenario import DIGITS, upload_messages

MODEL = json_format.ParseDict({
    "name": "digits",
    "spec": {"inputShape": [64], "layers": [
        {"dense": {"units": 32, "activation": {"relu": {}}}},
        {"dropout": {"rate": 0.1}},
        {"dense": {"units": 10, "activation": {"softmax": {}}}},
    ]},
}, model_service_pb2.CreateModelRequest())


def choices(*values):
    return {"choices": [{"value": value} for value in values]}


TRIALS = 30
GRID = json_format.ParseDict({
    "name": "tune",
    "spec": {
        "model": "digits", "dataset": "digits",
        "training": {
            "loss": {"sparseCategoricalCrossentropy": {}}, "optimizer": {"adam": {}}, "metrics": [{"accuracy": {}}],
            "epochs": "4", "batchSize": "32", "seed": "7", "validationSplit": 0.2,
        },
        "space": {"axes": [
            {"path": "learning_rate", "real": {"low": 1e-4, "high": 1, "log": True, "count": "5"}},
            {"path": "units", "choice": choices("16", "32", "64")},
            {"path": "layers", "integer": {"low": "1", "high": "2"}},
        ]},
        "algorithm": {"grid": {}},
        "objective": {"metric": "val_accuracy"},
    },
}, search_service_pb2.StartSearchRequest())

HALVING = search_service_pb2.StartSearchRequest()
HALVING.CopyFrom(GRID)
HALVING.spec.training.epochs = 9
HALVING.spec.algorithm.asynchronous_halving.trials = TRIALS


FOLDS = search_service_pb2.StartSearchRequest()
FOLDS.CopyFrom(GRID)
FOLDS.spec.training.ClearField("validation_split")
FOLDS.spec.training.epochs = 2
FOLDS.spec.cross_validation.folds = 3


class SearchTest(DaemonTest):
    def begin(self, workers, search):
        self.start(workers=workers)
        self.client.models.CreateModel(MODEL)
        self.client.datasets.UploadDataset(upload_messages("digits", DIGITS.read_bytes()))
        self.client.searches.StartSearch(search)

    def search(self):
        return self.client.searches.GetSearch(search_service_pb2.GetSearchRequest(name="tune")).search

    def wait_for(self, scores):
        """Until so many trials have a result, at their end or where they wait."""
        deadline = time.monotonic() + 200
        while True:
            search = self.search()
            trials = self.client.searches.ListTrials(search_service_pb2.ListTrialsRequest(search="tune", page_size=1000))
            ready = sum(1 for trial in trials.trials if trial.HasField("end_time") or trial.rungs)
            if ready >= scores or search.HasField("end_time"):
                return search
            self.assertLess(time.monotonic(), deadline, self.daemon.log_end())
            time.sleep(0.005)

    def outcome(self):
        """What is the same for ever: every trial's settings, score and weights, and the best."""
        search = self.wait_for(1_000_000)
        self.assertEqual(search.state, search_pb2.SEARCH_STATE_SUCCEEDED)
        trials = self.client.searches.ListTrials(search_service_pb2.ListTrialsRequest(search="tune", page_size=1000))
        rows = [(trial.number, tuple((p.path, p.value) for p in trial.parameters), trial.state, trial.epochs,
                 trial.score, trial.version, trial.weights_sha256, str(trial.metrics), trial.score_deviation,
                 [(fit.fold, fit.state, fit.epochs, fit.score, fit.version, fit.weights_sha256) for fit in trial.fits])
                for trial in trials.trials]
        self.assertEqual(len(rows), TRIALS)
        return rows, search.best_trial, search.best_score

    def check_killed_at_any_time_and_with_any_number_of_workers(self, search):
        self.begin(workers=2, search=search)
        expected = self.outcome()
        self.daemon.stop()
        for workers in (1, 2, 4) if FULL else (1, 2):
            with self.subTest(workers=workers):
                self.folder = self.folder / "next"
                self.folder.mkdir()
                self.begin(workers=workers, search=search)
                for made in range(0, TRIALS, 2 if FULL else 6):
                    self.wait_for(made)
                    self.restart(workers=workers)
                self.assertEqual(self.outcome(), expected)
                self.daemon.stop()

    def test_grid(self):
        self.check_killed_at_any_time_and_with_any_number_of_workers(GRID)

    def test_asynchronous_halving(self):
        self.check_killed_at_any_time_and_with_any_number_of_workers(HALVING)

    def test_folds(self):
        self.check_killed_at_any_time_and_with_any_number_of_workers(FOLDS)


if __name__ == "__main__":
    unittest.main()
