// Programs of transforms, as the engine has them: fetched once, when a pipeline is created or its
// transform reloaded, kept by the store, and laid out in a directory by their checksum when a run
// needs them. Also the way of a batch through a program and the decoder. Free functions; programs
// of the same bytes share a directory.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "decode/decoder.h"
#include "engine/definition.h"
#include "engine/engine.h"
#include "store/store.h"
#include "transform/transform.h"

namespace millrace::engine {

/// CONFIG's property: how many milliseconds a program may neither read nor write.
inline constexpr std::string_view kTransformTimeoutProperty = "transform.timeout.ms";

/// A program that was fetched: before anything is locked or stopped, for a slow host must hold up
/// nobody else.
struct FetchedProgram {
  transform::ProgramSource source;
  std::string bytes;
};
Result<FetchedProgram> fetch_program(const ObjectName& pipeline,
                                     const transform::ProgramSource& source);
Result<TransformDefinition> keep_program(const FetchedProgram& program, store::Store& store);
/// Null without WITH TRANSFORM. Lays the program out. Errors: kInvalidArgument, kDataLoss.
Result<std::unique_ptr<transform::Transform>> make_transform(const PipelineDefinition& definition,
                                                             const EngineOptions& options,
                                                             store::Store& store);
/// Programs that are none of `used` (checksums) go, from the store and from their directory.
Status remove_programs(const std::vector<std::string>& used, const EngineOptions& options,
                       store::Store& store);

/// What the decoder shall read of the source's messages: themselves, or what the program makes of
/// them. `said` gets its stderr.
Result<MessageBatch> transformed(const transform::Transform* transform, MessageBatch messages,
                                 const std::stop_token& stop, std::string& said);
/// Decodes, and counts what a transform's output was decoded to.
Status decode_messages(decode::Decoder& decoder, MessageBatch& messages, Batch& rows,
                       std::vector<Reject>& rejects);

}  // namespace millrace::engine
