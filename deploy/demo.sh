#!/usr/bin/env bash
# Installs what is missing, builds, starts a daemon of its own on a free port, and does the main job on real data: define
# a network, upload, fit with live progress, evaluate on rows not trained on, predict. Stops what it started.
#
#   deploy/demo.sh            the bundled handwritten digits (8x8 pixels, 1,797 rows)
#   deploy/demo.sh --mnist    MNIST (28x28 pixels, 70,000 rows), fetched and checked first; MNIST_DIR names a copy
set -euo pipefail
cd "$(dirname "$0")/.."

case "$*" in
  "" | --mnist) ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

deploy/install-deps.sh
echo "== Building fitd and fitctl (some minutes the first time)"
bin=$PWD/build/release
mkdir -p "$bin"
log=$bin/demo.log
cmake --preset release > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build --preset release --target fitd fitctl > "$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }

work=$(mktemp -d)
daemon=
stop() {
  if [ -n "$daemon" ]; then
    kill "$daemon" 2> /dev/null || true
    wait "$daemon" 2> /dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

"$bin/server/fitd" --data-dir "$work/data" --listen 127.0.0.1:0 --port-file "$work/port" 2> "$work/fitd.log" &
daemon=$!
for _ in $(seq 100); do
  [ -s "$work/port" ] && break
  kill -0 "$daemon" 2> /dev/null || { cat "$work/fitd.log" >&2; exit 1; }
  sleep 0.1
done
FITD_ADDRESS=127.0.0.1:$(cat "$work/port")
export FITD_ADDRESS
PATH=$bin/client/cli:$PATH

# Shows a command as a user would type it, then runs it.
run() {
  local word
  printf '\n$'
  for word in "$@"; do
    [[ $word =~ ^[[:alnum:]_./,:=@+-]+$ ]] || word="'$word'"
    printf ' %s' "${word#"$PWD/"}"
  done
  printf '\n'
  "$@"
}

if [ "${1-}" = --mnist ]; then
  mnist=$(deploy/fetch-mnist.sh)
  run fitctl model create mnist --input 28,28 \
    --layers 'flatten, rescaling:0.00392157, dense:10:relu, dense:10:relu, dense:10:softmax'
  run fitctl dataset upload mnist-train \
    --features "$mnist/train-images-idx3-ubyte.gz" --labels "$mnist/train-labels-idx1-ubyte.gz"
  run fitctl dataset upload mnist-test \
    --features "$mnist/t10k-images-idx3-ubyte.gz" --labels "$mnist/t10k-labels-idx1-ubyte.gz"
  run fitctl fit mnist --data mnist-train --validation-data mnist-test \
    --loss sparse_categorical_crossentropy --optimizer adam --learning-rate 0.001 \
    --epochs 5 --batch-size 32 --metrics accuracy --seed 7
  run fitctl evaluate mnist --data mnist-test
  run fitctl model show mnist
else
  digits=tests/data/digits.csv
  run fitctl model create digits --input 64 --layers 'dense:64:relu, dropout:0.2, dense:10:softmax'
  run fitctl dataset upload digits "$digits" --label digit
  run fitctl fit digits --data digits --validation-split 0.2 \
    --loss sparse_categorical_crossentropy --optimizer adam --learning-rate 0.001 \
    --epochs 30 --batch-size 32 --metrics accuracy --seed 7
  run fitctl evaluate digits --data digits --rows validation
  printf '\n$ head -n 6 %s | fitctl predict digits - --top-k 3\n' "$digits"
  head -n 6 "$digits" | fitctl predict digits - --top-k 3
  run fitctl model show digits
fi

cat << END

That was the whole job. The daemon of this demo stops now; to go on with one of your own:

  $bin/server/fitd --data-dir ~/fitd-data 2> ~/fitd.log &
  export PATH=$bin/client/cli:\$PATH
  fitctl server info
  fitctl --help
END
