// The system tables that show what lives in the engine now: millrace.models, and PIPELINES and
// PIPELINES_CURSORS of information_schema (reference/pipelines.md §3). What was committed is in the
// store's own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/model_entry.h"
#include "engine/pipeline.h"
#include "store/store.h"

namespace millrace::engine {

using ModelList = std::function<std::vector<std::shared_ptr<ModelEntry>>()>;
using PipelineList = std::function<std::vector<std::shared_ptr<Pipeline>>()>;

/// Adds the tables; the lists are asked at each query, from any thread.
Status add_system_tables(store::Store& store, ModelList models, PipelineList pipelines);

/// DESCRIBE MODEL: a row for each variable of the published state.
Batch describe(const ModelEntry& model);

}  // namespace millrace::engine
