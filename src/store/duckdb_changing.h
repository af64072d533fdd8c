// What in an expression can give another value for the same row another time: random(), now(), a
// query over tables. Training whose rows depend on such a thing cannot be repeated from its log.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// The first such part of `expressions` (the store's SQL), as "random()" or "a query"; empty when
/// there is none. Looks into the macros that are called.
Result<std::string> changing_part(duckdb_connection connection,
                                  const std::vector<std::string>& expressions);

}  // namespace millrace::store
