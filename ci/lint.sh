#!/usr/bin/env bash
# Is every source formatted as .clang-format says? With --tidy: does clang-tidy find fault (needs build/release)?
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files '*.cc' '*.h')
clang-format-14 --dry-run --Werror "${sources[@]}"
if [ "${1:-}" = --tidy ]; then
  mapfile -t units < <(git ls-files '*.cc' | grep -v _fuzz.cc)
  printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-14 --quiet -p build/release
fi
