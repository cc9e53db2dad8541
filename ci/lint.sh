#!/usr/bin/env bash
# Is every source formatted as .clang-format says, and does it print only where it may?
# With --deep, which needs build/release and takes minutes for files that have changed: does every header compile by
# itself, and does clang-tidy find fault? .ci/run asks for it.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files '*.cc' '*.h')
clang-format-14 --dry-run --Werror "${sources[@]}"
# The program prints through standard_output() and standard_error() only: they notice a failed write.
if git grep -nE 'fmt::print\(|std::(cout|cerr|clog)\b|\b(f?puts|f?printf|fwrite|perror)\(' -- 'cmd/*.cc' 'cmd/*.h' 'lib/*.cc' 'lib/*.h' \
  ':!*_test.cc' ':!*_bench.cc' ':!*_fuzz.cc' ':!lib/testing' ':!lib/base/check.cc' ':!lib/report/page/write_page_samples.cc'; then
  echo 'lint: print to a StandardStream instead (lib/base/standard_stream.h)' >&2
  exit 1
fi
if [ "${1:-}" = --deep ]; then
  ci/headers_test.py build/release
  ci/tidy.py build/release
fi
