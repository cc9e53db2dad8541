#!/usr/bin/env bash
# Does diff find real differences and no others, in real time? Some fifteen minutes; not part of ci/test.sh, because it needs
# the machine for itself.
# Usage: ci/known-differences.sh [mqtt] [http2] [grpc] [grpc-stream]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build
ci/build.sh release portillon
exec /usr/bin/python3 ci/known_differences.py build/release/portillon "$@"
