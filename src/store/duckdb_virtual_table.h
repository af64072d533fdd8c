// A virtual table in SQL: a table function of the DuckDB instance, which asks for the rows at each
// query, and a view of the table's name over it in the store's file. The function is gone when the
// process ends and the view stays: until it is registered again, only reading the view fails.
#pragma once

#include "base/result.h"
#include "store/duckdb_handles.h"
#include "store/store.h"

namespace millrace::store {

/// Once for each table and start, before users come.
Status register_virtual_table(duckdb_connection connection, VirtualTable table);

}  // namespace millrace::store
