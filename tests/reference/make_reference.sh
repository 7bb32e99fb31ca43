#!/bin/sh
# Makes tests/reference/values anew with Keras, in a virtual environment of its own (FITD_KERAS_VENV, or a folder in
# the user's cache). Needs python3 with venv, and pip's package index.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
venv=${FITD_KERAS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/fitd-keras}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$folder/requirements.txt"

export KERAS_BACKEND=jax JAX_PLATFORMS=cpu TF_CPP_MIN_LOG_LEVEL=3
# Formulas in double precision, whole trainings in Keras's usual single precision.
JAX_ENABLE_X64=1 "$venv/bin/python" "$folder/make_reference.py" float64 "$folder/values"
JAX_ENABLE_X64=0 "$venv/bin/python" "$folder/make_reference.py" float32 "$folder/values"
