#!/usr/bin/env bash
# Every fault over every driver, counted by an observer between generator and server that shares no code with either, and
# compared with the report: fault x driver, injected, observed, reported. About ten minutes; a short part of it is in ci/test.sh.
# Usage: ci/faults.sh [KIND...] [--drivers mqtt,mqtt-qos2,mqtt-qos0,mqtt-3.1.1,http2,grpc,grpc-stream] [--markdown FILE] [--jobs 4] [--seed 3]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers
ci/build.sh release portillon
exec /usr/bin/python3 ci/faults/observer.py build/release/portillon "$@"
