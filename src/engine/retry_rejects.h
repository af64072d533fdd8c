// RETRY REJECTS: what was rejected is worked once more. Called by sessions, on their threads, of
// pipelines that do not run.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/probe.h"

namespace millrace::engine {

/// Works the rejects of a pipeline once more, as it is defined now, a commit for each batch they
/// are of. What an expression reads of their messages beside the bytes (the key, the time, headers)
/// is read from the source again. A failure leaves those that were committed. Errors: kUnsupported
/// where a reject is not a row (a training, blocks of Avro), and those of the source.
Result<RunReport> retry_batches(const ProbeContext& context, const std::stop_token& stop);

}  // namespace millrace::engine
