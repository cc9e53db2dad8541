# Runs at install time: makes the documents that the program writes itself (man pages, completions) and the compressed
# changelogs, below OUT as they are laid out below share/.
# cmake -DPROGRAM=... -DSOURCE=... -DOUT=... -DVERSION=... "-DMAINTAINER=Name <address>"
#   -DZSH=site-functions|vendor-completions -P documents.cmake
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT}/doc/portillon ${OUT}/man ${OUT}/bash-completion/completions ${OUT}/zsh/${ZSH}
  ${OUT}/fish/vendor_completions.d)

function(portillon file)
  execute_process(COMMAND ${PROGRAM} ${ARGN} OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
portillon(${OUT}/bash-completion/completions/portillon completions bash)
portillon(${OUT}/zsh/${ZSH}/_portillon completions zsh)
portillon(${OUT}/fish/vendor_completions.d/portillon.fish completions fish)
execute_process(COMMAND ${PROGRAM} help --man ${OUT}/man COMMAND_ERROR_IS_FATAL ANY)

# Debian's changelog has a form of its own, in which the package has one entry: changes are in CHANGELOG.md.
set(doc ${OUT}/doc/portillon)
configure_file(${SOURCE}/CHANGELOG.md ${doc}/CHANGELOG.md COPYONLY)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of the commit, if SOURCE_DATE_EPOCH says so
file(WRITE ${doc}/changelog "portillon (${VERSION}) unstable; urgency=medium\n\n\
  * CHANGELOG.md beside this file tells what has changed.\n\n\
 -- ${MAINTAINER}  ${date}\n")

# Without name and time of the file, so that the same text makes the same bytes.
file(GLOB_RECURSE pages ${OUT}/man/*)
execute_process(COMMAND gzip -9 -n ${pages} ${doc}/CHANGELOG.md ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
