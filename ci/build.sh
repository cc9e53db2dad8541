#!/usr/bin/env bash
# Configures and builds one preset. Usage: ci/build.sh release|package|debug|asan|tsan|fuzz [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
# One cache for every checkout on this machine.
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset "$preset" -Wno-dev >"/tmp/portillon-configure-$preset.$$" 2>&1 || {
  cat "/tmp/portillon-configure-$preset.$$" >&2
  exit 1
}
rm -f "/tmp/portillon-configure-$preset.$$"
cmake --build --preset "$preset" ${1:+--target "$@"}
