#!/usr/bin/env bash
# Every command of a guide works as written: the lines of its `sh` blocks, and the lines after "$ " of its `console` blocks with
# their continuations. Usage: guide_test.sh FILE LEAST, with at least LEAST lines of commands. FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

mkdir -p "$work/bin" "$work/tests"
ln -s "$(realpath "$FITCTL")" "$work/bin/fitctl"
PATH=$work/bin:$PATH
# The files that the guides speak of, where they say.
cp -r tests/data "$work/tests/"
cp tests/data/iris.csv tests/data/digits.csv deploy/examples/*.yaml "$work"

# A guide starts its own daemon; the test has one already.
awk '
  /^```/ { block = block == "" ? substr($0, 4) : ""; next }
  block == "sh" { print }
  block == "console" && (/^\$ / || continued) {
    sub(/^\$ /, "")
    continued = /\\$/
    if ($0 !~ /^(export PATH=|fitd )/) print
  }
' "$1" > "$work/commands"
[ "$(wc -l < "$work/commands")" -ge "$2" ] || fail "$1 has lost its commands"

start_daemon
cd "$work"
(
  set -x
  # shellcheck disable=SC1091
  . ./commands
) > said 2>&1
stop_daemon
