#!/usr/bin/env bash
# Hostile clients against the server, hostile servers against the generator, and their cost to others. Up to an hour;
# the parts that judge are also in ci/test.sh, shorter.
# Usage: ci/hostile.sh [clients] [servers] [resets] [memory] [latency]     (all of them, in this order)
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers
ci/build.sh release portillon
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(clients servers resets memory latency)
failed=0
for part in "${parts[@]}"; do
  echo "== $part"
  case $part in
    clients) /usr/bin/python3 ci/hostile/hostile_test.py build/release/portillon -v --patient || failed=1 ;;
    servers) /usr/bin/python3 ci/hostile/servers.py build/release/portillon || failed=1 ;;
    resets) /usr/bin/python3 ci/hostile/resets.py build/release/portillon --seconds 60 || failed=1 ;;
    memory | latency) /usr/bin/python3 ci/hostile/measure.py build/release/portillon "$part" || failed=1 ;;
    *) echo "no such part: $part" >&2; exit 2 ;;
  esac
done
exit $failed
