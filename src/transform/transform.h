// A user's program between source and decoder, by SingleStore's contract: it is run once for each
// partition of a batch, reads the partition's messages from stdin to their end and writes to stdout
// what the decoder shall read; its end with status 0 says that all is well. Messages of Kafka come
// behind their length in eight bytes, little-endian; files come as they are, one a run. Partitions
// are worked side by side, as many as there are cores. Owned and called by the thread that decodes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "data/line_end.h"
#include "data/message.h"
#include "transform/process.h"

namespace millrace::transform {

struct TransformOptions {
  std::string name;  // for messages
  Command command;
  enum class Input : uint8_t {
    kFramed,  // a run for each partition: the length of each message, then the message
    kRaw,     // a run for each message: its bytes
  } input = Input::kFramed;
  LineRules lines;            // how the output is cut into records
  int64_t ignored_lines = 0;  // at the begin of the output of each run
  /// A program that neither reads nor writes for so long is killed. Its stderr does not count.
  std::chrono::milliseconds idle_max{300'000};
  int64_t output_bytes_max = 256 << 20;  // of a run
  int runs_max = 1;                      // at the same time
};

struct Transformed {
  /// The records as messages, each with the partition it was made of and the offset at which its
  /// range begins; the ranges as they were. Empty lines are left out.
  MessageBatch batch;
  std::string said;  // what the programs wrote to stderr, cut to kSaidBytesMax
};

inline constexpr size_t kSaidBytesMax = 64 * 1024;

class Transform {
 public:
  explicit Transform(TransformOptions options) : options_(std::move(options)) {}

  /// Errors: kTransform when a program cannot be run, ends with another status than 0 or by a
  /// signal, hangs, or writes too much (its `output` has the stderr); kCancelled when `stop` is
  /// asked for. No program runs when it returns.
  Result<Transformed> run(const MessageBatch& batch, const std::stop_token& stop) const;

 private:
  TransformOptions options_;
};

}  // namespace millrace::transform
