#!/bin/sh
# Remakes lib/stats/gold with the reference implementation (Debian: libhdrhistogram-java, default-jre-headless,
# and a JDK to run source files).
#
#     lib/stats/reference/make-gold.sh build/release/lib/stats/portillon_stats_test
set -eu
test="$(realpath "${1:?the path of portillon_stats_test}")"
cd "$(dirname "$0")"
reference() { java -cp /usr/share/java/hdrhistogram.jar Reference.java "$@"; }
reference write >../gold/reference.txt
PORTILLON_WRITE_OURS=../gold/ours.txt "$test" --gtest_filter='*ReadsBackWhatItWrote*' >/dev/null
reference read ../gold/ours.txt >../gold/ours_as_read_by_reference.txt
