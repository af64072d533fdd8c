// ALTER PIPELINE: what a change makes of a pipeline's definition. Called by sessions, on their
// threads, while the pipeline does not run.
#pragma once

#include <optional>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/probe.h"
#include "engine/programs.h"

namespace millrace::engine {

struct ChangedPipeline {
  PipelineDefinition definition;
  store::CursorMove move;
};

/// What a change makes of a pipeline, with the program that was fetched for it: checked as CREATE
/// PIPELINE would, to be kept by the store as one. Dropped files are changed at once. Errors: those
/// of CREATE PIPELINE, and kInvalidArgument for a clause that the pipeline's format does not have.
Result<ChangedPipeline> changed_pipeline(const ProbeContext& context, const PipelineChange& change,
                                         const std::optional<FetchedProgram>& program);

}  // namespace millrace::engine
