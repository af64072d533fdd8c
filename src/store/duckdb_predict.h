// predict('model', row) in SQL: a DuckDB scalar function over a store::Predictor. The row is a
// struct (a table's name stands for its rows); of its fields those are handed on that a Batch can
// hold, DECIMAL and HUGEINT as DOUBLE, ENUM as VARCHAR, every TIMESTAMP in microseconds. A chunk of
// rows is one call for each model named in it. No model or no row: NULL. It is volatile, since a
// model learns between two calls, so DuckDB never computes it ahead.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/duckdb_handles.h"
#include "store/store.h"

namespace millrace::store {

/// Once for each start. A model without a database is looked for in the schema that is current on
/// the connection which runs the statement.
Status register_predictor(duckdb_connection connection, std::shared_ptr<Predictor> predictor);

}  // namespace millrace::store
