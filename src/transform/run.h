// One run of a transform's program: feeds it messages, takes what it writes, and says how it ended.
// Never blocks; its owner polls the descriptors it names and lets it move on. One thread.
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/message.h"
#include "transform/process.h"
#include "transform/transform.h"

namespace millrace::transform {

/// What one run is given: some messages of one range.
struct Task {
  size_t range = 0;
  size_t first_message = 0;
  size_t end_message = 0;
};

class Run {
 public:
  static constexpr size_t kWaits = 4;

  static Result<std::unique_ptr<Run>> start(const TransformOptions& options,
                                            const MessageBatch& batch, const Task& task);

  /// What to poll for: the program's pipes, -1 for those that are closed, and its end.
  std::array<pollfd, kWaits> waits() const;
  /// Reads and writes what can be. True when the program has ended well and all of its output is
  /// here. Errors: see Transform::run().
  Result<bool> advance();

  /// How long the program has neither read nor written, in microseconds.
  int64_t idle_micros() const { return since_progress_.micros(); }
  Error hung() const;

  const Task& task() const { return task_; }
  std::vector<char>& output() { return output_; }
  const std::string& said() const { return said_; }

 private:
  Run(const TransformOptions& options, const MessageBatch& batch, const Task& task)
      : options_(options), batch_(batch), task_(task), message_(task.first_message) {}
  void feed();
  bool take(size_t bytes);
  Status read_output();
  void read_errors();
  Error failed(const std::string& how) const;

  const TransformOptions& options_;
  const MessageBatch& batch_;
  const Task task_;
  std::unique_ptr<Process> process_;
  size_t message_;   // that is being written
  size_t sent_ = 0;  // bytes of it, its frame included
  std::vector<char> output_;
  size_t size_ = 0;  // bytes in output_
  std::string said_;
  Stopwatch since_progress_;
};

}  // namespace millrace::transform
