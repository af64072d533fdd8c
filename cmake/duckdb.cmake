# DuckDB is a pinned, prebuilt library that tools/bootstrap lays out in .deps/duckdb; a system copy
# works too: -DDUCKDB_ROOT=/path with duckdb.h and libduckdb.so in it (or in include/ and lib/).
set(DUCKDB_ROOT "${PROJECT_SOURCE_DIR}/.deps/duckdb" CACHE PATH "Where duckdb.h and libduckdb.so are")
find_path(DUCKDB_INCLUDE duckdb.h HINTS ${DUCKDB_ROOT} ${DUCKDB_ROOT}/include NO_DEFAULT_PATH)
find_library(DUCKDB_LIBRARY duckdb HINTS ${DUCKDB_ROOT} ${DUCKDB_ROOT}/lib NO_DEFAULT_PATH)
if(NOT DUCKDB_INCLUDE OR NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "DuckDB is not in ${DUCKDB_ROOT}. Run tools/bootstrap, or give -DDUCKDB_ROOT=DIR.")
endif()
add_library(duckdb::duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb::duckdb PROPERTIES
  IMPORTED_LOCATION ${DUCKDB_LIBRARY}
  IMPORTED_NO_SONAME ON
  INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE})
