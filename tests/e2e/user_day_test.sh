#!/usr/bin/env bash
# A user's day through fitctl: define, upload, fit, watch, evaluate, predict, restart, mistakes.
# FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

fitctl() { "$FITCTL" "$@"; }
weights_sha() { fitctl --output json model show "$1" | grep -oE '"weightsSha256": *"[0-9a-f]{64}"' | grep -oE '[0-9a-f]{64}'; }

expect_exit 6 fitctl --address 127.0.0.1:1 server info

start_daemon
expect_exit 0 fitctl server info
expect_output 'sparse_categorical_crossentropy'

# Classification with string labels, straight from the file.
expect_exit 0 fitctl model create iris --input 4 --layers 'dense:16:relu, dense:3:softmax'
expect_exit 0 fitctl dataset upload iris tests/data/iris.csv --label species
expect_exit 0 fitctl fit iris --data iris --validation-split 0.2 --loss sparse_categorical_crossentropy \
  --optimizer adam --learning-rate 0.01 --epochs 60 --batch-size 16 --metrics accuracy --seed 7
expect_exit 0 fitctl evaluate iris --data iris --rows validation
expect_output 'versicolor'
expect_output 'accuracy +(1|0\.9)'
head -n 4 tests/data/iris.csv > "$work/rows.csv"
expect_exit 0 fitctl predict iris "$work/rows.csv" --top-k 2
expect_output 'setosa'

# Regression from the same kind of file.
expect_exit 0 fitctl model create diabetes --input 10 --layers 'dense:32:relu, dense:1'
expect_exit 0 fitctl dataset upload diabetes tests/data/diabetes.csv --label progression
expect_exit 0 fitctl fit diabetes --data diabetes --validation-split 0.2 --loss mean_squared_error \
  --optimizer adam --learning-rate 0.01 --epochs 100 --metrics mean_absolute_error,r2_score --seed 7 \
  --early-stopping val_loss:10
expect_exit 0 fitctl evaluate diabetes --data diabetes --rows validation
expect_output 'r2_score +0\.[3-9]'

# The same fit gives the same bits, on one thread or two.
fit_digits() {
  expect_exit 0 fitctl fit digits --data digits --validation-split 0.2 --loss sparse_categorical_crossentropy \
    --optimizer adam --epochs 8 --metrics accuracy --seed 7 "$@"
}
expect_exit 0 fitctl model create digits --input 64 --layers 'dense:64:relu, dropout:0.2, dense:10:softmax'
expect_exit 0 fitctl dataset upload digits tests/data/digits.csv --label digit
fit_digits --threads 1
fit_digits --threads 2
[ "$(weights_sha digits@1)" = "$(weights_sha digits@2)" ] || fail "two threads gave other weights than one"
[ -n "$(weights_sha digits@1)" ] || fail "no weights_sha256"

# In the background, followed from another place, cancelled.
expect_exit 0 fitctl fit digits --data digits --loss sparse_categorical_crossentropy --epochs 100000 --detach
job=$(grep -oE 'fit-[0-9]+' "$work/out" | head -n 1)
expect_exit 0 fitctl job show "$job"
expect_exit 0 fitctl predict digits@1 tests/data/digits.csv
expect_exit 0 fitctl predict "job:$job" tests/data/digits.csv
expect_output "digits, epoch [0-9]+ of job $job"
expect_exit 0 fitctl evaluate "job:$job" --data digits
expect_output "digits, epoch [0-9]+ of job $job, on"
expect_exit 0 fitctl job pause "$job"
expect_output 'PAUSED'
expect_exit 0 fitctl job resume "$job"
expect_exit 0 fitctl job cancel "$job"
expect_exit 0 fitctl job events "$job"
expect_output 'CANCELLED'
expect_exit 0 fitctl model show "job:$job"
expect_output 'digits@3'
expect_exit 0 fitctl job delete "$job"
expect_exit 3 fitctl job show "$job"

# Everything survives a restart.
before=$(weights_sha digits@2)
stop_daemon
start_daemon
[ "$(weights_sha digits@2)" = "$before" ] || fail "the weights changed over a restart"
expect_exit 0 fitctl job events fit-1
expect_output 'SUCCEEDED'
expect_exit 0 fitctl evaluate iris@1 --data iris

# Mistakes: each names what was given and what is allowed.
expect_exit 2 fitctl model create net --input 4 --layers 'dnese:10'
expect_output 'did you mean "dense"'
expect_exit 2 fitctl model create net --input 4 --layers 'dense:0'
expect_output 'units'
expect_exit 2 fitctl dataset upload bad tests/data/iris.csv --label specis
expect_output 'did you mean "species"'
expect_exit 2 fitctl fit digits --data iris --loss sparse_categorical_crossentropy
expect_output '64'
expect_exit 2 fitctl fit iris --data iris --loss sparse_categorical_crossentropy --epochs 0
expect_output 'epochs'
expect_exit 3 fitctl fit nothing --data iris --loss mean_squared_error
expect_exit 4 fitctl model create iris --input 4 --layers 'dense:3'
expect_exit 2 fitctl frobnicate
expect_exit 5 fitctl fit diabetes --data diabetes --loss mean_squared_error --optimizer sgd \
  --learning-rate 1e30 --epochs 3
expect_output 'step'
head -n 1 tests/data/iris.csv > "$work/header.csv"
expect_exit 2 fitctl predict iris "$work/header.csv"
expect_output 'no rows'
expect_exit 0 fitctl server info

expect_exit 0 fitctl model delete iris
expect_exit 3 fitctl model show iris
expect_exit 0 fitctl dataset delete iris
stop_daemon
echo "a user's day: ok"
