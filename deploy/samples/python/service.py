"""Answers POST with a JSON object, a row of the model's table, by the labels and scores that fitd predicts for it.

Usage: service.py MODEL HOST:PORT, as in service.py iris@champion 127.0.0.1:8080. docs/stubs.md says how to make the
stubs. FITD_ADDRESS, FITD_TLS_CA and FITD_TOKEN are those of fitctl, but a token needs TLS.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from fitd.v1 import prediction_service_pb2 as fitd
from fitd.v1.prediction_service_pb2_grpc import PredictionServiceStub

# A prediction changes nothing: it is safe to wait and to repeat it while the daemon restarts. A call that reaches a
# gRPC server in the moment it stops ends with CANCELLED.
SERVICE_CONFIG = """{"methodConfig": [{
  "name": [{"service": "fitd.v1.PredictionService"}],
  "timeout": "5s", "waitForReady": true,
  "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2,
                  "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]}
}]}"""


def connect():
    address = os.environ.get("FITD_ADDRESS", "127.0.0.1:7474")
    options = [("grpc.service_config", SERVICE_CONFIG)]
    authorities = os.environ.get("FITD_TLS_CA")
    if not authorities:
        return grpc.insecure_channel(address, options)
    credentials = grpc.ssl_channel_credentials(None if authorities == "system" else open(authorities, "rb").read())
    if token := os.environ.get("FITD_TOKEN"):
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    return grpc.secure_channel(address, credentials, options)


def value(cell):
    if cell is None:
        return fitd.Value()  # Missing.
    return fitd.Value(text=cell) if isinstance(cell, str) else fitd.Value(number=cell)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            batch = fitd.RowBatch(columns=row.keys(), rows=[fitd.Row(values=map(value, row.values()))])
            response = stub.Predict(fitd.PredictRequest(model=model, rows=batch))
            answer = {"version": response.version, "labels": [*response.labels], "scores": [*response.scores]}
            self.reply(200, answer)
        except (AttributeError, TypeError, ValueError):
            self.reply(400, {"error": "send a JSON object of numbers, texts and nulls"})
        except grpc.RpcError as error:
            bad_row = error.code() == grpc.StatusCode.INVALID_ARGUMENT
            self.reply(400 if bad_row else 502, {"error": error.details()})

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


model, listen = sys.argv[1:]
host, port = listen.rsplit(":", 1)
stub = PredictionServiceStub(connect())
with ThreadingHTTPServer((host, int(port)), Handler) as server:
    print(f"http://{host}:{server.server_port}", flush=True)
    server.serve_forever()
