#!/usr/bin/env bash
# A large upload leaves the daemon's peak memory near its idle memory. Usage: upload_memory_test.sh [MEGABYTES]; the default
# keeps the test quick. FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

megabytes=${1-300}
status_kib() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$daemon/status"; }

start_daemon
idle=$(status_kib VmRSS)
rows=$((megabytes * 1024))   # of 1 KiB
head -c "$((rows * 1024))" /dev/zero > "$work/x.raw"
head -c "$rows" /dev/zero > "$work/y.raw"
expect_exit 0 "$FITCTL" dataset upload zeros --format raw --dtype uint8 --row-shape 1024 \
  --features "$work/x.raw" --labels "$work/y.raw"
peak=$(status_kib VmHWM)
echo "uploaded $megabytes MB; idle $((idle / 1024)) MB, peak $((peak / 1024)) MB"
[ $((peak - idle)) -lt $((200 * 1024)) ] || fail "the peak is more than 200 MB above idle"
stop_daemon
