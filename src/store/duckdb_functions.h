// Functions of MySQL's that DuckDB lacks, as macros in schema `millrace_internal`. sql/ knows them
// by their names and calls them there. Private to the store.
#pragma once

namespace millrace::store {

/// Statements that make the macros anew.
const char* mysql_functions();

}  // namespace millrace::store
