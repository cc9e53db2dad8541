#!/usr/bin/env bash
# Provokes each reason of the verdict on a measurement with real programs and prints the result. It depends on the
# machine (it starves it on purpose), so it is not part of ci/test.sh. Two minutes; needs root or user namespaces for two
# of the rows. Usage: ci/verdicts.sh [PORTILLON, default build/release/portillon]
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-}
if [ -z "$program" ]; then
  ci/install.sh build
  ci/build.sh release portillon
  program=build/release/portillon
fi
exec /usr/bin/python3 ci/verdicts.py "$program"
