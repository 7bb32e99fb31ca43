"""Define, upload, fit, watch, evaluate, predict: with generated stubs alone.

Usage: stock_client.py ADDRESS IRIS_CSV
"""

import csv
import sys

import grpc
from fitd.v1 import (
    dataset_pb2,
    dataset_service_pb2,
    dataset_service_pb2_grpc,
    evaluation_service_pb2,
    evaluation_service_pb2_grpc,
    job_pb2,
    job_service_pb2,
    job_service_pb2_grpc,
    layer_pb2,
    loss_pb2,
    metric_pb2,
    model_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
    optimizer_pb2,
    prediction_service_pb2,
    prediction_service_pb2_grpc,
    training_pb2,
)
from google.rpc import error_details_pb2, status_pb2


def define(channel):
    relu = layer_pb2.ActivationSpec(relu=layer_pb2.ReluSpec())
    softmax = layer_pb2.ActivationSpec(softmax=layer_pb2.SoftmaxSpec())
    spec = model_pb2.ModelSpec(
        input_shape=[4],
        layers=[
            layer_pb2.LayerSpec(dense=layer_pb2.DenseSpec(units=16, activation=relu)),
            layer_pb2.LayerSpec(dense=layer_pb2.DenseSpec(units=3, activation=softmax)),
        ],
    )
    request = model_service_pb2.CreateModelRequest(name="iris", spec=spec)
    model = model_service_pb2_grpc.ModelServiceStub(channel).CreateModel(request).model
    assert model.trainable_parameters == 4 * 16 + 16 + 16 * 3 + 3, model
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"], model


def upload(channel, path):
    def messages():
        yield dataset_service_pb2.UploadDatasetRequest(
            header=dataset_service_pb2.UploadHeader(
                name="iris",
                sources=[
                    dataset_pb2.SourceSpec(
                        file_name="iris.csv", csv=dataset_pb2.CsvSpec(label_columns=["species"])
                    )
                ],
            )
        )
        with open(path, "rb") as file:
            while data := file.read(1000):
                yield dataset_service_pb2.UploadDatasetRequest(
                    chunk=dataset_service_pb2.UploadChunk(data=data)
                )

    stub = dataset_service_pb2_grpc.DatasetServiceStub(channel)
    dataset = stub.UploadDataset(messages()).dataset
    assert dataset.rows == 150 and dataset.feature_width == 4, dataset


def fit(channel):
    stub = job_service_pb2_grpc.JobServiceStub(channel)
    training = training_pb2.TrainingSpec(
        loss=loss_pb2.LossSpec(
            sparse_categorical_crossentropy=loss_pb2.SparseCategoricalCrossentropySpec()
        ),
        optimizer=optimizer_pb2.OptimizerSpec(
            adam=optimizer_pb2.AdamSpec(),
            learning_rate=optimizer_pb2.LearningRateSpec(constant=0.01),
        ),
        metrics=[metric_pb2.MetricSpec(accuracy=metric_pb2.AccuracySpec())],
        epochs=40,
        batch_size=16,
        seed=7,
        validation_split=0.2,
    )
    spec = training_pb2.FitSpec(model="iris", dataset="iris", training=training)
    job = stub.StartFit(job_service_pb2.StartFitRequest(spec=spec)).job
    assert job.spec.training.optimizer.adam.beta_1 > 0.89, "defaults are written out"

    events = [
        message.event
        for message in stub.WatchJob(job_service_pb2.WatchJobRequest(id=job.id))
        if message.HasField("event")
    ]
    assert [event.number for event in events] == list(range(1, len(events) + 1)), "no gap"
    epochs = [event.epoch_completed for event in events if event.HasField("epoch_completed")]
    assert [epoch.epoch for epoch in epochs] == list(range(1, 41)), epochs
    last = {metric.name: metric.value for metric in epochs[-1].metrics}
    assert last["val_accuracy"] >= 0.9, last
    assert events[-1].state_change.state == job_pb2.JOB_STATE_SUCCEEDED, events[-1]

    replay = [
        message.event.number
        for message in stub.WatchJob(job_service_pb2.WatchJobRequest(id=job.id, from_event=3))
    ]
    assert replay == list(range(3, len(events) + 1)), replay


def evaluate(channel):
    stub = evaluation_service_pb2_grpc.EvaluationServiceStub(channel)
    response = stub.Evaluate(
        evaluation_service_pb2.EvaluateRequest(
            model="iris", dataset="iris", rows=evaluation_service_pb2.ROW_SELECTION_VALIDATION
        )
    )
    assert response.rows == 30 and sum(response.confusion.counts) == 30, response
    assert list(response.confusion.label_names) == ["setosa", "versicolor", "virginica"], response


def predict(channel, path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name != "species"]
    batch = prediction_service_pb2.RowBatch(columns=columns)
    for row in rows:
        values = [prediction_service_pb2.Value(number=float(row[name])) for name in columns]
        batch.rows.append(prediction_service_pb2.Row(values=values))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = prediction_service_pb2.PredictRequest(model="iris@1", rows=batch, top_k=2)
    response = stub.Predict(request)
    right = sum(label == row["species"] for label, row in zip(response.labels, rows))
    assert right >= 140, right
    assert len(response.scores) == 150 * 3 and len(response.top_k[0].labels) == 2, response


def bad_input(channel):
    spec = model_pb2.ModelSpec(
        input_shape=[-4], layers=[layer_pb2.LayerSpec(dense=layer_pb2.DenseSpec(units=0))]
    )
    request = model_service_pb2.CreateModelRequest(name="Bad Name", spec=spec)
    try:
        model_service_pb2_grpc.ModelServiceStub(channel).CreateModel(request)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = status_pb2.Status.FromString(details)
        violations = error_details_pb2.BadRequest()
        assert status.details[0].Unpack(violations), status
        fields = {violation.field for violation in violations.field_violations}
        assert {"name", "spec.input_shape[0]", "spec.layers[0].dense.units"} <= fields, fields
    else:
        raise AssertionError("a bad model was accepted")


def main():
    address, path = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        define(channel)
        upload(channel, path)
        fit(channel)
        evaluate(channel)
        predict(channel, path)
        bad_input(channel)
    print("define, upload, fit, watch, evaluate, predict, bad input: ok")


if __name__ == "__main__":
    main()
