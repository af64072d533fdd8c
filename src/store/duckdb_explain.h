// explain('model', row) in SQL, and explain('model', row, class => c): a function
// (duckdb_model_function.h) over a store::Explainer. It gives a list of what each feature of the
// row adds to the prediction; unnest() makes rows of it.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/duckdb_handles.h"
#include "store/store.h"

namespace millrace::store {

/// Once for each start.
Status register_explainer(duckdb_connection connection, std::shared_ptr<Explainer> explainer);

}  // namespace millrace::store
