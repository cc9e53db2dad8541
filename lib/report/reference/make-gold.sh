#!/bin/sh
# Remakes those gold files of lib/report that are the reference implementation's, and checks that it reads our logs.
# Debian: libhdrhistogram-java, a JDK to run source files. Gold files of our own come first (report/gold.h).
#
#     lib/report/reference/make-gold.sh
set -eu
cd "$(dirname "$0")"
gold=../gold
reference() { TZ=UTC java -cp /usr/share/java/hdrhistogram.jar Reference.java "$@"; }
for kind in empty one far many; do
    reference distribution "$kind" >"$gold/${kind}_reference.hgrm"
done
service="$(sed -n 's/^Tag=service,.*,//p' "$gold/healthy.hlog")"
reference encoded "$service" >"$gold/healthy_reference.hgrm"
for log in healthy troubled; do
    reference log "$gold/$log.hlog" >"$gold/${log}_as_read_by_reference.txt"
    # Every line of figures is to the character what the reference writes; it may deflate the histograms differently.
    reference rewrite "$gold/$log.hlog" | grep -v '^#' | cut -d, -f1-3 >"/tmp/$$.theirs"
    grep -v '^#' "$gold/$log.hlog" | cut -d, -f1-3 | diff - "/tmp/$$.theirs"
    rm "/tmp/$$.theirs"
done
