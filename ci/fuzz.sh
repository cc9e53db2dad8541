#!/usr/bin/env bash
# Runs every fuzz target for a while, from its corpus. Inputs that fail are put into build/fuzz/found.
# Usage: ci/fuzz.sh [SECONDS for each target, default 60]
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:-60}
ci/install.sh build fuzz
# One cache for every checkout on this machine.
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset fuzz -Wno-dev >/dev/null
mapfile -t targets < <(ninja -C build/fuzz -t targets all | sed -n 's/^\(portillon_[a-z0-9_]*_fuzz\): phony$/\1/p')
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz target found" >&2; exit 1; }
ninja -C build/fuzz "${targets[@]}"
mkdir -p build/fuzz/found
passed=0
failed=0
run_one() {
  local target=$1 duration=$2
  local program name source corpus
  program=$(find build/fuzz -name "$target" -type f -perm -u+x)
  name=${target#portillon_}
  name=${name%_fuzz}
  corpus=$(find lib -type d -path "*/fuzz_corpus/$name" | head -n 1)
  mkdir -p "build/fuzz/grown/$name"
  if "$program" -max_total_time="$duration" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/grown/$name" ${corpus:+"$corpus"} >"build/fuzz/$name.log" 2>&1; then
    echo "ok   $name"
  else
    echo "FAIL $name"
    tail -n 40 "build/fuzz/$name.log"
    return 1
  fi
}
export -f run_one
results=$(printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_one {} '"$duration" || true)
echo "$results"
passed=$(grep -c '^ok ' <<<"$results" || true)
failed=$((${#targets[@]} - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
