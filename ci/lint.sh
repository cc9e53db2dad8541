#!/usr/bin/env bash
# Is every source formatted as .clang-format says? With --tidy: does clang-tidy find fault (needs build/release)?
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files '*.cc' '*.h')
clang-format-14 --dry-run --Werror "${sources[@]}"
# What the program says goes through standard_output() and standard_error(), which know what could not be said.
if git grep -nE 'fmt::print\(|std::(cout|cerr|clog)\b|\b(f?puts|f?printf|fwrite|perror)\(' -- 'cmd/*.cc' 'cmd/*.h' 'lib/*.cc' 'lib/*.h' \
  ':!*_test.cc' ':!*_bench.cc' ':!*_fuzz.cc' ':!lib/testing' ':!lib/base/check.cc' ':!lib/report/page/write_page_samples.cc'; then
  echo 'lint: print to a StandardStream instead (lib/base/standard_stream.h)' >&2
  exit 1
fi
if [ "${1:-}" = --tidy ]; then
  mapfile -t units < <(git ls-files '*.cc' | grep -v _fuzz.cc)
  printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-14 --quiet -p build/release
fi
