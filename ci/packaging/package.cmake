# The Debian package and the archive that `cpack` makes. ci/package.sh does it from a clean tree.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME portillon)
set(CPACK_PACKAGE_VENDOR "The portillon maintainers")
set(CPACK_PACKAGE_CONTACT "${PORTILLON_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "load-testing toolkit that compares MQTT, HTTP/2 and gRPC")
set(CPACK_PACKAGE_DESCRIPTION
"Portillon sends a fleet of emulated equipments (ticket validators, sensors,
attendance terminals), each with its own connection, schedule and offline
cache, through the same gate over MQTT, HTTP/2 and gRPC, and says which one
holds: latencies without coordinated omission, an account of every message,
faults of the network and of the server on a timeline, and a verdict on the
measurement itself. It brings its own server; any broker or server that
acknowledges can be the target.")
set(CPACK_PACKAGE_FILE_NAME portillon-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/ci/packaging/same_times.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
