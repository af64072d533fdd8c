// A model in a file of its own (EXPORT MODEL ... INTO OUTFILE): its definition and one kept
// snapshot, enough to predict with it where there is no store (`millrace transform`). The bytes are
// in docs/format/model-file.md. Free functions; a file is written whole or not at all.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/model_entry.h"
#include "store/batch_writer.h"

namespace millrace::engine {

/// Errors: kAlreadyExists, kPermission, kResourceExhausted.
Status write_model_file(const std::string& path, const ModelDefinition& definition,
                        const store::ModelSnapshot& snapshot);

/// The model, which has published what the snapshot knew. Errors: kNotFound, kPermission, kDataLoss
/// for a file that is none of these or is damaged.
Result<std::shared_ptr<ModelEntry>> read_model_file(const std::string& path);

}  // namespace millrace::engine
