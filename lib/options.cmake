# The options of every target of ours, and the four ways to declare a target.
add_library(portillon_options INTERFACE)
target_compile_features(portillon_options INTERFACE cxx_std_20)
target_compile_options(portillon_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wrestrict: false errors in std::string of g++ 12 (GCC bug 105651).
  # ggc-min-heapsize, in KiB: g++ collects its garbage only beyond 512 MiB, which saves 7 % of the time of a large unit for
  # 150 MB more.
  target_compile_options(portillon_options INTERFACE -fcoroutines -Wno-restrict --param=ggc-min-heapsize=524288)
  if(CMAKE_UNITY_BUILD)
    # In a unity build g++ takes each source for a header, and the frame of a coroutine that holds a lambda for a type of
    # that header; the test of headers keeps the warning for real ones. Where g++ inlines the allocation of such a frame
    # but not its release, it reports a mismatch; the preset debug, which compiles source by source, keeps that warning.
    target_compile_options(portillon_options INTERFACE -Wno-subobject-linkage -Wno-mismatched-new-delete)
  endif()
endif()
target_include_directories(portillon_options INTERFACE ${PROJECT_SOURCE_DIR}/lib)
target_compile_definitions(portillon_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
if(PORTILLON_SANITIZER)
  # -Wmaybe-uninitialized: false errors in the standard library of g++ 12 under sanitizers.
  target_compile_options(portillon_options INTERFACE -fsanitize=${PORTILLON_SANITIZER})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(portillon_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(portillon_options INTERFACE -fsanitize=${PORTILLON_SANITIZER})
  if(PORTILLON_SANITIZER MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot assemble a coroutine with it: "Cannot represent a difference across sections".
    target_compile_options(portillon_options INTERFACE -fno-sanitize=function)
  endif()
  if(PORTILLON_SANITIZER MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(portillon_options INTERFACE -Wno-error=tsan)
  endif()
endif()

# How code is compiled that is compiled more often than it works: a fifth less to wait for than with -O1, with all warnings.
set(PORTILLON_QUICK_BUILD $<$<CONFIG:Release>:-Og>)

# The programs that `ctest -LE real` needs, and no others.
add_custom_target(portillon_tests)

# portillon_library(stats [COLD] [FOR_TESTS] SOURCES a.cc PUBLIC portillon::base PRIVATE fmt::fmt)
# A folder of lib/ is one target, portillon_<name>, with the alias portillon::<name>. COLD: nothing in it runs for each
# message, so that it is compiled for a quick build rather than for speed. FOR_TESTS: the program does not contain it, so
# that it is built only for the tests and benchmarks that link it.
function(portillon_library name)
  cmake_parse_arguments(arg "COLD;FOR_TESTS" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(portillon_${name} STATIC ${arg_SOURCES})
  if(arg_FOR_TESTS)
    set_target_properties(portillon_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  if(arg_COLD)
    target_compile_options(portillon_${name} PRIVATE ${PORTILLON_QUICK_BUILD})
  endif()
  add_library(portillon::${name} ALIAS portillon_${name})
  target_link_libraries(portillon_${name} PUBLIC portillon_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
endfunction()

# portillon_test(stats SOURCES histogram_test.cc LINK portillon::stats)
function(portillon_test name)
  if(NOT PORTILLON_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(portillon_${name}_test ${arg_SOURCES})
  target_link_libraries(portillon_${name}_test PRIVATE portillon_options ${arg_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(portillon_${name}_test PRIVATE PORTILLON_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(portillon_${name}_test PRIVATE ${PORTILLON_QUICK_BUILD})
  add_test(NAME ${name} COMMAND portillon_${name}_test)
  add_dependencies(portillon_tests portillon_${name}_test)
endfunction()

# portillon_benchmark(stats SOURCES histogram_bench.cc LINK portillon::stats)
function(portillon_benchmark name)
  if(NOT PORTILLON_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(portillon_${name}_bench ${arg_SOURCES})
  target_link_libraries(portillon_${name}_bench PRIVATE portillon_options ${arg_LINK} portillon::counted_malloc benchmark::benchmark_main)
endfunction()

# portillon_fuzz(mqtt_packet SOURCES mqtt_packet_fuzz.cc LINK portillon::wire)
# The target file defines LLVMFuzzerTestOneInput. With clang and PORTILLON_FUZZERS it becomes a libFuzzer program;
# always, its corpus (folder fuzz_corpus/<name> beside it, if there is one) runs as a plain test.
function(portillon_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_corpus/${name})
  if(PORTILLON_FUZZERS)
    add_executable(portillon_${name}_fuzz ${arg_SOURCES})
    target_link_libraries(portillon_${name}_fuzz PRIVATE portillon_options ${arg_LINK})
    target_compile_options(portillon_${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_link_options(portillon_${name}_fuzz PRIVATE -fsanitize=fuzzer)
  elseif(PORTILLON_TESTS)
    add_executable(portillon_${name}_corpus ${arg_SOURCES})
    target_compile_options(portillon_${name}_corpus PRIVATE ${PORTILLON_QUICK_BUILD})
    target_link_libraries(portillon_${name}_corpus PRIVATE portillon_options ${arg_LINK} portillon_corpus_main)
    add_test(NAME ${name}_corpus COMMAND portillon_${name}_corpus ${corpus})
    add_dependencies(portillon_tests portillon_${name}_corpus)
  endif()
endfunction()

# portillon_real_test(stranger_http2_curl SCRIPT ARGUMENTS...)
# A test by a Python program, in real time: it starts whole programs, ours or strangers'. Not run under sanitizers.
function(portillon_real_test name)
  if(NOT PORTILLON_TESTS)
    return()
  endif()
  add_test(NAME ${name} COMMAND /usr/bin/python3 ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS real TIMEOUT 600)
endfunction()

# portillon_embed(TARGET symbol FILE): the text of FILE as `extern const std::string_view symbol` in namespace portillon::embedded.
function(portillon_embed target symbol file)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.cc)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${out} -DSYMBOL=${symbol} -P ${PROJECT_SOURCE_DIR}/lib/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/lib/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
