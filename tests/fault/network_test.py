"""A network that cuts connections at random: nothing is done twice, no event is lost or repeated."""

import asyncio
import concurrent.futures
import os
import random
import threading
import time
import unittest
import uuid

from daemon import FULL, Client, DaemonTest, error_code, grpc  # First: it skips where gRPC is missing.
from fitd.v1 import dataset_service_pb2, job_service_pb2, model_service_pb2

from scenario import MODEL, DIGITS, check_events, fit_spec, upload_messages, watch

COUNT = 1000 if FULL else 100  # Submits, and reconnects of a watcher.


class CuttingProxy:
    """Passes bytes between its own port and another; resets each connection after a random number of bytes."""

    def __init__(self, port, bytes_before_cut):
        self.target = port
        self.random = random.Random(7)
        self.bytes_before_cut = bytes_before_cut
        self.cuts = 0
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.connect, "127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def connect(self, reader, writer):
        left = [self.random.randint(*self.bytes_before_cut)]
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()

        async def pass_on(source, sink):
            while data := await source.read(64 if left[0] < 2000 else 4096):
                sink.write(data[:left[0]])
                await sink.drain()
                left[0] -= len(data)
                if left[0] <= 0:
                    self.cuts += 1
                    return

        ways = [asyncio.create_task(way) for way in (pass_on(reader, target_writer), pass_on(target_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, target_writer):
            end.transport.abort()

    def close(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join()
        self.loop.close()


def through_cuts(attempt):
    """What attempt() returns once a connection lasts long enough."""
    while True:
        try:
            return attempt()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise


class NetworkTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.start()
        self.client.models.CreateModel(model_service_pb2.CreateModelRequest(name="digits", spec=MODEL))
        # A few rows: what is trained does not matter here.
        rows = b"".join(DIGITS.read_bytes().splitlines(keepends=True)[:50])
        self.client.datasets.UploadDataset(upload_messages("digits", rows))

    def client_through(self, bytes_before_cut):
        proxy = CuttingProxy(self.daemon.port, bytes_before_cut)
        self.addCleanup(proxy.close)
        return proxy, Client(proxy.address)

    def jobs(self):
        request = job_service_pb2.ListJobsRequest(page_size=1000)
        found = []
        while True:
            page = self.client.jobs.ListJobs(request)
            found += [job.id for job in page.jobs]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def test_each_submit_makes_one_job(self):
        proxy, client = self.client_through((300, 6000))
        requests = [job_service_pb2.StartFitRequest(spec=tiny_fit(seed=i), request_id=str(uuid.uuid4()))
                    for i in range(COUNT)]
        attempts = []

        def submit(request):
            def attempt():
                attempts.append(1)
                return client.jobs.StartFit(request, timeout=30, wait_for_ready=True).job.id
            return through_cuts(attempt)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = list(pool.map(submit, requests))
        print(f"{COUNT} submits, {len(attempts)} attempts over {proxy.cuts} cut connections: {len(self.jobs())} jobs")
        self.assertGreater(proxy.cuts, COUNT / 20)
        self.assertEqual(sorted(self.jobs()), sorted(jobs))
        self.assertEqual(len(set(jobs)), COUNT)

        # The answers are known for a day, whoever asks again and whatever became of the daemon.
        with self.subTest("after a kill"):
            self.restart()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                again = list(pool.map(lambda request: self.client.jobs.StartFit(request).job.id, requests))
            self.assertEqual(again, jobs)

    def test_simultaneous_submits_with_one_id_make_one_job(self):
        request = job_service_pb2.StartFitRequest(spec=tiny_fit(), request_id=str(uuid.uuid4()))
        calls = [self.client.jobs.StartFit.future(request) for _ in range(5)]
        self.assertEqual(len({call.result().job.id for call in calls}), 1)
        self.assertEqual(len(self.jobs()), 1)

    def test_id_of_another_request_is_refused(self):
        request = job_service_pb2.StartFitRequest(spec=tiny_fit(), request_id="one")
        job = self.client.jobs.StartFit(request).job
        request.spec.training.seed = 8
        code, text = error_code(self.client.jobs.StartFit, request)
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("request_id", text)
        self.assertEqual(self.jobs(), [job.id])

    def test_deleted_job_is_not_started_again_by_a_late_retry(self):
        request = job_service_pb2.StartFitRequest(spec=tiny_fit(), request_id="one")
        job = self.client.jobs.StartFit(request).job.id
        list(watch(self.client, job))
        delete = job_service_pb2.DeleteJobRequest(id=job, request_id="two")
        for _ in range(2):
            self.client.jobs.DeleteJob(delete)
        self.assertEqual(self.client.jobs.StartFit(request).job.id, job)
        self.assertEqual(self.jobs(), [])

    def test_watcher_that_reconnects_sees_each_event_once(self):
        epochs = 2000
        job = self.client.jobs.StartFit(job_service_pb2.StartFitRequest(spec=tiny_fit(epochs))).job.id
        proxy, client = self.client_through((500, 8000))
        reconnects, rounds, while_running = 0, 0, 0
        while reconnects < COUNT:
            events = []
            done = False
            while not done:
                try:
                    for event in watch(client, job, len(events) + 1):
                        events.append(event)
                    done = True
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error)
                    reconnects += 1
                    while_running += rounds == 0
            check_events(events)
            self.assertEqual(sum(event.HasField("epoch_completed") for event in events), epochs)
            rounds += 1
        print(f"{reconnects} reconnects in {rounds} rounds over {len(events)} events, {while_running} in the first")

    def test_many_watchers_see_each_event_once(self):
        """Some of them do not read before the end: they cost the daemon little, and lose nothing."""
        channels, streams = (100, 100) if FULL else (10, 20)
        clients = [Client(self.daemon.address) for _ in range(channels)]
        before = self.daemon.status("VmRSS")
        job = self.client.jobs.StartFit(job_service_pb2.StartFitRequest(spec=tiny_fit(50))).job.id
        request = job_service_pb2.WatchJobRequest(id=job)
        watchers = [client.jobs.WatchJob(request) for client in clients for _ in range(streams)]
        last = len(list(watch(self.client, job, timeout=300)))
        used = self.daemon.status("VmRSS") - before
        numbers = list(range(1, last + 1))
        for watcher in watchers:
            self.assertEqual([message.event.number for message in watcher], numbers)
        print(f"{len(watchers)} watchers over {last} events took {used} KiB, {used / len(watchers):.1f} each")
        self.assertLess(used, 20 * len(watchers) + 64 * 1024)
        for client in clients:
            client.channel.close()

    def test_events_that_do_not_exist_yet_are_refused(self):
        job = self.client.jobs.StartFit(job_service_pb2.StartFitRequest(spec=tiny_fit())).job.id
        last = len(list(watch(self.client, job)))
        code, text = error_code(lambda: list(watch(self.client, job, last + 2)))
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn(f"from_event: is {last + 2}; allowed: 0 to {last + 1}", text)

    def test_upload_that_breaks_off_leaves_nothing(self):
        content = DIGITS.read_bytes()
        chunk = len(content) // 10
        descriptors = f"/proc/{self.daemon.process.pid}/fd"
        before = len(os.listdir(descriptors))
        for sent in range(11):
            def messages():
                for number, message in enumerate(upload_messages("broken", content, chunk=chunk)):
                    if number > sent:
                        call.cancel()
                        return
                    yield message
            call = self.client.datasets.UploadDataset.future(messages())
            self.assertRaises((grpc.RpcError, grpc.FutureCancelledError), call.result)
        deadline = time.monotonic() + 10
        temporary = self.daemon.data / "tmp"
        while os.listdir(temporary) or len(os.listdir(descriptors)) > before:
            self.assertLess(time.monotonic(), deadline, f"left in tmp: {os.listdir(temporary)}")
            time.sleep(0.01)
        datasets = self.client.datasets.ListDatasets(dataset_service_pb2.ListDatasetsRequest()).datasets
        self.assertEqual([dataset.name for dataset in datasets], ["digits"])


def tiny_fit(epochs=1, seed=7):
    spec = fit_spec("digits", epochs, {"adam": {}})
    spec.training.seed = seed
    spec.training.batch_size = 64
    return spec


if __name__ == "__main__":
    unittest.main()
