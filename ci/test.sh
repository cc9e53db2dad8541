#!/usr/bin/env bash
# Installs what is missing, builds release, and runs all tests: units, fuzz corpora, and the tests against strangers.
# Usage: ci/test.sh [options of ctest...]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers pages lint
ci/lint.sh
ci/build.sh release
ctest --test-dir build/release --output-on-failure -j 4 "$@"  # most tests mostly wait
