// predict('model', row) in SQL, and predict('model', row, version => v): a function
// (duckdb_model_function.h) over a store::Predictor. A chunk of rows is one call for each model and
// version named in it.
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
