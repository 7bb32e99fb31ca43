#!/usr/bin/env bash
# How long a training step takes with fitd, Keras, PyTorch, JAX and scikit-learn: same data, batches, initial weights, loss
# and optimizer, one table per network and number of cores. Needs python3 with venv, pip's package index, and a quiet
# machine; about 25 minutes on two cores.
#
#   tests/bench/compare.sh [--quick] [--rounds N] [--workloads T1,T2] [--cores 1,2] [--contenders WORDS] [--json FILE]
#   tests/bench/compare.sh --sweep [the same]    finds each peer's fastest configuration
#
# The peers are installed into build/bench-venv, their data lies in build/bench. docs/benchmarks.md tells what is measured.
# FITD, FITCTL, FIT_BENCH and KERNELS_BENCH may name programs that are built already; MNIST_DIR the folder of MNIST.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ -z ${FITD:-} || -z ${FITCTL:-} || -z ${FIT_BENCH:-} || -z ${KERNELS_BENCH:-} ]]; then
  cmake --preset release > /dev/null
  cmake --build --preset release --target fitd fitctl fit_bench kernels_bench >&2
fi
export FITD=${FITD:-$PWD/build/release/server/fitd}
export FITCTL=${FITCTL:-$PWD/build/release/client/cli/fitctl}
export FIT_BENCH=${FIT_BENCH:-$PWD/build/release/tests/bench/fit_bench}
export KERNELS_BENCH=${KERNELS_BENCH:-$PWD/build/release/tests/bench/kernels_bench}

venv=$PWD/build/bench-venv
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/bench/compare/requirements.txt >&2

MNIST_DIR=$(deploy/fetch-mnist.sh)
export MNIST_DIR BENCH_DIR=$PWD/build/bench PYTHONPATH=$PWD/tests/bench
exec "$venv/bin/python" -B -m compare "$@"
