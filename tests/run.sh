#!/usr/bin/env bash
# Installs what is missing, builds fitd as it is shipped, and runs the tests. Arguments go to ctest:
#
#   tests/run.sh                 everything
#   tests/run.sh -R Dense        tests whose name matches
#   tests/run.sh -L lint         tests with a label
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-deps.sh
cmake --preset release
cmake --build --preset release --parallel 2
ctest --preset release "$@"
