#!/usr/bin/env bash
# What checkpoints cost a fit: the engine with the daemon's checkpoints beside the engine without, in pairs, on one and two
# threads. Needs a quiet machine; about ten minutes.
#
#   tests/bench/checkpoints.sh [--rounds N] [--seconds S] [--workloads T2,T3]
set -euo pipefail
cd "$(dirname "$0")/../.."

cmake --preset release > /dev/null
cmake --build --preset release --target fitd fitctl fit_bench >&2
export FITD=$PWD/build/release/server/fitd
export FITCTL=$PWD/build/release/client/cli/fitctl
export FIT_BENCH=$PWD/build/release/tests/bench/fit_bench

venv=$PWD/build/bench-venv
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check numpy >&2

MNIST_DIR=$(deploy/fetch-mnist.sh)
export MNIST_DIR
exec "$venv/bin/python" -B tests/bench/checkpoints.py "$@"
