# At every build: writes OUT from IN with the commit of SOURCE, only if it has changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=10 --exclude=*
  OUTPUT_VARIABLE PORTILLON_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT PORTILLON_COMMIT)
  set(PORTILLON_COMMIT unknown)
endif()
configure_file(${IN} ${OUT} @ONLY)
