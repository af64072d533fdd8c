// ALTER PIPELINE: what a change makes of a pipeline's definition. Called by sessions, on their
// threads, while the pipeline does not run.
#pragma once

#include <optional>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/probe.h"
#include "engine/programs.h"

namespace millrace::engine {

/// The definition after a change, with the program that was fetched for it. First it is checked as
/// CREATE PIPELINE would; then offsets and files are changed. Errors: those of CREATE PIPELINE, and
/// kInvalidArgument for a clause that the pipeline's format does not have.
Result<PipelineDefinition> changed_definition(const ProbeContext& context,
                                              const PipelineChange& change,
                                              const std::optional<FetchedProgram>& program);

}  // namespace millrace::engine
