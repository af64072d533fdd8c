// A connection as the store wants it: errors as JSON (duckdb_error.h reads them) and the store's
// file as the current catalog, so that `database.table` means a schema of that file.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// A new connection to `database`, to which the store's file is attached. Names without a database
/// are found in `names_in`, a schema, if it is not empty. Errors: kNotFound when that is not there.
Result<Connection> open_connection(duckdb_database database, std::string_view names_in = {});

}  // namespace millrace::store
