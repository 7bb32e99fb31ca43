#!/bin/sh
# usage: weak_symbols_test.sh NM ARCHIVE
# The linker keeps one copy of a weak symbol. If kernels of two instruction sets shared one, an old processor could run
# the new one's copy. So each must carry its level in its name: fitd::v3::..., or Eigen_v3::... in its arguments.
set -eu
symbols=$("$1" "$2")
shared=$(printf '%s\n' "$symbols" | grep -E ' [WVu] ' | grep -Ev '4fitd(8baseline|2v[34])|Eigen_(baseline|v[34])' || true)
if [ -n "$shared" ]; then
  printf 'weak symbols that instruction sets would share:\n%s\n' "$shared" >&2
  exit 1
fi
printf '%s\n' "$symbols" | grep -q 'FillTable'
