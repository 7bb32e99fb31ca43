#!/usr/bin/env bash
# Proves that jobs never lose work. Takes about half an hour; ctest runs a share of it (label `fault`).
#
#   kill_sweep        the daemon is killed at more than 200 points: system calls, moments of training, system calls of the
#                     recovery. Everything answered is there, nothing half-made is, and the weights and the history of every
#                     fit are those of the undisturbed run.
#   network_test      1,000 submits over connections that are cut: 1,000 jobs. 1,000 reconnects of a watcher: each event once.
#   faults_test       full and read-only disks, failing system calls, damaged and lost files, memory limits, signals, clock
#                     jumps, lack of file descriptors, 10,000 queued jobs, 1,000 cancels; memory after 1,000 jobs and 100,000 predictions.
#   determinism_test  other threads, locales, memory, load: the same bits.
#
# Usage: run.sh [NAME...]; exit code 1 when anything did not hold.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/install-deps.sh --ci
cmake --preset release
cmake --build --preset release --parallel 2 --target fitd fitd_python_stubs

failed=0
[ $# -gt 0 ] || set -- kill_sweep network_test faults_test determinism_test
for name; do
  echo "=== $name"
  FITD_FAULT_FULL=1 FITD=build/release/server/fitd PYTHONPATH=build/release/gen/python \
    /usr/bin/python3 -B "tests/fault/$name.py" || failed=1
done
exit "$failed"
