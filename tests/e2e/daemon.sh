# shellcheck shell=bash
# Sourced by the end-to-end tests: a daemon of the test's own, on a free loopback port, in a folder that is removed at the
# end. Needs FITD and FITCTL, the two programs. Sets FITD_ADDRESS, and `work`, the folder.

set -euo pipefail

work=$(mktemp -d)
daemon=

# start_daemon [FLAG...] returns once the daemon serves, at $listen if that is set. The data directory outlives a stop, so
# that tests can restart.
start_daemon() {
  rm -f "$work/port"
  "$FITD" --data-dir "$work/data" --listen "${listen:-127.0.0.1:0}" --port-file "$work/port" "$@" 2>> "$work/fitd.log" &
  daemon=$!
  for _ in $(seq 300); do
    [ -s "$work/port" ] && break
    kill -0 "$daemon" 2> /dev/null || fail "the daemon ended at its start"
    sleep 0.1
  done
  [ -s "$work/port" ] || fail "the daemon does not serve after 30 s"
  FITD_ADDRESS=127.0.0.1:$(cat "$work/port")
  export FITD_ADDRESS
}

# Fails unless SIGTERM makes the daemon exit 0.
stop_daemon() {
  local status=0
  kill "$daemon"
  wait "$daemon" || status=$?
  daemon=
  [ "$status" = 0 ] || fail "SIGTERM ended the daemon with $status"
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect_exit CODE command...: runs it, keeps its output in $work/out, and compares the exit code.
expect_exit() {
  local want=$1 got=0
  shift
  "$@" > "$work/out" 2>&1 || got=$?
  [ "$got" = "$want" ] || { cat "$work/out" >&2; fail "exit $got, wanted $want: $*"; }
}

# expect_output PATTERN: an extended regular expression that some line of the last output matches.
expect_output() {
  grep -Eq -- "$1" "$work/out" || { cat "$work/out" >&2; fail "no line matches: $1"; }
}

# A test that fails shows the end of $work/said, if it wrote it, and of the daemon's log.
end_test() {
  local status=$?
  if [ "$status" != 0 ]; then
    for said in "$work/said" "$work/fitd.log"; do
      [ -f "$said" ] || continue
      echo "--- $(basename "$said") ends:" >&2
      tail -n 30 "$said" >&2
    done
  fi
  if [ -n "$daemon" ]; then
    kill -9 "$daemon" 2> /dev/null || true
    wait "$daemon" 2> /dev/null || true
  fi
  rm -rf "$work"
}
trap end_test EXIT
