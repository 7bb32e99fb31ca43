#!/usr/bin/env bash
# How long a search over learning rates takes with fitd, its trials in stacks and one by one, beside a loop over Keras and
# scikit-learn's GridSearchCV: 784-10-10-10 on MNIST, batch 32, Adam, one epoch per rate. Needs a quiet machine; about ten
# minutes on two cores.
#
#   tests/bench/trials.sh [--quick] [--rates N] [--rounds N] [--json FILE]
#
# The peers are installed into build/bench-venv. FITD and FITCTL may name programs that are built already; MNIST_DIR the folder
# of MNIST.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ -z ${FITD:-} || -z ${FITCTL:-} ]]; then
  cmake --preset release > /dev/null
  cmake --build --preset release --target fitd fitctl >&2
fi
export FITD=${FITD:-$PWD/build/release/server/fitd}
export FITCTL=${FITCTL:-$PWD/build/release/client/cli/fitctl}

venv=$PWD/build/bench-venv
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/bench/compare/requirements.txt >&2

MNIST_DIR=$(deploy/fetch-mnist.sh)
export MNIST_DIR
exec "$venv/bin/python" -B tests/bench/trials.py "$@"
