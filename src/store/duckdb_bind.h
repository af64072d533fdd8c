// Values of a client, bound to the parameters of a DuckDB statement. Private to the store's
// duckdb_*.cc files.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "store/bound_value.h"
#include "store/duckdb_handles.h"
#include "store/session.h"

namespace millrace::store {

/// Binds values[0] to $1 and so on. A value is bound as the type that DuckDB wants there when
/// nothing is lost by it, so that DuckDB need not plan anew. Errors: kInvalidArgument for another
/// number of values, kTypeMismatch for a text that is not UTF-8 or a decimal that is none.
Status bind_values(const Prepared& statement, std::span<const SqlType> types,
                   std::span<const BoundValue> values);

}  // namespace millrace::store
