#!/usr/bin/env bash
# Installs the Debian 12 packages that fitd is built and tested with: the one list of them.
#
#   deploy/install-deps.sh        to build, test and run
#   deploy/install-deps.sh --ci   also what .ci/run needs: clang for sanitizers and fuzzing, linters, faults
#
# Works as root or through sudo. Quick when nothing is missing.
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config ccache mold git ca-certificates curl
  libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler
  libabsl-dev libeigen3-dev libspdlog-dev libfmt-dev libcli11-dev libyaml-cpp-dev
  libsqlite3-dev libsqlitecpp-dev zlib1g-dev libssl-dev libjemalloc-dev prometheus-cpp-dev libcivetweb-dev libcpp-httplib-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  python3 python3-venv python3-yaml openssl
)
ci_packages=(clang-19 clang-tidy-19 clang-format-19 llvm-19 libclang-rt-19-dev shellcheck
             strace faketime locales python3-grpcio systemd)

case "${1:-}" in
  "") ;;
  --ci) packages+=("${ci_packages[@]}") ;;
  *) echo "usage: $0 [--ci]" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  # A package of several architectures prints one status for each.
  [[ $status == *installed* && $status != *not-installed* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600)
echo "Installing: ${missing[*]}"
"${apt[@]}" update -qq
"${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}"
