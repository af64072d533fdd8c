// What is asked of a pipeline beside its work: what would become of its next batch (TEST), the
// bytes of it (EXTRACT), and cursors that are moved by hand (ALTER). Each opens a source of its own
// and leaves the pipeline's state alone, but for moved cursors, of pipelines that do not run.
// Called by sessions, on their threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/model_entry.h"
#include "engine/programs.h"
#include "store/store.h"

namespace millrace::engine {

struct ProbeContext {
  int64_t pipeline_id = 0;
  const PipelineDefinition& definition;
  std::shared_ptr<ModelEntry> model;  // null for plain pipelines
  const EngineOptions& options;
  store::Store& store;
};

Result<TestReport> test_batch(const ProbeContext& context, int64_t limit,
                              const std::stop_token& stop);

/// `feature_columns => auto`: the columns of the next rows that the pipeline would learn, by what
/// they hold (typed_by_values). Errors: kWrongState when there are none.
Result<Schema> probe_columns(const ProbeContext& context, const std::stop_token& stop);

/// Returns the number of messages. Errors: kAlreadyExists when the file does, kResourceExhausted.
Result<int64_t> extract_batch(const ProbeContext& context,
                              const std::map<int32_t, int64_t>& offsets, const std::string& file,
                              const std::stop_token& stop);

/// Whether CREATE PIPELINE can make this: all that can be told without the source. Makes the tables
/// that are made by themselves. `pipeline_id` is 0.
Status check_definition(const ProbeContext& context);

/// Where the pipeline reads on when its offsets are changed, or its topic is another than
/// `before`'s: then, without an `asked`, where its CONFIG says. Errors: kInvalidArgument for a
/// partition that the source has not, or an offset beyond its bounds.
Result<store::CursorMove> moved_cursors(const ProbeContext& context, const SourceDefinition& before,
                                        const std::optional<OffsetsChange>& asked);
/// Forgets the cursor of a partition that the source does not have.
Status drop_partition(const ProbeContext& context, int32_t partition, store::CursorMove& move);

}  // namespace millrace::engine
