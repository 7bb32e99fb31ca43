#!/usr/bin/env bash
# How long Predict takes beside a bare echo with the same gRPC, for one row of 784-128-10: over TCP and a unix socket, with
# 1 to 64 clients, now and then, and while a fit runs. Needs a quiet machine; about 15 minutes.
#
#   tests/bench/predict.sh [--quick] [--rounds N] [--seconds S] [--clients 1,2] [--transports tcp,unix] [--json FILE]
#
# docs/benchmarks.md tells what is measured. FITD, FITCTL, PREDICT_ECHO and PREDICT_LOAD may name programs that are built
# already.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ -z ${FITD:-} || -z ${FITCTL:-} || -z ${PREDICT_ECHO:-} || -z ${PREDICT_LOAD:-} ]]; then
  cmake --preset release > /dev/null
  cmake --build --preset release --target fitd fitctl predict_echo predict_load >&2
fi
export FITD=${FITD:-$PWD/build/release/server/fitd}
export FITCTL=${FITCTL:-$PWD/build/release/client/cli/fitctl}
export PREDICT_ECHO=${PREDICT_ECHO:-$PWD/build/release/tests/bench/predict_echo}
export PREDICT_LOAD=${PREDICT_LOAD:-$PWD/build/release/tests/bench/predict_load}
PYTHONPATH=$PWD/tests/bench exec python3 -B -m predict "$@"
