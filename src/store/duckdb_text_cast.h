// The cast of a text to a BLOB: its bytes, as MySQL has it, where DuckDB reads \x escapes and
// refuses what is not ASCII. Whatever a client writes into a BLOB column as a quoted text or a
// bound one goes this way. Private to the store.
#pragma once

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// Once for each start.
Status register_text_cast(duckdb_connection connection);

}  // namespace millrace::store
