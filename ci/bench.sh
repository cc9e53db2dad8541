#!/usr/bin/env bash
# Runs every benchmark, and writes all results as JSON into one file, named at the end. Each counts its allocations
# per batch, by whatever library. Usage: ci/bench.sh [FOLDER, default build/bench] [BENCHMARK OPTIONS...]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/bench}
shift || true
ci/install.sh build
ci/build.sh release
mkdir -p "$out"
rm -f "$out"/portillon_*_bench.json
find build/release/lib -name 'portillon_*_bench' -type f -perm -u+x | sort | while read -r program; do
  name=$(basename "$program")
  "$program" --benchmark_out="$out/$name.json" --benchmark_out_format=json "$@"
done
/usr/bin/python3 - "$out" <<'END'
import glob, json, os, sys

folder = sys.argv[1]
whole = {"context": None, "benchmarks": []}
for path in sorted(glob.glob(os.path.join(folder, "portillon_*_bench.json"))):
    with open(path) as file:
        part = json.load(file)
    whole["context"] = whole["context"] or part["context"]
    program = os.path.basename(path)[: -len(".json")]
    whole["benchmarks"] += [{"program": program, **each} for each in part["benchmarks"]]
assert whole["benchmarks"], "no benchmark has run"
with open(os.path.join(folder, "bench.json"), "w") as file:
    json.dump(whole, file, indent=1)
print(f"{len(whole['benchmarks'])} benchmarks: {os.path.join(folder, 'bench.json')}")
END
