#!/usr/bin/env bash
# From a fresh Debian 12 machine to a comparison: installs what is missing, builds, and compares MQTT, HTTP/2 and
# gRPC on the embedded server. Two minutes at most after the build.
# Usage: ci/demo.sh [options of portillon compare...]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build
ci/build.sh release portillon
out=build/demo
mkdir -p "$out"
build/release/portillon compare scenarios/compare.yaml --protocols mqtt,http2,grpc -o "$out" "$@"
