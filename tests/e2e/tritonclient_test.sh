#!/usr/bin/env bash
# tritonclient, as it is published, makes every call of GRPCInferenceService, and docs/inference.md does as it says. The
# client is kept between runs in ${XDG_CACHE_HOME:-~/.cache}/fitd/tritonclient. FITD and FITCTL name the programs.

# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

requirements=tests/e2e/tritonclient_requirements.txt
venv=${XDG_CACHE_HOME:-$HOME/.cache}/fitd/tritonclient
if ! cmp -s "$requirements" "$venv/ready"; then
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q -r "$requirements" &&
    cp "$requirements" "$venv/ready"; }; then
    echo "SKIPPED: tritonclient could not be installed (no package index within reach?)"
    exit 77
  fi
fi
python=$venv/bin/python

fitctl() { "$FITCTL" "$@"; }
export -f fitctl

fit() {  # fit NAME EPOCHS
  fitctl fit "$1" --data "$1" --epochs "$2" --loss sparse_categorical_crossentropy --optimizer adam \
    --learning-rate 0.01 --batch-size 16 --seed 7
}

# The code of the guide's blocks of one language.
blocks() {
  awk -v fence="\`\`\`$1" '$0 == fence { code = 1; next } /^```/ { code = 0 } code' docs/inference.md
}

start_daemon
blocks sh > "$work/guide.sh"
blocks python > "$work/guide.py"
[ "$(wc -l < "$work/guide.sh")" -ge 4 ] && [ "$(wc -l < "$work/guide.py")" -ge 20 ] ||
  fail "docs/inference.md has lost its example"
cp tests/data/iris.csv "$work"
(cd "$work" && bash -euo pipefail guide.sh) > "$work/out" 2>&1 || { cat "$work/out"; fail "the guide's commands"; }
"$python" "$work/guide.py" > "$work/out" || fail "the guide's program"
expect_output "b'setosa'"
expect_output "b'virginica'"
expect_output '0\.[0-9]+:0:setosa'

# A model of images, one that takes its time, and one with a column of texts.
"$python" - "$work" << 'PYTHON'
import sys
import numpy as np
labels = np.arange(120) % 3
images = np.random.default_rng(7).integers(0, 60, (120, 8, 8)) + 90 * labels[:, None, None]
np.save(sys.argv[1] + "/features.npy", images.astype(np.uint8))
np.save(sys.argv[1] + "/labels.npy", labels.astype(np.uint8))
with open(sys.argv[1] + "/shop.csv", "w") as file:
    file.write("color,size,kind\n" + "red,1,low\nblue,2,high\n" * 30)
PYTHON
{
  for name in image large; do
    fitctl dataset upload "$name" --features "$work/features.npy" --labels "$work/labels.npy"
  done
  fitctl dataset upload shop "$work/shop.csv" --label kind
  fitctl model create image --input 8,8 --layers "flatten, rescaling:0.00392157, dense:16:relu, dense:3:softmax"
  fitctl model create large --input 8,8 \
    --layers "flatten, dense:1024:relu, dense:1024:relu, dense:1024:relu, dense:3:softmax"
  fitctl model create shop --input 4 --layers "dense:16:relu, dense:2:softmax"
  fitctl model create untrained --input 4 --layers "dense:2:softmax"
  fit image 40
  fit large 1
  fit shop 100
} > "$work/out" 2>&1

"$python" tests/e2e/tritonclient_test.py "$FITD_ADDRESS" "$work/features.npy"
stop_daemon
