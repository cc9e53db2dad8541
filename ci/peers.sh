#!/usr/bin/env bash
# Portillon beside the tools of its field, on this machine, in one run: alternating, several rounds, medians and ratios.
# Prints a table and writes it as Markdown. Half an hour with 5 rounds; leave the machine alone meanwhile.
# Usage: ci/peers.sh [ROUNDS, default 5] [FILE, default reports/peers.md] [ROW...]
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build strangers peers
ci/build.sh release portillon
mkdir -p build/peers
for program in epoll_round_trips mosquitto_publisher; do
  g++ -std=c++20 -O2 -o "build/peers/$program" "ci/peers/$program.cc" -lmosquitto
done
exec /usr/bin/python3 ci/peers/peers.py build/release/portillon build/peers "$@"
