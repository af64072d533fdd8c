// Prints a definition as the statement that makes it (SHOW CREATE): it parses back to an equal one,
// but for the credentials, which are never shown. Pure functions.
#pragma once

#include <string>

#include "engine/definition.h"

namespace millrace::sql {

std::string print(const engine::ModelDefinition& model);
/// What a pipeline has that does not say; millrace's own unless SET GLOBAL has set them.
struct PipelineDefaults {
  int64_t batch_interval_ms = 0;
  int64_t offsets_per_partition_max = engine::kOffsetsPerPartitionDefault;
  bool stop_on_error = false;
};
/// Says what differs from millrace's own defaults or from these.
std::string print(const engine::PipelineDefinition& pipeline,
                  const PipelineDefaults& defaults = PipelineDefaults());

}  // namespace millrace::sql
