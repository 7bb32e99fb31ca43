"""Faults of the machine, each with its designed outcome. Full disks need root, failing system calls strace."""

import concurrent.futures
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
import uuid

from daemon import FULL, Client, DaemonTest, error_code, grpc  # First: it skips where gRPC is missing.
from fitd.v1 import (job_service_pb2, model_pb2, model_service_pb2, search_pb2, search_service_pb2,
                     server_service_pb2)
from google.protobuf import json_format

from scenario import (DIGITS, MODEL, check_events, fit_spec, history, predict_digits, state_name, upload_messages,
                      watch)

Code = grpc.StatusCode
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"  # grpc.health.v1.HealthCheckResponse
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
ALLOCATOR = "libstdc++.so.6 libc.so.6"  # Beside faketime, which jemalloc asks for the time before it can answer.


class FaultTest(DaemonTest):
    def prepare(self, models=("digits",)):
        for name in models:
            self.client.models.CreateModel(model_service_pb2.CreateModelRequest(name=name, spec=MODEL))
        return self.client.datasets.UploadDataset(upload_messages("digits", DIGITS.read_bytes())).dataset

    def fit(self, epochs=20, **options):
        """The id of a new job."""
        request = job_service_pb2.StartFitRequest(spec=fit_spec("digits", epochs, {"adam": {}}), **options)
        return self.client.jobs.StartFit(request).job.id

    def job(self, job):
        return self.client.jobs.GetJob(job_service_pb2.GetJobRequest(id=job)).job

    def state(self, job):
        return state_name(self.job(job).state)

    def result(self, job):
        """What must not depend on the fault: the state at the end, the history, and the weights."""
        events = list(watch(self.client, job))
        check_events(events)
        version = events[-1].state_change.version
        weights = ""
        if version:
            request = model_service_pb2.GetModelVersionRequest(model=f"digits@{version}")
            weights = self.client.models.GetModelVersion(request).version.weights_sha256
        return state_name(events[-1].state_change.state), history(events), weights

    def until(self, true, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), deadline, f"not within {seconds} s: {what}\n" + self.daemon.log_end())
            time.sleep(0.01)

    def health(self):
        return self.client.channel.unary_unary("/grpc.health.v1.Health/Check")(b"")


@unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
class FullDiskTest(FaultTest):
    """The data directory is a file system of its own."""

    def setUp(self):
        super().setUp()
        data = self.folder / "data"
        data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "fitd-test", data], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", data], check=True)
        self.filler = data / "filler"

    def free(self):
        disk = os.statvfs(self.folder / "data")
        return disk.f_bavail * disk.f_bsize

    def fill_disk(self, leave=0):
        with self.filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while self.free() > leave:
                file.write(bytes(min(1 << 16, self.free() - leave)))

    def test_upload_that_does_not_fit_leaves_nothing(self):
        self.start()
        self.prepare()
        job = self.fit(200)
        before = self.free()
        code, text = error_code(self.client.datasets.UploadDataset,
                                upload_messages("large", DIGITS.read_bytes() * 100, chunk=1_000_000))
        self.assertEqual(code, Code.RESOURCE_EXHAUSTED, text)
        self.until(lambda: abs(self.free() - before) < 1 << 20, "the space is free again")
        self.assertEqual(os.listdir(self.daemon.data / "tmp"), [])
        self.assertEqual(self.result(job)[0], "SUCCEEDED")

    def test_job_waits_for_space(self):
        self.start()
        self.prepare()
        undisturbed = self.result(self.fit(200))
        job = self.fit(200)
        self.fill_disk()
        self.until(lambda: "journal_write_failed" in self.daemon.log_end(), "the journal fails")
        time.sleep(2)  # The training is over by now, its end is not.
        self.assertEqual(self.state(job), "RUNNING")
        self.assertEqual(self.health(), SERVING)
        predict_digits(self.client, "digits@1")
        request = job_service_pb2.StartFitRequest(spec=fit_spec("digits", 1, {"adam": {}}), request_id="refused")
        code, text = error_code(self.client.jobs.StartFit, request)
        self.assertEqual(code, Code.RESOURCE_EXHAUSTED, text)
        self.filler.unlink()
        self.assertEqual(self.result(job), undisturbed)
        self.assertEqual(self.client.jobs.StartFit(request).job.id, "fit-3")

    def test_version_that_does_not_fit_waits_for_space(self):
        self.start()
        self.prepare()
        wide = model_pb2.ModelSpec()
        wide.CopyFrom(MODEL)
        wide.layers[0].dense.units = 4096  # 2 MB of weights.
        self.client.models.CreateModel(model_service_pb2.CreateModelRequest(name="wide", spec=wide))
        request = job_service_pb2.StartFitRequest(spec=fit_spec("wide", 1, {"sgd": {}}))
        self.fill_disk(leave=1 << 20)  # Enough for what the job tells, not for what it stores.
        job = self.client.jobs.StartFit(request).job.id
        self.until(lambda: "jobs_not_recorded" in self.daemon.log_end() or self.state(job) not in ("QUEUED", "RUNNING"),
                   "the fit ends")
        self.assertEqual(self.state(job), "RUNNING")
        self.filler.unlink()
        self.assertEqual(list(watch(self.client, job))[-1].state_change.version, 1)

    def test_directory_that_cannot_be_written_is_told_in_one_line(self):
        self.start()
        self.daemon.stop()
        data = self.folder / "data"
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        self.start()
        self.assertGreater(self.daemon.wait(), 0)
        text = self.daemon.log_end().splitlines()[-1]
        self.assertIn("fitd: ", text)
        self.assertIn("Read-only file system", text)


@unittest.skipUnless(shutil.which("strace"), "failing system calls needs strace")
class FailingCallTest(FaultTest):
    """Each thread's first call of a kind fails."""

    def setUp(self):
        super().setUp()
        self.start()
        self.prepare()
        self.undisturbed = self.result(self.fit())

    def test_fit_whose_commit_cannot_be_synced_is_started_once(self):
        self.daemon.inject("fdatasync:error=EIO:when=1")
        refusals = []
        for i in range(20):
            while True:
                try:
                    self.fit(request_id=str(i))
                    break
                except grpc.RpcError as error:
                    refusals.append(error.code())
        self.assertEqual(set(refusals), {Code.INTERNAL})
        jobs = [f"fit-{i}" for i in range(2, 22)]
        self.assertEqual([self.fit(request_id=str(i)) for i in range(20)], jobs)
        self.restart()
        self.assertEqual([self.fit(request_id=str(i)) for i in range(20)], jobs)
        for job in jobs:
            self.assertEqual(self.result(job), self.undisturbed)

    def test_fit_whose_weights_cannot_be_stored_at_first_keeps_them(self):
        for call in ("fsync", "rename", "pwrite64"):
            for error in ("EIO", "ENOSPC"):
                with self.subTest(call=call, error=error):
                    self.restart()
                    self.daemon.inject(f"{call}:error={error}:when=1")
                    self.assertEqual(self.result(self.until_started()), self.undisturbed)

    def test_search_whose_commits_fail_and_come_back_ends(self):
        """After the second failure in a row the log is read again, in which the commit may be; after more, later."""
        undisturbed = self.search_table("undisturbed")
        for first, more in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 5), (3, 4)):
            with self.subTest(first=first, more=more):
                self.restart()
                self.daemon.inject(f"fdatasync:error=EIO:when={first}..{first + more}")
                self.assertEqual(self.search_table(f"tune-{first}-{more}"), undisturbed)

    def test_watch_of_a_fit_whose_commits_fail_and_come_back_misses_nothing(self):
        for first, more in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 5), (3, 4)):
            with self.subTest(first=first, more=more):
                self.restart()
                self.daemon.inject(f"fdatasync:error=EIO:when={first}..{first + more}")
                self.assertEqual(self.result(self.until_started()), self.undisturbed)

    def search_table(self, name):
        request = search_service_pb2.StartSearchRequest(name=name, request_id=str(uuid.uuid4()))
        fit = fit_spec("digits", 3, {"adam": {}})
        request.spec.model, request.spec.dataset = fit.model, fit.dataset
        request.spec.training.CopyFrom(fit.training)
        request.spec.space.axes.add(path="units").choice.choices.extend(
            search_pb2.SearchChoice(value=value) for value in ("8", "16", "24"))
        request.spec.algorithm.grid.SetInParent()

        def done():
            with contextlib.suppress(grpc.RpcError):
                self.client.searches.StartSearch(request)
                get = search_service_pb2.GetSearchRequest(name=name)
                return self.client.searches.GetSearch(get).search.HasField("end_time")

        self.until(done, f"search {name} ends")
        trials = self.client.searches.ListTrials(search_service_pb2.ListTrialsRequest(search=name)).trials
        for trial in trials:
            check_events(list(watch(self.client, trial.job_id)))
        return [(trial.number, trial.state, trial.score, trial.version, trial.weights_sha256) for trial in trials]

    def until_started(self):
        request_id = str(uuid.uuid4())
        while True:
            try:
                return self.fit(request_id=request_id)
            except grpc.RpcError as error:
                self.assertIn(error.code(), {Code.INTERNAL, Code.RESOURCE_EXHAUSTED})


class DamageTest(FaultTest):
    def test_damaged_weights_are_data_loss_and_others_are_served(self):
        self.start()
        self.prepare(["digits", "other"])
        self.result(self.fit(2))
        other = job_service_pb2.StartFitRequest(spec=fit_spec("other", 2, {"sgd": {}}))
        list(watch(self.client, self.client.jobs.StartFit(other).job.id))
        answer = predict_digits(self.client, "other")
        request = model_service_pb2.GetModelVersionRequest(model="digits@1")
        sha256 = self.client.models.GetModelVersion(request).version.weights_sha256
        file = self.daemon.data / "weights" / f"{sha256}.wgt"
        whole = file.read_bytes()
        for damaged in damages(whole):
            self.restart()
            file.write_bytes(damaged)
            code, text = error_code(predict_digits, self.client, "digits")
            self.assertEqual(code, Code.DATA_LOSS, text)
            self.assertEqual(predict_digits(self.client, "other"), answer)
        file.write_bytes(whole)
        predict_digits(self.client, "digits")

    def test_damaged_data_set_is_data_loss(self):
        self.start()
        file = self.daemon.data / "datasets" / f"{self.prepare().sha256}.tbl"
        whole = file.read_bytes()
        for damaged in damages(whole, readable=64):  # Its header; the content's own hash is for fsck.
            self.restart()
            file.write_bytes(damaged)
            code, text = error_code(self.fit)
            self.assertEqual(code, Code.DATA_LOSS, text)
        file.write_bytes(whole)
        self.assertEqual(self.result(self.fit(2))[0], "SUCCEEDED")

    def test_damaged_checkpoint_is_passed_over(self):
        self.start()
        self.prepare()
        undisturbed = self.result(self.fit(100))
        for damage in (lambda whole: whole[:len(whole) // 2], lambda whole: whole[:-100] + bytes(100)):
            job = self.fit(100)
            self.until(lambda: self.job(job).progress.epoch > 50, "the middle of the fit")
            self.daemon.kill()
            checkpoints = list((self.daemon.data / "checkpoints").glob("*.ckp"))
            self.assertIn(len(checkpoints), (1, 2, 3))  # Three when it died before the oldest was removed.
            newest = max(checkpoints, key=lambda path: path.stat().st_mtime_ns)
            newest.write_bytes(damage(newest.read_bytes()))
            self.start()
            self.assertEqual(self.result(job), undisturbed)

    def test_damaged_database_is_told_in_one_line(self):
        self.start()
        self.daemon.stop()
        file = self.daemon.data / "fitd.db"
        file.write_bytes(bytes(100) + file.read_bytes()[100:])
        self.start()
        self.assertGreater(self.daemon.wait(), 0)
        self.assertIn("fitd: the metadata store: file is not a database", self.daemon.log_end())

    def test_lost_index_of_the_log_is_made_again(self):
        self.start()
        self.prepare()
        expected = self.result(self.fit(2))
        self.daemon.kill()
        (self.daemon.data / "fitd.db-shm").unlink()
        self.start()
        self.assertEqual(self.result("fit-1"), expected)


    def test_lost_log_is_told_and_nothing_older_is_served(self):
        self.start()
        self.prepare()
        expected = self.result(self.fit(2))
        self.daemon.kill()
        log = self.daemon.data / "fitd.db-wal"
        whole = log.read_bytes()
        log.unlink()
        self.start()
        self.assertEqual(self.daemon.wait(), 74)
        self.assertIn("fitd: fitd.db-wal is lost", self.daemon.log_end())
        log.write_bytes(whole)
        self.start()
        self.assertEqual(self.result("fit-1"), expected)


def damages(whole, readable=None):
    """Cut off near pages, and with one bit changed within the first `readable` bytes."""
    size = len(whole)
    for length in sorted({0, 1, 4095, 4096, 4097, size // 2, size - 1}):
        yield whole[:length]
    last = (readable or size) - 1
    for position in (0, 8, 20, last // 2, last):
        yield whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1:]


class MemoryLimitTest(FaultTest):
    """The daemon runs in a control group of 160 MiB."""

    LIMIT = 160 << 20

    def setUp(self):
        super().setUp()
        for top, limit in ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"):
            self.group = pathlib.Path(top) / f"fitd-test-{uuid.uuid4()}"
            with contextlib.suppress(OSError):
                self.group.mkdir()
                self.addCleanup(self.group.rmdir)
                (self.group / limit).write_text(str(self.LIMIT))
                return
        self.skipTest("no control group can be made here")

    def start_in_group(self, **environment):
        self.start(prefix=["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.group], environment=environment)

    def test_jobs_may_use_a_share_of_the_limit(self):
        self.start_in_group()
        info = self.client.server.GetServerInfo(server_service_pb2.GetServerInfoRequest())
        self.assertEqual(info.limits.max_memory_bytes, self.LIMIT // 10 * 8)

    def test_job_that_needs_more_than_the_limit_fails_and_the_daemon_goes_on(self):
        too_much = {"FITD_MAX_MEMORY_BYTES": str(8 << 30)}
        self.start_in_group(**too_much)
        self.prepare()
        wide = json_format.ParseDict({"inputShape": [64], "layers": [
            {"dense": {"units": 8192}}, {"dense": {"units": 2048}}, {"dense": {"units": 10}}]}, model_pb2.ModelSpec())
        self.client.models.CreateModel(model_service_pb2.CreateModelRequest(name="wide", spec=wide))
        spec = fit_spec("wide", 1, {"adam": {}})
        spec.resources.max_restarts = 1
        job = self.client.jobs.StartFit(job_service_pb2.StartFitRequest(spec=spec)).job.id
        for _ in range(2):
            self.assertEqual(self.daemon.wait(60), -signal.SIGKILL)
            self.start_in_group(**too_much)
        self.assertEqual(self.state(job), "FAILED")
        self.assertIn("the daemon died 2 times", self.job(job).failure.message)
        self.assertEqual(list((self.daemon.data / "checkpoints").iterdir()), [])
        self.assertEqual(self.result(self.fit(1))[0], "SUCCEEDED")


class ProcessTest(FaultTest):
    def test_sigterm_drains_in_less_than_five_seconds(self):
        self.start()
        self.prepare()
        # Long enough for the last to be at work when the daemon is told to stop.
        undisturbed = self.result(self.fit(2000))
        jobs = [self.fit(2000) for _ in range(4)]
        streams = [self.client.jobs.WatchJob(job_service_pb2.WatchJobRequest(id=job, progress=True))
                   for job in jobs for _ in range(10)]
        for stream in streams:
            next(stream)
        release = threading.Event()
        self.addCleanup(release.set)

        def without_end(messages):
            yield from messages
            release.wait()

        self.client.predictions.PredictStream(without_end([]))
        uploads = [self.client.datasets.UploadDataset.future(without_end(
            list(upload_messages(f"upload{i}", DIGITS.read_bytes()))[:3])) for i in range(5)]
        self.until(lambda: len(os.listdir(self.daemon.data / "tmp")) == 5, "uploads under way")
        health = self.client.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        self.assertEqual(next(health), SERVING)
        start = time.monotonic()
        self.daemon.send(signal.SIGTERM)
        self.assertEqual(next(health), NOT_SERVING)
        self.assertLess(time.monotonic() - start, 0.5)
        self.assertEqual(self.daemon.process.wait(20), 0)
        seconds = time.monotonic() - start
        print(f"drained in {seconds:.2f} s")
        self.assertLess(seconds, 5)
        for stream in streams:
            with self.assertRaises(grpc.RpcError) as raised:
                for _ in stream:
                    pass
            self.assertEqual(raised.exception.code(), Code.UNAVAILABLE)
            self.assertRegex(raised.exception.details(), r"resume with from_event=\d+")
        release.set()
        self.start()
        self.assertEqual(os.listdir(self.daemon.data / "tmp"), [])
        for job in jobs:
            self.assertEqual(self.result(job), undisturbed)

    def test_idle_connection_does_not_delay_the_end(self):
        self.start()
        start = time.monotonic()
        self.daemon.send(signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(20), 0)
        self.assertLess(time.monotonic() - start, 5)

    def test_upload_that_is_being_read_does_not_delay_the_end(self):
        self.start(environment={"FITD_SHUTDOWN_GRACE_SECONDS": "0.2"})
        header, rows = DIGITS.read_bytes().split(b"\n", 1)
        content = header + b"\n" + rows * 500
        call = self.client.datasets.UploadDataset.future(upload_messages("large", content, chunk=1_000_000))

        def stored():
            return sum(path.stat().st_size for path in (self.daemon.data / "tmp").iterdir()) >= len(content)

        self.until(stored, "all is there, and is read now")
        start = time.monotonic()
        self.daemon.send(signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(20), 0)
        self.assertLess(time.monotonic() - start, 1.2)
        self.assertIn(call.code(), {Code.CANCELLED, Code.UNAVAILABLE})

    def test_second_sigterm_ends_it_at_once(self):
        self.start()
        self.prepare()
        self.fit(100000)
        release = threading.Event()
        self.addCleanup(release.set)
        self.client.predictions.PredictStream(iter(release.wait, True))
        self.daemon.send(signal.SIGTERM)
        self.until(lambda: '"stopping"' in self.daemon.log_end(), "it stops")
        start = time.monotonic()
        self.daemon.send(signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(20), 1)
        self.assertLess(time.monotonic() - start, 0.5)

    def test_hangup_and_broken_pipe_are_ignored(self):
        self.start()
        for number in (signal.SIGHUP, signal.SIGPIPE):
            self.daemon.send(number)
        time.sleep(0.1)
        self.assertEqual(self.health(), SERVING)

    def test_stopped_and_continued_process_goes_on(self):
        self.start()
        self.prepare()
        undisturbed = self.result(self.fit(50))
        job = self.fit(50)
        self.daemon.send(signal.SIGSTOP)
        time.sleep(60 if FULL else 2)
        self.daemon.send(signal.SIGCONT)
        self.assertEqual(self.result(job), undisturbed)
        self.assertEqual(self.job(job).restarts, 0)

    def test_idle_connections_without_end_do_not_make_it_deaf(self):
        self.start(prefix=["prlimit", "--nofile=64"])
        self.prepare()
        connections = []
        for _ in range(200):
            with contextlib.suppress(OSError):
                connections.append(socket.create_connection(("127.0.0.1", self.daemon.port), timeout=1))
        time.sleep(1)
        for connection in connections:
            connection.close()
        client = Client(self.daemon.address)
        self.addCleanup(client.channel.close)
        request = model_service_pb2.ListModelsRequest()
        answer = client.models.ListModels(request, timeout=5, wait_for_ready=True)
        self.assertEqual([model.name for model in answer.models], ["digits"])

    def test_files_that_may_not_grow_are_a_full_disk(self):
        self.start(prefix=["prlimit", "--fsize=600000"])
        self.prepare()
        large = DIGITS.read_bytes() * 20
        code, text = error_code(self.client.datasets.UploadDataset, upload_messages("large", large))
        self.assertEqual(code, Code.RESOURCE_EXHAUSTED, text)
        self.assertIn("File too large", text)
        self.assertEqual(self.result(self.fit())[0], "SUCCEEDED")

    @unittest.skipUnless(os.path.exists(FAKETIME), "faketime is not installed")
    def test_clock_that_jumps_changes_time_stamps_only(self):
        clock = self.folder / "clock"
        clock.write_text("+0")
        self.start(environment={"LD_PRELOAD": f"{FAKETIME} {ALLOCATOR}", "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                                "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.prepare()
        undisturbed = self.result(self.fit(50))
        jobs = []
        for jump in ("+1h", "-1h", "-3650d"):
            jobs.append(self.fit(50, request_id=jump))
            clock.write_text(jump)
            self.assertEqual(self.result(jobs[-1]), undisturbed)
            self.assertEqual(self.fit(50, request_id=jump), jobs[-1])
        self.assertEqual(jobs, ["fit-2", "fit-3", "fit-4"])

    def test_job_that_kills_the_daemon_again_and_again_fails(self):
        self.start()
        self.prepare()
        job = self.fit(100000)
        for deaths in range(1, 20):
            self.until(lambda: self.state(job) == "RUNNING", "the job runs")
            self.restart()
            if self.state(job) == "FAILED":
                break
        print(f"failed after {deaths} deaths: {self.job(job).failure.message}")
        self.assertEqual(self.state(job), "FAILED")
        check_events(list(watch(self.client, job)))
        self.done(1)

    def test_cancel_at_any_moment_ends_the_job(self):
        count = 1000 if FULL else 50
        chance = random.Random(7)
        self.start()
        self.prepare()
        slowest = 0
        for _ in range(count):
            job = self.fit(100000)
            time.sleep(chance.uniform(0, 0.05))
            start = time.monotonic()
            for _ in range(2):
                self.client.jobs.CancelJob(job_service_pb2.CancelJobRequest(id=job))
            state, _, weights = self.result(job)
            slowest = max(slowest, time.monotonic() - start)
            self.assertEqual(state, "CANCELLED")
            self.assertEqual(bool(weights), self.job(job).version > 0)
        code, _ = error_code(self.client.jobs.CancelJob, job_service_pb2.CancelJobRequest(id=self.done(1)))
        self.assertEqual(code, Code.FAILED_PRECONDITION)
        print(f"{count} cancels, the slowest took {slowest:.3f} s")
        self.assertLess(slowest, 2)

    def done(self, epochs):
        job = self.fit(epochs)
        self.assertEqual(self.result(job)[0], "SUCCEEDED")
        return job

    def test_long_queue_survives_and_does_not_delay_the_start(self):
        count = 10_000 if FULL else 300
        self.start(workers=1)
        self.prepare()
        running = self.fit(100000)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = {running, *pool.map(lambda _: self.fit(1), range(count))}
        self.assertEqual(len(jobs), count + 1)
        self.daemon.kill()
        start = time.monotonic()
        self.start(workers=1)
        self.assertEqual(self.health(), SERVING)
        seconds = time.monotonic() - start
        queued = [job for page in pages(self.client.jobs.ListJobs, job_service_pb2.ListJobsRequest(page_size=1000))
                  for job in page.jobs]
        print(f"serves {count} queued jobs after {seconds:.2f} s")
        self.assertEqual({job.id for job in queued}, jobs)
        self.assertEqual(len(queued), count + 1)
        self.assertLess(seconds, 2)

    def test_memory_returns_to_its_base(self):
        cycles, predictions = (1000, 100_000) if FULL else (20, 500)
        self.start()
        self.prepare()

        def work(cycles, predictions):
            for _ in range(cycles):
                job = self.done(1)
                version = self.job(job).version
                self.client.models.DeleteModelVersion(
                    model_service_pb2.DeleteModelVersionRequest(model="digits", version=version))
                self.client.jobs.DeleteJob(job_service_pb2.DeleteJobRequest(id=job))
            self.done(1)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for answer in pool.map(lambda _: predict_digits(self.client, "digits"), range(predictions)):
                    self.assertEqual(len(answer.scores), 80)

        def used():
            time.sleep(1)
            descriptors = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
            return self.daemon.status("VmRSS"), self.daemon.status("Threads"), descriptors

        work(20, 500)
        base = used()
        work(cycles, predictions)
        after = used()
        print(f"KiB resident, threads, descriptors: {base}, after {cycles} jobs and {predictions} predictions {after}")
        self.assertLess(after[0], base[0] + 8 * 1024)
        self.assertLessEqual(after[1], base[1] + 4)  # gRPC starts threads of its own while it has much to do.
        self.assertLessEqual(after[2], base[2])


def pages(call, request):
    while True:
        page = call(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


if __name__ == "__main__":
    unittest.main()
