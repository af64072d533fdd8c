// Prints a definition as the statement that makes it (SHOW CREATE): it parses back to an equal one,
// but for the credentials, which are never shown. Pure functions.
#pragma once

#include <string>

#include "engine/definition.h"

namespace millrace::sql {

std::string print(const engine::ModelDefinition& model);
std::string print(const engine::PipelineDefinition& pipeline);

}  // namespace millrace::sql
