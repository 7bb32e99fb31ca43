"""Every call that tritonclient has for a daemon without shared memory, traces and log settings.

Usage: tritonclient_test.py ADDRESS FEATURES_NPY

The daemon has the models that tritonclient_test.sh trains.
"""

import asyncio
import queue
import sys
import unittest

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import InferenceServerException

ADDRESS, FEATURES = sys.argv[1:]
IMAGES = np.load(FEATURES)
SHM_CALLS = [
    "get_system_shared_memory_status",
    "get_cuda_shared_memory_status",
    "get_trace_settings",
    "get_log_settings",
]


def tensor(name, values, datatype):
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def images(rows=2):
    return [tensor("input", np.resize(IMAGES, (rows, 8, 8)), "UINT8")]


def flowers(datatype="FP32", dtype=np.float32):
    columns = {
        "sepal_length_cm": [5.1, 6.7],
        "sepal_width_cm": [3.5, 3.0],
        "petal_length_cm": [1.4, 5.2],
        "petal_width_cm": [0.2, 2.3],
    }
    return [
        tensor(name, np.array(values, dtype).reshape(-1, 1), datatype)
        for name, values in columns.items()
    ]


def shop(colors, sizes):
    return [
        tensor("color", np.array(colors, object).reshape(-1, 1), "BYTES"),
        tensor("size", np.array(sizes, np.int32).reshape(-1, 1), "INT32"),
    ]


class TritonClientTest(unittest.TestCase):
    def setUp(self):
        self.client = triton.InferenceServerClient(ADDRESS)
        self.addCleanup(self.client.close)

    def assert_fails(self, status, text, call, *arguments, **options):
        with self.assertRaises(InferenceServerException) as raised:
            call(*arguments, **options)
        self.assertEqual(raised.exception.status(), f"StatusCode.{status}")
        self.assertIn(text, raised.exception.message())

    def test_liveness_and_readiness(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("iris"))
        self.assertTrue(self.client.is_model_ready("iris", "1"))
        self.assertFalse(self.client.is_model_ready("iris", "2"))
        self.assertFalse(self.client.is_model_ready("untrained"))
        self.assertFalse(self.client.is_model_ready("unknown"))

    def test_metadata(self):
        server = self.client.get_server_metadata(as_json=True)
        self.assertEqual(server["name"], "fitd")
        self.assertIn("classification", server["extensions"])
        self.assertNotIn("trace", server["extensions"])
        image = self.client.get_model_metadata("image", as_json=True)
        self.assertEqual(
            image["inputs"], [{"name": "input", "datatype": "UINT8", "shape": ["-1", "8", "8"]}]
        )
        self.assertEqual(image["versions"], ["1"])
        outputs = {
            output["name"]: (output["datatype"], output["shape"]) for output in image["outputs"]
        }
        self.assertEqual(
            outputs, {"output": ("FP32", ["-1", "3"]), "label": ("BYTES", ["-1", "1"])}
        )
        columns = self.client.get_model_metadata("shop", "1").inputs
        self.assertEqual(
            [(column.name, column.datatype) for column in columns],
            [("color", "BYTES"), ("size", "FP64")],
        )

    def test_config(self):
        config = self.client.get_model_config("image", as_json=True)["config"]
        self.assertEqual(config["max_batch_size"], 65536)
        self.assertEqual(
            config["input"], [{"name": "input", "data_type": "TYPE_UINT8", "dims": ["8", "8"]}]
        )
        self.assertIn("dynamic_batching", config)

    def test_repository(self):
        index = {
            model.name: (model.version, model.state)
            for model in self.client.get_model_repository_index().models
        }
        self.assertEqual(index["iris"], ("1", "READY"))
        self.assertEqual(index["untrained"], ("", "UNAVAILABLE"))
        self.client.unload_model("shop")
        self.assertFalse(self.client.is_model_ready("shop"))
        self.assert_fails(
            "UNAVAILABLE", "not at ready state", self.client.infer, "shop", shop(["red"], [1])
        )
        index = {
            model.name: model.reason for model in self.client.get_model_repository_index().models
        }
        self.assertEqual(index["shop"], "unloaded")
        self.client.load_model("shop")
        self.assertTrue(self.client.is_model_ready("shop"))
        self.client.infer("shop", shop(["red"], [1]))
        self.assert_fails("INVALID_ARGUMENT", "config", self.client.load_model, "shop", config="{}")
        self.assert_fails("NOT_FOUND", "unknown", self.client.load_model, "unknown")

    def test_infer_bytes_of_an_image(self):
        result = self.client.infer("image", images(120), request_id="seven")
        self.assertEqual(result.get_response().id, "seven")
        self.assertEqual(result.get_response().model_version, "1")
        self.assertEqual(result.as_numpy("output").shape, (120, 3))
        labels = result.as_numpy("label").ravel().astype(int)
        self.assertGreater(np.mean(labels == np.arange(120) % 3), 0.9)
        as_floats = [tensor("input", IMAGES.astype(np.float32).reshape(120, 64), "FP32")]
        self.assertTrue(
            np.array_equal(
                self.client.infer("image", as_floats).as_numpy("output"), result.as_numpy("output")
            )
        )

    def test_row_has_the_same_bits_alone_and_in_a_batch(self):
        together = self.client.infer("image", images(120)).as_numpy("output")
        for row in range(0, 120, 17):
            alone = self.client.infer("image", [tensor("input", IMAGES[row : row + 1], "UINT8")])
            self.assertTrue(np.array_equal(alone.as_numpy("output")[0], together[row]))

    def test_infer_floats_of_a_table(self):
        result = self.client.infer("iris@1", flowers())
        self.assertEqual(result.as_numpy("label").tolist(), [[b"setosa"], [b"virginica"]])
        doubles = self.client.infer("iris", flowers("FP64", np.float64))
        self.assertTrue(
            np.allclose(doubles.as_numpy("output"), result.as_numpy("output"), atol=1e-5)
        )
        halves = self.client.infer("iris", flowers("FP16", np.float16))
        self.assertEqual(halves.as_numpy("label").tolist(), result.as_numpy("label").tolist())
        one = [tensor("input", np.array([[5.1, 3.5, 1.4, 0.2]], np.float32), "FP32")]
        self.assertTrue(
            np.array_equal(
                self.client.infer("iris", one).as_numpy("output")[0], result.as_numpy("output")[0]
            )
        )

    def test_infer_texts(self):
        result = self.client.infer("shop", shop(["red", "blue"], [1, 2]))
        self.assertEqual(result.as_numpy("label").tolist(), [[b"low"], [b"high"]])

    def test_requested_outputs_and_classification(self):
        only_labels = self.client.infer(
            "iris", flowers(), outputs=[triton.InferRequestedOutput("label")]
        )
        self.assertIsNone(only_labels.as_numpy("output"))
        outputs = [triton.InferRequestedOutput("output", class_count=2)]
        classes = self.client.infer("iris", flowers(), outputs=outputs).as_numpy("output")
        self.assertEqual(classes.shape, (2, 2))
        score, index, label = classes[0][0].decode().split(":")
        self.assertGreater(float(score), 0.5)
        self.assertEqual((index, label), ("0", "setosa"))

    def test_parameters(self):
        self.client.infer(
            "iris",
            flowers(),
            parameters={"who": "a test", "times": 3},
            priority=1,
            timeout=1_000_000,
        )
        self.client.infer("iris", flowers(), sequence_id=5, sequence_start=True, sequence_end=True)

    def test_errors(self):
        infer = self.client.infer
        self.assert_fails(
            "NOT_FOUND", "Request for unknown model: 'irs' is not found", infer, "irs", flowers()
        )
        self.assert_fails(
            "NOT_FOUND",
            "'iris' version 9 is not found",
            infer,
            "iris",
            flowers(),
            model_version="9",
        )
        self.assert_fails(
            "INVALID_ARGUMENT", "integral value > 0", infer, "iris", flowers(), model_version="best"
        )
        self.assert_fails("NOT_FOUND", "has no available versions", infer, "untrained", flowers())
        self.assert_fails(
            "INVALID_ARGUMENT", 'lacks the input "petal_width_cm"', infer, "iris", flowers()[:3]
        )
        self.assert_fails(
            "INVALID_ARGUMENT", "unexpected inference input", infer, "image", flowers()[:1]
        )
        self.assert_fails(
            "INVALID_ARGUMENT",
            "inputs[0].shape",
            infer,
            "image",
            [tensor("input", IMAGES[:, :7], "UINT8")],
        )
        outputs = [triton.InferRequestedOutput("labels")]
        self.assert_fails(
            "INVALID_ARGUMENT", 'did you mean "label"', infer, "iris", flowers(), outputs=outputs
        )
        for call in (
            self.client.get_model_metadata,
            self.client.get_model_config,
            self.client.get_inference_statistics,
        ):
            self.assert_fails("NOT_FOUND", "unknown model", call, "irs")

    def test_compressed_messages_are_refused(self):
        for algorithm in ("gzip", "deflate"):
            self.assert_fails(
                "UNIMPLEMENTED",
                f"'{algorithm}' is disabled",
                self.client.infer,
                "iris",
                flowers(),
                compression_algorithm=algorithm,
            )

    def test_what_is_not_supported_says_so(self):
        for name in SHM_CALLS:
            with self.subTest(name):
                self.assert_fails("UNIMPLEMENTED", "", getattr(self.client, name))

    def test_statistics(self):
        before = self.client.get_inference_statistics("iris", "1").model_stats[0]
        self.client.infer("iris", flowers())
        with self.assertRaises(InferenceServerException):
            self.client.infer("iris", flowers()[:1])
        after = self.client.get_inference_statistics("iris", "1").model_stats[0]
        self.assertEqual(after.inference_count - before.inference_count, 2)
        self.assertEqual(after.execution_count - before.execution_count, 1)
        self.assertEqual(
            after.inference_stats.success.count - before.inference_stats.success.count, 1
        )
        self.assertEqual(after.inference_stats.fail.count - before.inference_stats.fail.count, 1)
        names = {
            model["name"]
            for model in self.client.get_inference_statistics(as_json=True)["model_stats"]
        }
        self.assertEqual(names, {"iris", "image", "large", "shop"})

    def test_async_infer(self):
        answers = queue.Queue()
        for row in range(64):
            self.client.async_infer(
                "image",
                [tensor("input", IMAGES[row : row + 1], "UINT8")],
                callback=lambda result, error: answers.put((result, error)),
                request_id=str(row),
            )
        expected = self.client.infer("image", images(120)).as_numpy("output")
        for _ in range(64):
            result, error = answers.get(timeout=60)
            self.assertIsNone(error)
            row = int(result.get_response().id)
            self.assertTrue(np.array_equal(result.as_numpy("output")[0], expected[row]))

    def test_cancelled_call_ends_and_is_not_counted(self):
        answers = queue.Queue()
        successes = (
            lambda: self.client.get_inference_statistics("large")
            .model_stats[0]
            .inference_stats.success.count
        )
        before = successes()
        call = self.client.async_infer(
            "large", images(65536), callback=lambda result, error: answers.put((result, error))
        )
        call.cancel()
        result, error = answers.get(timeout=60)
        self.assertIsNone(result)
        self.assertEqual(error.status(), "StatusCode.CANCELLED")
        self.client.infer("large", images(1))
        self.assertEqual(successes() - before, 1)

    def test_deadline(self):
        self.assert_fails(
            "DEADLINE_EXCEEDED", "", self.client.infer, "large", images(65536), client_timeout=0.05
        )

    def test_stream(self):
        answers = queue.Queue()
        self.client.start_stream(callback=lambda result, error: answers.put((result, error)))
        for number in range(20):
            if number == 7:
                self.client.async_stream_infer("unknown", images(), request_id="7")
            else:
                self.client.async_stream_infer(
                    "image", images(), request_id=str(number), enable_empty_final_response=True
                )
        self.client.stop_stream()
        for number in range(20):
            result, error = answers.get_nowait()
            if number == 7:
                self.assertIn("'unknown' is not found", error.message())
            else:
                self.assertIsNone(error)
                self.assertEqual(result.get_response().id, str(number))
                self.assertTrue(
                    result.get_response().parameters["triton_final_response"].bool_param
                )
        self.assertTrue(answers.empty())

    def test_stream_that_ends_at_errors(self):
        answers = queue.Queue()
        self.client.start_stream(
            callback=lambda result, error: answers.put((result, error)),
            headers={"triton_grpc_error": "true"},
        )
        self.client.async_stream_infer("unknown", images())
        _, error = answers.get(timeout=60)
        self.assertEqual(error.status(), "StatusCode.NOT_FOUND")
        self.client.stop_stream()

    def test_stream_is_cancelled(self):
        answers = queue.Queue()
        self.client.start_stream(callback=lambda result, error: answers.put((result, error)))
        self.client.async_stream_infer("large", images(65536))
        self.client.stop_stream(cancel_requests=True)
        _, error = answers.get(timeout=60)
        self.assertEqual(error.status(), "StatusCode.CANCELLED")


class TritonAioClientTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = triton_aio.InferenceServerClient(ADDRESS)
        self.addAsyncCleanup(self.client.close)

    async def test_every_call(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_server_ready())
        self.assertTrue(await self.client.is_model_ready("iris"))
        self.assertEqual((await self.client.get_server_metadata()).name, "fitd")
        self.assertEqual((await self.client.get_model_metadata("image")).inputs[0].name, "input")
        self.assertEqual((await self.client.get_model_config("image")).config.name, "image")
        self.assertEqual(len((await self.client.get_model_repository_index()).models), 5)
        self.assertEqual(len((await self.client.get_inference_statistics("image")).model_stats), 1)
        await self.client.unload_model("shop")
        self.assertFalse(await self.client.is_model_ready("shop"))
        await self.client.load_model("shop")
        self.assertTrue(await self.client.is_model_ready("shop"))
        for name in SHM_CALLS:
            with self.subTest(name), self.assertRaises(InferenceServerException) as raised:
                await getattr(self.client, name)()
            self.assertEqual(raised.exception.status(), "StatusCode.UNIMPLEMENTED")

    async def test_infer(self):
        results = await asyncio.gather(
            *(self.client.infer("image", images(), request_id=str(i)) for i in range(32))
        )
        for number, result in enumerate(results):
            self.assertEqual(result.get_response().id, str(number))
            self.assertTrue(
                np.array_equal(result.as_numpy("output"), results[0].as_numpy("output"))
            )

    async def test_cancelled_call_ends(self):
        call = asyncio.create_task(self.client.infer("large", images(65536)))
        await asyncio.sleep(0)
        call.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await call
        await self.client.infer("large", images(1))

    async def test_stream(self):
        async def requests():
            for number in range(3):
                yield {
                    "model_name": "unknown" if number == 1 else "image",
                    "inputs": images(),
                    "request_id": str(number),
                }

        answers = [answer async for answer in self.client.stream_infer(requests())]
        self.assertEqual([error is None for _, error in answers], [True, False, True])
        self.assertEqual([answers[i][0].get_response().id for i in (0, 2)], ["0", "2"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
