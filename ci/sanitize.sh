#!/usr/bin/env bash
# Runs the unit tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer.
# Usage: ci/sanitize.sh [asan] [tsan]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build
for preset in ${*:-asan tsan}; do
  ci/build.sh "$preset" portillon_tests
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1 TSAN_OPTIONS=halt_on_error=1 \
    ctest --test-dir "build/$preset" --output-on-failure -j 2 -LE 'real|long'
done
