"""What is disturbed: a user's work whose outcome is the same however often the daemon dies meanwhile.

Two fits side by side on digits, with everything that has state: dropout, shuffling, moments, a schedule or a plateau
that lowers the learning rate, early stopping, a held-out share.
"""

import pathlib
import sqlite3
import threading
import time
import uuid

from daemon import ROOT, Daemon, grpc  # First: it skips where gRPC is missing.
from fitd.v1 import dataset_pb2, dataset_service_pb2, job_pb2, job_service_pb2
from fitd.v1 import model_pb2, model_service_pb2, prediction_service_pb2, training_pb2
from google.protobuf import json_format

DIGITS = ROOT / "tests/data/digits.csv"

MODEL = json_format.ParseDict({
    "inputShape": [64],
    "layers": [
        {"dense": {"units": 96, "activation": {"relu": {}}, "kernelRegularizer": {"l2": {"l2": 1e-4}}}},
        {"dropout": {"rate": 0.2}},
        {"dense": {"units": 48, "activation": {"tanh": {}}}},
        {"dropout": {"rate": 0.1}},
        {"dense": {"units": 10, "activation": {"softmax": {}}}},
    ],
}, model_pb2.ModelSpec())


def fit_spec(model, epochs, optimizer, **training):
    return json_format.ParseDict({
        "model": model,
        "dataset": "digits",
        "training": {
            "loss": {"sparseCategoricalCrossentropy": {}},
            "optimizer": optimizer,
            "metrics": [{"accuracy": {}}],
            "epochs": str(epochs), "batchSize": "16", "seed": "7", "validationSplit": 0.2,
            **training,
        },
    }, training_pb2.FitSpec())


FITS = {
    # Stops early: the rate decays to nothing.
    "schedule": fit_spec("schedule", 60, {
        "adam": {},
        "learningRate": {"cosineDecay": {"initialLearningRate": 1e-4, "warmupTarget": 0.01, "warmupSteps": "50",
                                         "decaySteps": "1500"}}},
        earlyStopping={"monitor": "val_loss", "patience": "6"}),
    "plateau": fit_spec("plateau", 25, {"adam": {"amsgrad": True}, "learningRate": {"constant": 0.01}},
                        reduceLrOnPlateau={"monitor": "val_loss", "patience": "1", "factor": 0.5},
                        earlyStopping={"monitor": "val_accuracy", "patience": "20"}),
}

# As job.proto tells them, with what follows from a daemon that dies or stops.
MOVES = {
    "": {"QUEUED"},
    "QUEUED": {"RUNNING", "CANCELLED"},
    "RUNNING": {"QUEUED", "CANCELLING", "PAUSING", "SUCCEEDED", "FAILED"},
    "PAUSING": {"PAUSED", "SUCCEEDED", "FAILED"},
    "PAUSED": {"QUEUED", "CANCELLED"},
    "CANCELLING": {"CANCELLED", "FAILED"},
}
FINAL = {"SUCCEEDED", "CANCELLED", "FAILED"}


def state_name(state):
    return job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")


def upload_messages(name, content, request_id="", chunk=100_000):
    source = dataset_pb2.SourceSpec(file_name="digits.csv", csv=dataset_pb2.CsvSpec(label_columns=["digit"]))
    yield dataset_service_pb2.UploadDatasetRequest(
        header=dataset_service_pb2.UploadHeader(name=name, sources=[source], request_id=request_id))
    for start in range(0, len(content), chunk):
        yield dataset_service_pb2.UploadDatasetRequest(
            chunk=dataset_service_pb2.UploadChunk(data=content[start:start + chunk]))


def watch(client, job, from_event=1, timeout=60):
    """The events until the final one."""
    request = job_service_pb2.WatchJobRequest(id=job, from_event=from_event)
    for message in client.jobs.WatchJob(request, timeout=timeout):
        yield message.event


def check_events(events):
    """Numbered without gap or repetition, from one allowed state to the next, final exactly at the end."""
    assert [event.number for event in events] == list(range(1, len(events) + 1)), events
    states = [""] + [state_name(event.state_change.state) for event in events if event.HasField("state_change")]
    for before, after in zip(states, states[1:]):
        assert after in MOVES[before], f"{before} -> {after}"
    assert events[-1].HasField("state_change") and states[-1] in FINAL, events[-1]


def history(events):
    """What does not depend on time or on how often the daemon died: the epochs and the warnings."""
    told = []
    for event in events:
        if event.HasField("epoch_completed"):
            epoch = type(event.epoch_completed)()
            epoch.CopyFrom(event.epoch_completed)
            epoch.ClearField("duration")
            told.append(str(epoch))
        elif event.HasField("warning"):
            told.append(str(event.warning))
    return told


def check_store(data):
    """After a stop: a sound database, a file for every row, a row for every file, and nothing else."""
    there = {str(path.relative_to(data)) for path in pathlib.Path(data).rglob("*") if not path.is_dir()}
    database = sqlite3.connect(data / "fitd.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    named = {"fitd.db", "LOCK"}
    named |= {f"datasets/{sha}.tbl" for (sha,) in database.execute("SELECT sha256 FROM datasets")}
    named |= {f"weights/{sha}.wgt" for (sha,) in database.execute("SELECT weights_sha256 FROM versions")}
    database.close()
    assert there == named, f"no row: {there - named}; no file: {named - there}"


class Scenario:
    """Runs in `folder`. Whenever the daemon is found dead, an undisturbed one takes over."""

    def __init__(self, folder, first_daemon=Daemon, kill_after=None, second_daemon=Daemon,
                 threads=0):
        self.folder = folder
        self.daemons = [second_daemon, first_daemon]
        self.kill_after = kill_after  # Seconds of training.
        self.threads = threads
        self.training_seconds = 0
        self.deaths = []  # Exit codes.
        self.fits_killed = 0
        self.daemon = None
        self.start()

    def start(self):
        while True:
            self.daemon = (self.daemons.pop() if self.daemons else Daemon)(self.folder)
            if self.daemon.client:
                return
            self.deaths.append(self.daemon.wait())
            assert len(self.deaths) < 10, self.daemon.log_end()

    def until_answered(self, attempt):
        """What attempt(client) returns once a daemon lives long enough to answer."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return attempt(self.daemon.client)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                    raise
            # A killed daemon may be dying still.
            for _ in range(100):
                if not self.daemon.running():
                    self.deaths.append(self.daemon.wait())
                    self.start()
                    break
                time.sleep(0.001)

    def run(self):
        """The outcome, to be compared; raises AssertionError for what must never be."""
        try:
            return self.work()
        finally:
            if self.daemon.running():
                self.daemon.kill()

    def work(self):
        for name in [*FITS, "gone"]:
            request = model_service_pb2.CreateModelRequest(name=name, spec=MODEL, request_id=str(uuid.uuid4()))
            self.until_answered(lambda client: client.models.CreateModel(request))
        upload_id = str(uuid.uuid4())
        self.until_answered(lambda client: client.datasets.UploadDataset(
            upload_messages("digits", DIGITS.read_bytes(), upload_id)))
        jobs = {}
        for name, spec in FITS.items():
            request = job_service_pb2.StartFitRequest(spec=spec, request_id=str(uuid.uuid4()))
            request.spec.resources.threads = self.threads
            jobs[name] = self.until_answered(lambda client: client.jobs.StartFit(request)).job.id
        request = model_service_pb2.DeleteModelRequest(name="gone", request_id=str(uuid.uuid4()))
        self.until_answered(lambda client: client.models.DeleteModel(request))
        if self.kill_after is not None:
            threading.Timer(self.kill_after, self.daemon.process.kill).start()
        start = time.monotonic()
        watched = {job: self.follow(job) for job in jobs.values()}
        self.training_seconds = time.monotonic() - start
        for name in FITS:
            request = model_service_pb2.SetModelAliasRequest(model=name, alias="champion", version=1,
                                                             request_id=str(uuid.uuid4()))
            self.until_answered(lambda client: client.models.SetModelAlias(request))
        self.daemon.kill()  # What was answered needs no time to settle.
        self.daemons = []
        self.start()
        outcome = self.outcome(jobs, watched)
        self.daemon.stop()
        check_store(self.daemon.data)
        return outcome

    def follow(self, job):
        events = []

        def attempt(client):
            for event in watch(client, job, len(events) + 1):
                events.append(event)

        self.until_answered(attempt)
        return events

    def outcome(self, jobs, watched):
        client = self.daemon.client
        models = client.models.ListModels(model_service_pb2.ListModelsRequest()).models
        datasets = client.datasets.ListDatasets(dataset_service_pb2.ListDatasetsRequest()).datasets
        all_jobs = client.jobs.ListJobs(job_service_pb2.ListJobsRequest()).jobs
        self.fits_killed = sum(job.restarts for job in all_jobs)
        outcome = {
            "models": [model.name for model in models],
            "datasets": [(dataset.name, dataset.rows, dataset.sha256) for dataset in datasets],
            "jobs": sorted((job.id, job.spec.model, state_name(job.state), job.version) for job in all_jobs),
        }
        for name, job in jobs.items():
            replayed = list(watch(client, job))
            assert replayed == watched[job], "a watcher saw other events than are stored"
            check_events(replayed)
            outcome[name + " history"] = history(replayed)
            versions = client.models.ListModelVersions(model_service_pb2.ListModelVersionsRequest(model=name)).versions
            for version in versions:
                version.ClearField("create_time")
            outcome[name + " versions"] = [str(version) for version in versions]
            outcome[name + " weights"] = [version.weights_sha256 for version in versions]
            outcome[name + " predictions"] = predict_digits(client, f"{name}@champion").SerializeToString()
        return outcome


def predict_digits(client, model, rows=8):
    header, *lines = DIGITS.read_text().splitlines()[:rows + 1]
    batch = prediction_service_pb2.RowBatch(columns=header.split(",")[:64])
    for line in lines:
        values = [prediction_service_pb2.Value(number=float(field)) for field in line.split(",")[:64]]
        batch.rows.append(prediction_service_pb2.Row(values=values))
    return client.predictions.Predict(prediction_service_pb2.PredictRequest(model=model, rows=batch))
