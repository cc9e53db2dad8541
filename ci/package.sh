#!/usr/bin/env bash
# Builds the program alone and leaves a Debian package and an archive in build/package; says what they are called, how
# large they are and what they depend on. The same commit makes the same files.
# Usage: ci/package.sh
set -euo pipefail
cd "$(dirname "$0")/.."
ci/install.sh build package
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CMakeLists.txt)
export SOURCE_DATE_EPOCH
umask 022
ci/build.sh package portillon
rm -rf build/package/_CPack_Packages build/package/portillon[-_]*.{deb,tar.gz}
# As root in the archive, whoever builds it.
(cd build/package && fakeroot cpack --config CPackConfig.cmake >cpack.log) || {
  cat build/package/cpack.log >&2
  exit 1
}
for file in build/package/portillon[-_]*.{deb,tar.gz}; do
  printf '%s\t%s bytes\n' "$file" "$(stat -c %s "$file")"
done
dpkg-deb --field build/package/portillon_*.deb Depends Installed-Size
