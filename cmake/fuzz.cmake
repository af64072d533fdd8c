# Joins files in batches of the preset's size.
function(_millrace_batches name)
  if(NOT CMAKE_UNITY_BUILD)
    return()
  endif()
  set(count 0)
  foreach(file ${ARGN})
    math(EXPR batch "${count} / ${CMAKE_UNITY_BUILD_BATCH_SIZE}")
    set_source_files_properties(${file} PROPERTIES UNITY_GROUP ${name}_${batch})
    math(EXPR count "${count} + 1")
  endforeach()
endfunction()

# millrace_fuzz(ROOM SECONDS n FILTER gtest-filter SOURCES patterns...)
# The fuzzers of a room, src/ROOM/*fuzz_test.cc, under AddressSanitizer and UBSan; those that go by
# time have n seconds. Only they and SOURCES, the code that reads what they make, are built for that;
# the other objects are those of every other test.
function(millrace_fuzz room)
  cmake_parse_arguments(FUZZ "" "SECONDS;FILTER" "SOURCES" ${ARGN})
  if(NOT MILLRACE_TESTS OR MILLRACE_SANITIZE)
    return()
  endif()
  set(dir ${PROJECT_SOURCE_DIR}/src/${room})
  list(TRANSFORM FUZZ_SOURCES PREPEND ${dir}/)
  file(GLOB sources CONFIGURE_DEPENDS ${FUZZ_SOURCES})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*fuzz_test.cc)
  add_executable(${room}_fuzz ${sources} ${tests})
  # The room's library keeps SOURCES apart from its other files: an object of both, which the fuzzer
  # needs for the others, would define what SOURCES define a second time.
  get_target_property(others millrace_${room} SOURCES)
  list(REMOVE_ITEM others ${sources})
  _millrace_batches(sources ${sources})
  _millrace_batches(others ${others})
  set_target_properties(${room}_fuzz millrace_${room} PROPERTIES UNITY_BUILD_MODE GROUP)
  target_compile_options(${room}_fuzz PRIVATE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    # A quarter of the compiler's time, for what AddressSanitizer sees as well.
    -fno-sanitize=null,vptr,object-size)
  target_compile_definitions(${room}_fuzz PRIVATE
    _GLIBCXX_ASSERTIONS $<TARGET_PROPERTY:${room}_test,COMPILE_DEFINITIONS>)
  target_link_options(${room}_fuzz PRIVATE -fsanitize=address,undefined)
  target_link_libraries(${room}_fuzz PRIVATE
    millrace_${room} millrace_options GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME fuzz.${room} COMMAND ${room}_fuzz --gtest_filter=${FUZZ_FILTER})
  set_tests_properties(fuzz.${room} PROPERTIES
    LABELS fuzz TIMEOUT 900 ENVIRONMENT MILLRACE_FUZZ_SECONDS=${FUZZ_SECONDS})
endfunction()
