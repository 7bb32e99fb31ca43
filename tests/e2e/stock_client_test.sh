#!/usr/bin/env bash
# A client that has nothing of this project but proto/: stubs made by grpcio-tools, run by Python.
# Usage: stock_client_test.sh VENV; VENV is kept between runs. FITD names the daemon.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

venv=$1
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'grpcio-tools==1.62.3' && touch "$venv/ready"; }; then
    echo "SKIPPED: grpcio-tools could not be installed (no package index within reach?)"
    exit 77
  fi
fi

mkdir "$work/stubs"
"$venv/bin/python" -m grpc_tools.protoc -I proto --python_out="$work/stubs" --grpc_python_out="$work/stubs" \
  proto/fitd/v1/*.proto proto/google/rpc/*.proto

start_daemon
PYTHONPATH=$work/stubs "$venv/bin/python" tests/e2e/stock_client.py "$FITD_ADDRESS" tests/data/iris.csv
stop_daemon
