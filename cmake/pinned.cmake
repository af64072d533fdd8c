# Pinned, prebuilt libraries that tools/bootstrap lays out in .deps/NAME; a system copy works too:
# -DDUCKDB_ROOT=/path with its header and library in it (or in include/ and lib/).
#
#   pinned_library(duckdb HEADER duckdb.h)   # target duckdb::duckdb, of libduckdb.so
function(pinned_library name)
  cmake_parse_arguments(ARG "" "HEADER" "" ${ARGN})
  string(TOUPPER ${name} upper)
  set(${upper}_ROOT "${PROJECT_SOURCE_DIR}/.deps/${name}" CACHE PATH "Where ${ARG_HEADER} and its library are")
  set(root ${${upper}_ROOT})
  find_path(${upper}_INCLUDE ${ARG_HEADER} HINTS ${root} ${root}/include NO_DEFAULT_PATH)
  find_library(${upper}_LIBRARY ${name} HINTS ${root} ${root}/lib NO_DEFAULT_PATH)
  if(NOT ${upper}_INCLUDE OR NOT ${upper}_LIBRARY)
    message(FATAL_ERROR "${name} is not in ${root}. Run tools/bootstrap, or give -D${upper}_ROOT=DIR.")
  endif()
  add_library(${name}::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name}::${name} PROPERTIES
    IMPORTED_LOCATION ${${upper}_LIBRARY}
    IMPORTED_NO_SONAME ON  # by -l: a library without a soname would be looked for at this very path
    INTERFACE_INCLUDE_DIRECTORIES ${${upper}_INCLUDE})
endfunction()
