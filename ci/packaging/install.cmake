# What `cmake --install` lays out, and the packages contain.
include(GNUInstallDirs)
set(data ${CMAKE_INSTALL_DATADIR}/portillon)
set(PORTILLON_MAINTAINER "The portillon maintainers <portillon@packages.invalid>" CACHE STRING
  "The maintainer of the Debian package: Name <address>")
set(PORTILLON_ZSH_COMPLETIONS site-functions CACHE STRING
  "Folder below share/zsh for completions; Debian's is vendor-completions")

install(TARGETS portillon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# A scenario's first line names the schema that lies beside it.
install(DIRECTORY scenarios/ DESTINATION ${data}/scenarios FILES_MATCHING PATTERN "*.yaml" PATTERN "*.json")
install(FILES scenarios/scenario.schema.json reports/report.schema.json lib/wire/portillon.proto
  DESTINATION ${data}/schemas)

# Debian has the licence's text in /usr/share/common-licenses; other systems need it here.
install(FILES README.md LICENSE ci/packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
# The pages to which README.md links, where its links find them.
install(DIRECTORY scenarios reports DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md" PATTERN "pictures/*.png")
install(FILES lib/wire/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/lib/wire)
install(FILES ci/packaging/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME portillon)
# Not below share/doc, which slim images of Debian leave out: pipelines call the scripts.
install(DIRECTORY ci/examples/ DESTINATION ${data}/examples
  USE_SOURCE_PERMISSIONS PATTERN "*_test.py" EXCLUDE PATTERN "__pycache__" EXCLUDE)

# The program writes its manual and completions itself.
set(documents ${PROJECT_BINARY_DIR}/documents)
install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" -DPROGRAM=$<TARGET_FILE:portillon> -DSOURCE=${PROJECT_SOURCE_DIR}
  -DOUT=${documents} -DVERSION=${PROJECT_VERSION} \"-DMAINTAINER=${PORTILLON_MAINTAINER}\" -DZSH=${PORTILLON_ZSH_COMPLETIONS} -P ${PROJECT_SOURCE_DIR}/ci/packaging/documents.cmake
  COMMAND_ERROR_IS_FATAL ANY)")
install(DIRECTORY ${documents}/ DESTINATION ${CMAKE_INSTALL_DATADIR})
