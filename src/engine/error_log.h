// The way of a pipeline's errors to PIPELINES_ERRORS. An error that stays the same is written once
// a minute, not at every try. What the store cannot keep now (its disk is full) waits here and is
// written when there is room again. Belongs to the pipeline's worker thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "data/reject.h"
#include "engine/definition.h"
#include "engine/pipeline_stats.h"
#include "store/store.h"

namespace millrace::engine {

class ErrorLog {
 public:
  static constexpr size_t kPendingMax = 64;
  static constexpr int64_t kRepeatMicros = 60'000'000;

  ErrorLog(int64_t pipeline_id, ObjectName name, store::Store& store, PipelineStats& stats)
      : pipeline_id_(pipeline_id), name_(std::move(name)), store_(store), stats_(stats) {}

  /// `batch_id` is that of the batch at work, -1 when there is none; `row` what stopped it.
  void note(const Error& error, int64_t batch_id, const Reject* row = nullptr);
  /// What a transform that worked wrote to its stderr: a warning.
  void note_said(const std::string& said, int64_t batch_id);
  /// All is well: the pipeline shows no error any more, and what waits is written.
  void note_well();

 private:
  void write(const Error& error, std::string_view type, int64_t batch_id, const Reject* row);
  void write_pending();

  const int64_t pipeline_id_;
  const ObjectName name_;
  store::Store& store_;
  PipelineStats& stats_;
  std::vector<store::PipelineError> pending_;
  std::string last_message_;  // empty when all has been well since
  int64_t last_at_ = 0;
  int64_t last_said_at_ = 0;
};

}  // namespace millrace::engine
