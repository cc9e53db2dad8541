#!/usr/bin/env bash
# Runs every benchmark and leaves JSON. Usage: ci/bench.sh [FOLDER, default build/bench]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/bench}
ci/install.sh build
ci/build.sh release
mkdir -p "$out"
find build/release/lib -name 'portillon_*_bench' -type f -perm -u+x | sort | while read -r program; do
  name=$(basename "$program")
  "$program" --benchmark_out="$out/$name.json" --benchmark_out_format=json
done
