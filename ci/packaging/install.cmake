# What `cmake --install` lays out, and the packages contain.
include(GNUInstallDirs)
set(data ${CMAKE_INSTALL_DATADIR}/portillon)

install(TARGETS portillon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# A scenario's first line names the schema that lies beside it.
install(DIRECTORY scenarios/ DESTINATION ${data}/scenarios FILES_MATCHING PATTERN "*.yaml" PATTERN "*.json")
install(FILES scenarios/scenario.schema.json reports/report.schema.json lib/wire/portillon.proto
  DESTINATION ${data}/schemas)

# Debian names these two files, and wants the second one compressed.
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ci/packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ci/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
  USE_SOURCE_PERMISSIONS PATTERN "*_test.py" EXCLUDE PATTERN "__pycache__" EXCLUDE)
