#!/usr/bin/env bash
# The tool measures itself in real time, against answers that are known beforehand. Some five minutes; not part of
# ci/test.sh, because a machine that is busy with something else may miss the tolerances.
# Usage: ci/known-answers.sh [mqtt] [http2] [grpc] [grpc-stream]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers
ci/build.sh release portillon
exec /usr/bin/python3 ci/known_answers.py build/release/portillon "$@"
