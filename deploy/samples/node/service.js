// Answers POST with a JSON object, a row of the model's table, by the labels and scores that fitd predicts for it.
//
// Usage: node service.js MODEL HOST:PORT, as in node service.js iris@champion 127.0.0.1:8080. It reads proto/ when it
// starts. FITD_ADDRESS, FITD_TLS_CA and FITD_TOKEN are those of fitctl, but a token needs TLS.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

// A prediction changes nothing: it is safe to wait and to repeat it while the daemon restarts. A call that reaches a gRPC
// server in the moment it stops ends with CANCELLED.
const waiting = new grpc.Metadata({ waitForReady: true });
const serviceConfig = {
  methodConfig: [{
    name: [{ service: "fitd.v1.PredictionService" }],
    timeout: "5s",
    retryPolicy: {
      maxAttempts: 5, initialBackoff: "0.1s", maxBackoff: "2s", backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE", "CANCELLED"],
    },
  }],
};

function credentials() {
  const { FITD_TLS_CA: authorities, FITD_TOKEN: token } = process.env;
  if (!authorities) return grpc.credentials.createInsecure();
  const tls = grpc.credentials.createSsl(authorities === "system" ? null : readFileSync(authorities));
  if (!token) return tls;
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return grpc.credentials.combineChannelCredentials(
    tls, grpc.credentials.createFromMetadataGenerator((_, done) => done(null, metadata)));
}

function value(cell) {
  if (cell === null) return {}; // Missing.
  return typeof cell === "string" ? { text: cell } : { number: cell };
}

const proto = loadSync("fitd/v1/prediction_service.proto", {
  includeDirs: [fileURLToPath(new URL("../../../proto", import.meta.url))], keepCase: true, longs: Number,
});
const { PredictionService } = grpc.loadPackageDefinition(proto).fitd.v1;
const address = process.env.FITD_ADDRESS ?? "127.0.0.1:7474";
const client = new PredictionService(address, credentials(), { "grpc.service_config": JSON.stringify(serviceConfig) });
const predict = promisify(client.Predict).bind(client);

const [model, listen] = process.argv.slice(2);
const [, host, port] = listen.match(/^(.*):(\d+)$/);
const server = createServer(async (request, response) => {
  let status = 200;
  let answer;
  try {
    const row = await json(request);
    const rows = { columns: Object.keys(row), rows: [{ values: Object.values(row).map(value) }] };
    const { version, labels, scores } = await predict({ model, rows }, waiting);
    answer = { version, labels, scores };
  } catch (error) {
    const badRow = error.code === undefined || error.code === grpc.status.INVALID_ARGUMENT;
    status = badRow ? 400 : 502;
    answer = { error: error.details ?? "send a JSON object of numbers, texts and nulls" };
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
});
server.listen(Number(port), host, () => console.log(`http://${host}:${server.address().port}`));
