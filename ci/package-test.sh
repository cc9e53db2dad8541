#!/usr/bin/env bash
# Builds the packages and tries them as a user would: a clean Debian 12 without a compiler, in which the .deb is installed
# with apt; there it compares protocols, its manual opens, and bash completes its words. Needs root, debootstrap and a
# mirror, which it takes from this machine's own sources of packages.
# Usage: ci/package-test.sh [FOLDER]   (a clean system in FOLDER is kept and used again; without it, a temporary one)
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build package package_test
ci/package.sh
package=$(echo build/package/portillon_*.deb)
if [ "$(id -u)" -ne 0 ]; then
  echo "package-test: a clean system needs root" >&2
  exit 1
fi

fail() {
  echo "package-test: $*" >&2
  exit 1
}

# The first mirror for bookworm of this machine, in either format of sources.
mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +bookworm( .*)?$/\2/p'
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk '/^URIs:/ { uri = $2 } /^Suites:/ && / bookworm( |$)/ { print uri }'
}
mirror=$(mirror | head -n 1)
[ -n "$mirror" ] || fail "this machine has no source of packages for bookworm"

lintian --fail-on error,warning --tag-display-limit 0 "$package"

root=${1:-}
if [ -z "$root" ]; then
  root=$(mktemp -d)
  chmod 755 "$root"  # its programs run as other users, too
  # shellcheck disable=SC2064
  trap "umount '$root/proc' 2>/dev/null || true; rm -rf --one-file-system '$root'" EXIT
else
  trap 'umount "$root/proc" 2>/dev/null || true' EXIT
fi
if [ ! -x "$root/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
    tail "$root.log" >&2
    fail "debootstrap failed"
  }
  rm -f "$root.log"
fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -e /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$root/etc/apt/"
cp "$package" "$root/portillon.deb"

inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
# minbase leaves out documentation in some images; here it must be there.
rm -f "$root"/etc/dpkg/dpkg.cfg.d/*
echo 'Dpkg::Use-Pty "0";' >"$root/etc/apt/apt.conf.d/90no-terminal"
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends man-db bash-completion >/dev/null
begin=$(date +%s)
inside apt-get install -y -qq --no-install-recommends --reinstall /portillon.deb >/dev/null
inside sh -c '! command -v g++ && ! command -v gcc && ! command -v cmake' || fail "there is a compiler in the clean system"

inside sh -c 'portillon init > /root/tiny.yaml --equipments 10 --rate 10/s --duration 2s --warm-up 1s --promise "p(95)<1s"'
inside portillon compare /root/tiny.yaml --quiet -o /root/comparison >"$root/root/table" || [ $? -eq 3 ] || fail "compare failed"
cat "$root/root/table"
echo "package-test: $(($(date +%s) - begin)) s from the package to the first table"
[ -s "$root/root/comparison/comparison.html" ] || fail "there is no page"

inside portillon scenarios | grep '^smoke ' >/dev/null || fail "no scenarios are installed"
inside portillon validate peak >/dev/null || fail "a scenario cannot be named without a path"
inside sh -c 'man portillon-run | col -b' | grep -- '--protocol' >/dev/null || fail "man portillon-run does not open"
inside man -w 5 portillon-scenario >/dev/null || fail "there is no portillon-scenario(5)"
# shellcheck disable=SC2016  # the shell inside expands
completed=$(inside bash -c 'source /usr/share/bash-completion/bash_completion
  _completion_loader portillon || [ $? -eq 124 ]
  COMP_WORDS=(portillon run smoke --protocol grpc-) COMP_CWORD=4 COMP_LINE="portillon run smoke --protocol grpc-"
  COMP_POINT=${#COMP_LINE}
  _portillon; echo "${COMPREPLY[@]}"')
[ "$completed" = grpc-stream ] || fail "bash completes '$completed'"

inside apt-get remove -y -qq portillon >/dev/null
left=$(cd "$root/usr" && find . -path "*portillon*" -not -path '*/man/cat*' | head)
[ -z "$left" ] || fail "it leaves behind: $left"
echo "package-test: passed"
