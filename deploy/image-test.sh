#!/usr/bin/env bash
# Builds the image and uses it as a user would, without network, capabilities or a root that can be written: health, fit,
# evaluate, predict, a restart on the same volume, a stop. Prints the image's size and how soon the daemon serves.
#
#   deploy/image-test.sh
#
# Without an engine it installs Debian's and starts one of its own, as root or through sudo, which ends with the test. A base
# image that cannot be pulled is made from the machine's package sources. About a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly image=fitd:image-test container=fitd-image-test-$$ volume=fitd-image-test-$$ base=debian:12-slim
work=$(mktemp -d)
engine=
sudo=()
((EUID == 0)) || sudo=(sudo)

fail() {
  echo "FAILED: $*" >&2
  docker logs "$container" 2>&1 | tail -n 30 >&2 || true
  exit 1
}

end_test() {
  docker rm --force --volumes "$container" > "$work/out" 2>&1 || true
  docker volume rm "$volume" > "$work/out" 2>&1 || true
  if [ -n "$engine" ]; then
    "${sudo[@]}" kill "$engine"
    while "${sudo[@]}" kill -0 "$engine" 2> "$work/out"; do sleep 0.1; done
    "${sudo[@]}" umount "$work"/exec/netns/* 2> "$work/out" || true
  fi
  "${sudo[@]}" rm -rf "$work"
}
trap end_test EXIT

install_packages() {
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# An engine that touches neither the machine's network nor its own engine, if that is down.
start_engine() {
  [ -x /usr/sbin/dockerd ] || install_packages docker.io
  docker() { "${sudo[@]}" env DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=1 /usr/bin/docker "$@"; }
  echo '{}' > "$work/daemon.json"
  "${sudo[@]}" setsid /usr/sbin/dockerd --config-file "$work/daemon.json" --host "unix://$work/docker.sock" \
    --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false > "$work/dockerd.log" 2>&1 &
  for _ in $(seq 300); do
    docker version > "$work/out" 2>&1 && break
    sleep 0.1
  done
  docker version > "$work/out" 2>&1 || { tail -n 20 "$work/dockerd.log" >&2; fail "the engine does not start"; }
  engine=$("${sudo[@]}" cat "$work/dockerd.pid")
}

docker info > "$work/out" 2>&1 || start_engine
if ! docker pull --quiet "$base" > "$work/out" 2>&1; then
  command -v mmdebstrap > "$work/out" || install_packages mmdebstrap
  mmdebstrap --quiet --variant=minbase --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' bookworm "$work/base.tar"
  docker import "$work/base.tar" "$base" > "$work/out"
fi

docker build --network host --tag "$image" .

fitctl() { docker exec --interactive "$container" fitctl "$@"; }

# Until the image's own health check has passed.
wait_until_healthy() {
  for _ in $(seq 60); do
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" != healthy ] || return 0
    sleep 1
  done
  fail "the container is not healthy after a minute"
}

docker volume create "$volume" > "$work/out"
docker run --detach --name "$container" --network none --read-only --cap-drop ALL --security-opt no-new-privileges \
  --memory 1g --volume "$volume:/var/lib/fitd" "$image" > "$work/out"
wait_until_healthy
[ "$(docker exec "$container" id -u)" = 10001 ] || fail "the daemon runs as another user"

fitctl model create iris --input 4 --layers "dense:16:relu, dense:3:softmax"
docker exec --interactive "$container" sh -c 'cat > /var/lib/fitd/iris.csv' < tests/data/iris.csv
fitctl dataset upload iris /var/lib/fitd/iris.csv --label species
fitctl fit iris --data iris --validation-split 0.2 --loss sparse_categorical_crossentropy --optimizer adam \
  --learning-rate 0.01 --epochs 30 --batch-size 16 --metrics accuracy --seed 7 | tail -n 2
fitctl evaluate iris --data iris --rows validation
head -n 4 tests/data/iris.csv | fitctl predict iris - > "$work/before"
grep -q setosa "$work/before" || fail "the prediction"

docker stop "$container" > "$work/out"
[ "$(docker inspect --format '{{.State.ExitCode}}' "$container")" = 0 ] || fail "SIGTERM did not end it with 0"
docker start "$container" > "$work/out"
wait_until_healthy
head -n 4 tests/data/iris.csv | fitctl predict iris - > "$work/after"
cmp "$work/before" "$work/after" || fail "the restarted daemon predicts something else"

# From the start of the process, as the kernel counts it, to the daemon's own "serving".
docker logs "$container" > "$work/log" 2>&1
docker inspect --format '{{.State.StartedAt}}' "$container" > "$work/started"
docker image inspect --format '{{.Size}}' "$image" "$base" > "$work/sizes"
python3 - "$work" << 'PYTHON'
import datetime
import json
import pathlib
import sys

work = pathlib.Path(sys.argv[1])
size, base = map(int, (work / "sizes").read_text().split())
print(f"image: {size / 1e6:.0f} MB, {(size - base) / 1e6:.0f} MB over its base")
events = [json.loads(line) for line in (work / "log").read_text().splitlines() if line.startswith("{")]
serving = [event["time"] for event in events if event["event"] == "serving"][-1]
started = (work / "started").read_text().strip()[:26].rstrip("Z") + "+00:00"
ready = datetime.datetime.fromisoformat(serving) - datetime.datetime.fromisoformat(started)
print(f"from the container's start to serving: {ready.total_seconds() * 1e3:.0f} ms")
PYTHON
