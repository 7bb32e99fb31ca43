"""A daemon of the test's own on a free loopback port, and stubs to talk to it.

FITD names the binary; PYTHONPATH holds the stubs that the build generates.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import grpc
except ModuleNotFoundError:
    print("SKIPPED: python3-grpcio is not installed")
    sys.exit(77)
from fitd.v1 import dataset_service_pb2_grpc
from fitd.v1 import job_service_pb2_grpc
from fitd.v1 import model_service_pb2_grpc
from fitd.v1 import prediction_service_pb2_grpc
from fitd.v1 import search_service_pb2_grpc
from fitd.v1 import server_service_pb2_grpc

FITD = os.environ["FITD"]
ROOT = pathlib.Path(__file__).resolve().parents[2]

# As often as it can: what a fit stores on its way is where a kill may hurt.
ENVIRONMENT = {"FITD_CHECKPOINT_INTERVAL_SECONDS": "0.02", "FITD_MIN_FREE_DISK_BYTES": "0"}

STRACE = ["strace", "-f", "-qqq", "-o", "/dev/null"]

# Whether to try all that there is, or what every build has time for.
FULL = os.environ.get("FITD_FAULT_FULL") == "1"


class Client:
    """The stubs over one channel."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 20),
            ("grpc.min_reconnect_backoff_ms", 5000),
            ("grpc.max_reconnect_backoff_ms", 200),
        ])
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)
        self.datasets = dataset_service_pb2_grpc.DatasetServiceStub(self.channel)
        self.jobs = job_service_pb2_grpc.JobServiceStub(self.channel)
        self.searches = search_service_pb2_grpc.SearchServiceStub(self.channel)
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.server = server_service_pb2_grpc.ServerServiceStub(self.channel)


class Daemon:
    """A daemon process on `folder`/data.

    `prefix` is a command that runs it, `inject` are faults in strace's words, which counts the calls of each thread for
    itself.
    """

    def __init__(self, folder, workers=2, inject=(), prefix=(), environment=None, flags=()):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "fitd.log"
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        command = [*prefix, FITD, "--data-dir", self.data, "--listen", "127.0.0.1:0", "--port-file", port_file,
                   "--workers", str(workers), *flags]
        if inject:
            # -D: the daemon is our child.
            command = [*STRACE, "-D", "--seccomp-bpf", *(f"--inject={fault}" for fault in inject), *command]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, **ENVIRONMENT, **(environment or {})})
        deadline = time.monotonic() + 60
        while self.running() and not port_file.exists():
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError("the daemon does not serve after 60 s\n" + self.log_end())
            time.sleep(0.002)
        self.tracer = None
        self.client = None  # Until it serves; for ever when it ends before.
        if port_file.exists():
            self.port = int(port_file.read_text())
            self.address = f"127.0.0.1:{self.port}"
            self.client = Client(self.address)

    def inject(self, *faults):
        """Faults from now on; each thread's calls are counted from here. For the rest of the daemon's life."""
        self.tracer = subprocess.Popen(
            [*STRACE, *(f"--inject={fault}" for fault in faults), f"--attach={self.process.pid}"])
        while not self.status("TracerPid"):
            time.sleep(0.001)

    def running(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=30):
        """The exit code; minus the signal that ended it."""
        code = self.process.wait(timeout)
        if self.tracer:
            self.tracer.wait()
        if self.client:
            self.client.channel.close()
        return code

    def kill(self):
        self.process.kill()
        self.wait()

    def stop(self):
        self.client.channel.close()
        self.send(signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"SIGTERM ended the daemon with {code}\n" + self.log_end()

    def status(self, field):
        """A number in /proc/PID/status."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise KeyError(field)

    def log_end(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class DaemonTest(unittest.TestCase):
    """Daemons on one folder, gone at the end of the test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, **options):
        self.daemon = Daemon(self.folder, **options)
        self.addCleanup(self.daemon.kill)
        self.client = self.daemon.client
        if self.client:
            self.addCleanup(self.client.channel.close)
        return self.daemon

    def restart(self, **options):
        self.daemon.kill()
        return self.start(**options)


def error_code(call, *arguments, **options):
    """The code and text with which a call fails."""
    try:
        answer = call(*arguments, **options)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError(f"was answered: {answer}")
