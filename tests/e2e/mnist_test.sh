#!/usr/bin/env bash
# The tutorial's networks on MNIST, through fitctl. MNIST_DIR names the folder with the four files, by default that of
# deploy/fetch-mnist.sh; FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

MNIST_DIR=${MNIST_DIR-${XDG_CACHE_HOME:-$HOME/.cache}/fitd/mnist}
if [ ! -e "$MNIST_DIR/t10k-labels-idx1-ubyte.gz" ]; then
  echo "SKIPPED: MNIST is not in $MNIST_DIR (deploy/fetch-mnist.sh puts it there)"
  exit 77
fi

fitctl() { "$FITCTL" "$@"; }

start_daemon
expect_exit 0 fitctl dataset upload train --features "$MNIST_DIR/train-images-idx3-ubyte.gz" \
  --labels "$MNIST_DIR/train-labels-idx1-ubyte.gz"
expect_exit 0 fitctl dataset upload test --features "$MNIST_DIR/t10k-images-idx3-ubyte.gz" \
  --labels "$MNIST_DIR/t10k-labels-idx1-ubyte.gz"

# try NAME LEAST LAYERS: five epochs; the test accuracy must be LEAST or more.
try() {
  expect_exit 0 fitctl model create "$1" --input 28,28 --layers "flatten, rescaling:0.00392157, $3"
  expect_exit 0 fitctl fit "$1" --data train --loss sparse_categorical_crossentropy --optimizer adam \
    --epochs 5 --batch-size 32 --metrics accuracy --seed 7
  expect_exit 0 fitctl --output json evaluate "$1" --data test
  python3 - "$work/out" "$2" << 'PYTHON' || fail "$1: the accuracy is below $2"
import json, sys
metrics = {m["name"]: m["value"] for m in json.load(open(sys.argv[1]))["metrics"]}
print(metrics)
sys.exit(metrics["accuracy"] < float(sys.argv[2]))
PYTHON
}
try small 0.925 'dense:10:relu, dense:10:relu, dense:10:softmax'
try wide 0.97 'dense:128:relu, dense:10:softmax'
stop_daemon
