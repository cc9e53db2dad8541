# Writes OUT, a source file that defines portillon::embedded::SYMBOL with the bytes of IN.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "(('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',))" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include <string_view>\nnamespace portillon::embedded {\nstatic const char bytes_of_${SYMBOL}[] = {\n${bytes} 0};\nextern const std::string_view ${SYMBOL};\nconst std::string_view ${SYMBOL}{bytes_of_${SYMBOL}, sizeof bytes_of_${SYMBOL} - 1};\n}  // namespace portillon::embedded\n")
