#!/usr/bin/env bash
# A backup is taken while four writers run; a daemon on the copy knows all that was acknowledged before, and a check finds
# nothing. Then damage: the check names it. FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

fitctl() { "$FITCTL" "$@"; }

# write NUMBER: makes models, data sets and fits until $work/stop exists, and notes what was acknowledged.
write() {
  local i=0 name
  while [ ! -e "$work/stop" ]; do
    i=$((i + 1))
    name=w$1-$i
    sed "1!s/^/$((RANDOM % 9))/" tests/data/iris.csv > "$work/$name.csv"
    # A busy machine may fail a call: only what was acknowledged counts.
    fitctl model create "$name" --input 4 --layers 'dense:3:softmax' &&
      fitctl dataset upload "$name" "$work/$name.csv" --label species &&
      fitctl fit "$name" --data "$name" --loss sparse_categorical_crossentropy --epochs 1 --seed 7 &&
      echo "$name" >> "$work/acknowledged"
    if [ $((i % 3)) = 0 ]; then
      fitctl model create "$name-gone" --input 4 --layers 'dense:3:softmax' && fitctl model delete "$name-gone"
    fi || true
  done
}

start_daemon
writers=()
for number in 1 2 3 4; do
  write "$number" > "$work/writer$number.out" 2>&1 &
  writers+=($!)
done
until [ -s "$work/acknowledged" ] && [ "$(wc -l < "$work/acknowledged")" -ge 8 ]; do
  kill -0 "$daemon" || fail "the daemon ended"
  sleep 0.1
done

cp "$work/acknowledged" "$work/before"
expect_exit 0 fitctl server backup "$work/copy"
expect_output '^Wrote [0-9]+ files of '
expect_exit 0 fitctl server fsck
expect_exit 2 fitctl server backup "$work/copy"
touch "$work/stop"
wait "${writers[@]}"
[ -z "$(ls "$work/data/tmp")" ] || fail "the backup left files in tmp/"
stop_daemon

mv "$work/data" "$work/original"
mv "$work/copy" "$work/data"
start_daemon
while read -r name; do
  expect_exit 0 fitctl predict "$name@1" "$work/$name.csv"
  expect_exit 0 fitctl dataset head "$name"
done < "$work/before"
expect_exit 0 fitctl server fsck
expect_output ': 0 findings$'

weights=$(find "$work/data/weights" -type f | head -n 1)
mv "$weights" "$work/weights"
echo hello > "$work/data/datasets/notes.txt"
expect_exit 7 fitctl server fsck
expect_output '^version w.*: missing: weights/'
expect_output '^file datasets/notes.txt: stray: '
expect_exit 7 fitctl server backup "$work/second"
[ ! -e "$work/second" ] && [ ! -e "$work/second.partial" ] || fail "half a backup is there"
head -c 200 "$work/weights" > "$weights"
expect_exit 7 fitctl server fsck
expect_output '^version w.*: damaged: '
mv "$work/weights" "$weights"
stop_daemon
start_daemon
[ -e "$work/data/datasets/notes.txt" ] || fail "a file of others was removed"
stop_daemon
echo "backup: $(wc -l < "$work/before") acknowledged before, all there"
