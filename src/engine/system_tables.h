// The system tables that show what lives in the engine now: those of models (model_tables.h), and
// PIPELINES and PIPELINES_CURSORS of information_schema (reference/pipelines.md §3). What was
// committed is in the store's own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/model_tables.h"
#include "engine/pipeline.h"
#include "store/store.h"

namespace millrace::engine {

using PipelineList = std::function<std::vector<std::shared_ptr<Pipeline>>()>;

/// Adds the tables; the lists are asked at each query, from any thread.
Status add_system_tables(store::Store& store, const ModelList& models, PipelineList pipelines);

}  // namespace millrace::engine
