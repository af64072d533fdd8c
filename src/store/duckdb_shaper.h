// The Shaper on DuckDB: SET and WHERE as one query over the batch. Columns that no SET touches do
// not pass through DuckDB; they are copied, or gathered when WHERE left rows out.
#pragma once

#include "store/duckdb_batch_query.h"

namespace millrace::store {

Result<std::unique_ptr<Shaper>> open_duckdb_shaper(duckdb_database database,
                                                   std::shared_ptr<BatchSources> sources,
                                                   const ShapeSpec& spec);

}  // namespace millrace::store
