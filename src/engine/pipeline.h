// A Pipeline is a definition and, while it is started, the thread that works it: run after run,
// with pauses that grow while the world is unwell. States are SingleStore's: Stopped, Running,
// Error (needs a START by hand). Thread-safe; START and STOP of one pipeline follow one another.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "engine/definition.h"
#include "engine/engine.h"
#include "engine/error_log.h"
#include "engine/model_entry.h"
#include "engine/pipeline_run.h"
#include "engine/pipeline_stats.h"
#include "store/store.h"

namespace millrace::engine {

enum class PipelineState : uint8_t { kStopped, kRunning, kError };
/// "Stopped", as shown; the store keeps the same word.
std::string_view name_of(PipelineState state);

class Pipeline {
 public:
  Pipeline(int64_t id, int64_t created_at, PipelineDefinition definition,
           std::shared_ptr<ModelEntry> model, PipelineState state, const EngineOptions& options,
           store::Store& store);
  ~Pipeline();

  int64_t id() const { return id_; }
  int64_t created_at() const { return created_at_; }
  const PipelineDefinition& definition() const { return definition_; }
  const ObjectName& name() const { return definition_.name; }
  const std::shared_ptr<ModelEntry>& model() const { return model_; }
  PipelineState state() const;
  PipelineProgress progress() const { return stats_.read(); }
  /// What the store knew of a partition when the process started.
  void show_cursor(const Cursor& cursor) {
    stats_.set_partition({cursor.partition, -1, -1}, cursor.next_offset);
  }

  /// Starts the thread and waits until its first run is open or has failed, connect_timeout and a
  /// little at most. Errors: kWrongState (it runs, or its model is trained by another), and what
  /// the first run failed with; after a retryable one the thread goes on trying.
  Status start();
  /// Starts without waiting: at the start of the process, when the world may not be there yet.
  Status start_behind();
  /// Runs until its end is reached or `stop` is asked for, and waits for that. The kept state stays
  /// as it is. Errors: kWrongState, kCancelled, and what the run failed with.
  Result<RunReport> run_foreground(std::optional<int64_t> batches_max, const std::stop_token& stop);
  /// Waits until the batch at work is committed or given up. False when it did not run.
  Result<bool> stop();
  /// As stop(), for a statement that changes or drops the pipeline: the kept state stays, so that a
  /// crash meanwhile leaves running what ran, and nobody can start it (kConflict) until resume().
  /// True when it ran behind; a run in the foreground ends, and is its own statement's to repeat.
  bool pause();
  /// kWrongState while a statement teaches the model that it trains: it could not go on afterwards.
  Status check_free() const;
  /// After a pause() that changed nothing: it goes on if it `ran`.
  Status resume(bool ran);
  /// Whether another has taken its place, or is about to.
  bool is_paused() const;
  /// Asks for a stop and does not wait: whoever starts it or stops it next waits for the batch at
  /// work. Errors: kWrongState when it does not run.
  Status detach();
  /// Stops the thread and leaves the kept state as it is: the pipeline runs again when the process
  /// does.
  void suspend();

  /// CHECK MODEL: what a learner of the model's becomes of the bytes `from` (of a new one if they
  /// are empty) when it learns these batches again, read from the source with another client.
  Result<std::string> learn_again(const std::string& from,
                                  const std::vector<store::LoggedBatch>& log,
                                  const std::stop_token& stop);

 private:
  /// A run in the foreground, which its statement and its thread share: when it has ended, another
  /// may begin before the statement hears of it.
  struct Foreground {
    std::optional<Result<RunEnd>> ended;
    RunReport report;
  };

  Status check_startable() REQUIRES(control_);
  Status launch(bool topic_was_there) REQUIRES(control_);
  Result<std::shared_ptr<Foreground>> launch_foreground(std::optional<int64_t> batches_max)
      EXCLUDES(control_);
  void work(const std::stop_token& stop);
  void work_in_foreground(std::optional<int64_t> batches_max, Foreground& foreground,
                          const std::stop_token& stop);
  Result<RunEnd> run_once(const std::stop_token& stop, const RunContext& context);
  RunContext context();
  void tell_opened(Status status);
  void end_in_error(const Error& error);
  void set_state(PipelineState state);
  Status keep_state(PipelineState state);
  void join() REQUIRES(control_);

  // Constant.
  const int64_t id_;
  const int64_t created_at_;
  const PipelineDefinition definition_;
  const std::shared_ptr<ModelEntry> model_;
  const EngineOptions options_;
  store::Store& store_;

  PipelineStats stats_;
  ErrorLog errors_;      // the thread's alone
  Mutex control_;        // START and STOP one at a time
  mutable Mutex mutex_;  // what follows
  /// The topic was there, or was when the process ended: it is waited for when it is missing.
  bool topic_was_there_ = false;  // the thread's, while there is one
  Condition opened_changed_;
  std::optional<Status> opened_ GUARDED_BY(mutex_);  // how the first run's open went
  bool paused_ GUARDED_BY(mutex_) = false;
  PipelineState state_ GUARDED_BY(mutex_);
  /// What thread_ works; its fields are guarded by mutex_. Null: it works behind.
  std::shared_ptr<Foreground> foreground_ GUARDED_BY(control_);
  std::jthread thread_ GUARDED_BY(control_);
};

/// Holds a pipeline still while a statement changes or drops it. Unless it was replaced by the end,
/// it goes on as it was.
class PipelinePause {
 public:
  explicit PipelinePause(std::shared_ptr<Pipeline> pipeline);
  ~PipelinePause();
  PipelinePause(const PipelinePause&) = delete;
  PipelinePause& operator=(const PipelinePause&) = delete;

  bool ran() const { return ran_; }
  void replaced() { pipeline_.reset(); }

 private:
  std::shared_ptr<Pipeline> pipeline_;
  const bool ran_;
};

}  // namespace millrace::engine
