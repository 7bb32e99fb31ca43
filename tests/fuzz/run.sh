#!/usr/bin/env bash
# Feeds made-up input to every parser of what comes from clients and from the disk, two at a time. Fails when one crashes,
# hangs, leaks or breaks its own promise, and prints the file with the input.
#
# Usage: run.sh [SECONDS [TARGET...]]    60 s and all targets by default
#
# What reaches new code is kept in build/fuzz/found, and the next run begins with it. What is worth keeping for good goes
# to corpus/TARGET, which every build runs.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
shift || true
deploy/install-deps.sh --ci
cmake --preset fuzz
cmake --build --preset fuzz --parallel 2
if [ $# -eq 0 ]; then
  mapfile -t targets < <(cd tests/fuzz/corpus && ls)
  set -- "${targets[@]}"
fi

fuzz() {  # fuzz SECONDS TARGET
  local found=build/fuzz/found/$2 log=build/fuzz/$2.log
  mkdir -p "$found"
  if "build/fuzz/tests/fuzz/$2_fuzz" -max_total_time="$1" -timeout=10 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$2-" "$found" "tests/fuzz/corpus/$2" >"$log" 2>&1; then
    echo "$2: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    tail -n 50 "$log"
    echo "$2: FAILED, see $log"
    return 1
  fi
}
export -f fuzz
export LSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'fuzz "$0" "$1"' "$seconds" {}
