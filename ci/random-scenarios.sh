#!/usr/bin/env bash
# Scenarios drawn at random, run for real, and the identities that must hold of every report. 200 take some ten minutes.
# Usage: ci/random-scenarios.sh [COUNT=200] [SEED=a new one]     One again: ci/random_scenarios.py build/release/portillon --only SEED
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers
ci/build.sh release portillon
exec /usr/bin/python3 ci/random_scenarios.py build/release/portillon --count "${1:-200}" --seed "${2:-$(date +%s)}"
