// What there is to know of models, as tables: DESCRIBE MODEL, and the virtual tables that show what
// models are now. What was committed is in the store's own (millrace.model_versions,
// model_metrics).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "engine/model_entry.h"
#include "store/store.h"

namespace millrace::engine {

using ModelList = std::function<std::vector<std::shared_ptr<ModelEntry>>()>;

/// DESCRIBE MODEL: the weights that are not 0, the largest first, kDescribedMax at most. An element
/// of a feature is said in a person's words.
Batch describe(const ModelEntry& model);
inline constexpr size_t kDescribedMax = 10'000;

/// Adds millrace.models, model_variables, model_confusion and model_calibration; the list is asked
/// at each query, from any thread.
Status add_model_tables(store::Store& store, const ModelList& models);

}  // namespace millrace::engine
