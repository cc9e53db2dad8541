#!/usr/bin/env bash
# Installs missing packages on a Debian 12 machine (as root, or with sudo); returns at once when all are there.
# Usage: ci/install.sh build [strangers] [pages] [fuzz] [lint] [package] [package_test]
set -euo pipefail

build="g++ cmake ninja-build ccache git pkg-config protobuf-compiler libprotobuf-dev
  libboost1.81-dev libboost-url1.81-dev libnghttp2-dev libcli11-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev
  libvalijson-dev libssl-dev zlib1g-dev libbenchmark-dev libgtest-dev libgmock-dev libjs-chart.js"
# Official clients and servers, and readers of what we write, against which the tests run.
strangers="mosquitto mosquitto-clients nghttp2-server nghttp2-client curl python3 python3-grpcio python3-protobuf
  python3-paho-mqtt python3-h2 python3-yaml libgrpc++-dev protobuf-compiler-grpc rabbitmq-server nginx-light
  mandoc zsh fish"
# The browser that opens a report's HTML page.
pages="chromium chromium-driver python3 python3-selenium fonts-dejavu-core"
fuzz="clang libclang-rt-14-dev"
# The tools with which ci/peers.sh compares, besides the strangers.
peers="libmosquitto-dev"
lint="clang-format-14 clang-tidy-14"
# Making a Debian package, and trying it in a clean system.
package="dpkg-dev fakeroot"
package_test="debootstrap lintian mandoc"

wanted=()
for group in "$@"; do
  # shellcheck disable=SC2206
  wanted+=(${!group})
done
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
