// Functions of MySQL's that DuckDB lacks, or means otherwise, as macros in schema
// `millrace_internal`. sql/ knows them by their names and calls them there. Private to the store.
#pragma once

#include <string>

namespace millrace::store {

/// Statements that make the macros anew.
std::string mysql_functions();

}  // namespace millrace::store
