// One run of a pipeline, from START (or a retry) to STOP (or an error): opens the source at the
// cursors of the store, restores the learner, and then commits batch after batch (design.md §4).
// All state that matters is in the store, so a run that fails is thrown away and a new one begins
// where the last commit ended. Belongs to the pipeline's worker thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/error_log.h"
#include "engine/model_entry.h"
#include "engine/pipeline_stats.h"
#include "engine/plan.h"
#include "engine/reader.h"
#include "engine/reject_forwarder.h"
#include "engine/stages.h"
#include "source/source.h"
#include "store/store.h"

namespace millrace::engine {

struct RunContext {
  int64_t pipeline_id = 0;
  const PipelineDefinition& definition;
  std::shared_ptr<ModelEntry> model;  // null for plain pipelines
  const EngineOptions& options;
  store::Store& store;
  PipelineStats& stats;
  ErrorLog& errors;
  /// A run in the foreground ends by itself: after so many batches, or where the source ended when
  /// it was opened. It tells of errors instead of waiting for better times.
  bool foreground = false;
  std::optional<int64_t> batches_max = std::nullopt;
};

/// Why a run ended that did not fail. New partitions are read by the run that follows.
enum class RunEnd : uint8_t { kStopped, kNewPartitions, kDone };

class PipelineRun {
 public:
  /// Opens everything and replays what a training has lost. Bounded by connect_timeout, but for the
  /// replay.
  static Result<std::unique_ptr<PipelineRun>> open(const RunContext& context,
                                                   const std::stop_token& stop);
  ~PipelineRun();

  /// See Pipeline::learn_again().
  static Result<std::string> learn_again(const RunContext& context, const std::string& from,
                                         const std::vector<store::LoggedBatch>& log,
                                         const std::stop_token& stop);

  /// Commits batches until `stop` is asked for (fine) or something fails. A broker that is away is
  /// only noted (PIPELINES_ERRORS): the source waits for it.
  Result<RunEnd> run(const std::stop_token& stop);

 private:
  explicit PipelineRun(const RunContext& context) : context_(context) {}

  // Opening, in this order.
  Status open_plan();
  Status hold_to_topic();
  Status open_stages();
  Status open_writer(const std::stop_token& stop);
  void wait_for_trainer(const std::stop_token& stop) const;
  Status restore_learner(const std::stop_token& stop);
  Status replay(const std::vector<store::LoggedBatch>& log, const std::stop_token& stop);
  Status replay_batch(const store::LoggedBatch& logged, const std::stop_token& stop,
                      StagedBatch& staged);
  Error log_damaged(int64_t version) const;
  std::string program() const;  // the transform's checksum; empty without one
  Error other_program(const store::LoggedBatch& logged) const;
  Error topic_is_gone(const store::LoggedBatch& logged) const;
  Status seek();
  Status keep_start(const std::vector<Cursor>& cursors);
  bool is_done() const;

  // One batch, in this order.
  Status process(Taken& taken);
  Status learn(const MessageBatch& messages);
  Result<store::CommitOutcome> commit(const Taken& taken);
  std::vector<std::pair<std::string, int64_t>> steps_of(const Taken& taken) const;
  void publish();
  void forward_rejects();
  void trim_logs();
  const Reject* fatal_reject() const;
  bool stops_on_refusal() const;
  Error stopped_by(const Reject& reject) const;
  Error of_batch(const Taken& taken, Error error, const std::stop_token& stop) const;

  std::vector<int64_t> rows_of_ranges(const MessageBatch& messages) const;
  std::string changing_part() const;
  store::ModelCommit model_commit();
  Result<store::CommitOutcome> commit_with_retries(const store::BatchCommit& batch);
  void save_snapshot();
  bool trains() const { return context_.definition.step == StepKind::kTrain; }

  const RunContext context_;
  Plan plan_;
  std::unique_ptr<source::Source> source_;  // until the reader has it
  std::vector<source::PartitionBounds> bounds_;
  std::string topic_id_;  // empty when there is none
  Stages stages_;         // the reader's while there is one, but for the learner
  std::unique_ptr<store::BatchWriter> writer_;
  std::unique_ptr<RejectForwarder> forwarder_;
  std::unique_ptr<Reader> reader_;

  std::vector<Cursor> positions_;  // the next offset of each partition, by partition
  int64_t batches_ = 0;            // of this run
  int64_t last_batch_id_ = 0;
  int64_t snapshot_version_ = 0;  // the newest kept
  int64_t snapshot_bytes_ = 0;
  Stopwatch since_snapshot_;
  Stopwatch since_trim_;

  Batch* rows_ = nullptr;  // of the batch at work: what the last stage made
  std::vector<Reject> rejects_;
  int64_t learn_micros_ = 0;
  int64_t replayed_batch_id_ = -1;
};

}  // namespace millrace::engine
