#!/usr/bin/env bash
# deploy/demo.sh, as the README has users run it: the digits reach 96 % on rows not trained on, and rows get labels.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$(deploy/demo.sh) || { echo "$out"; exit 1; }
echo "$out"
python3 - "$out" << 'PYTHON'
import re, sys
out = sys.argv[1]
accuracy = max(float(value) for value in re.findall(r"val_accuracy (0\.\d+)", out))
assert accuracy >= 0.96, f"the validation accuracy is {accuracy}; at least 0.96 is promised"
assert re.search(r"^row +label +score +likeliest$", out, re.M), "no labelled predictions"
assert "weights_sha256" in out
PYTHON
