#include "engine/pipeline.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "engine/pipeline_run.h"
#include "source/file_source.h"

namespace millrace::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryWaitMin{100};
/// What START waits beyond connect_timeout: opening the source may take its time twice.
constexpr milliseconds kStartGrace{5000};
/// How often whoever waits for a run in the foreground looks whether it was interrupted.
constexpr milliseconds kForegroundLook{100};

/// What is still to be read are messages, or files: their offsets have their number in the high
/// bits.
int offset_shift(SourceKind kind) {
  return kind == SourceKind::kFiles ? source::kFileOffsetBits : 0;
}

/// Of what is kept by ascending batches; null for a batch that is behind all of it.
template <class Earlier>
const Earlier* first_that_reaches(const std::vector<Earlier>& earlier,
                                  const store::LoggedBatch& batch) {
  const auto at = std::find_if(earlier.begin(), earlier.end(), [&](const Earlier& one) {
    return batch.batch_id <= one.last_batch_id;
  });
  return at == earlier.end() ? nullptr : &*at;
}

}  // namespace

std::string_view name_of(PipelineState state) {
  switch (state) {
    case PipelineState::kStopped:
      return "Stopped";
    case PipelineState::kRunning:
      return "Running";
    case PipelineState::kError:
      return "Error";
  }
  return "Stopped";
}

Pipeline::Pipeline(int64_t id, int64_t created_at, PipelineDefinition definition,
                   std::shared_ptr<ModelEntry> model, PipelineState state,
                   const EngineOptions& options, store::Store& store)
    : id_(id),
      created_at_(created_at),
      definition_(std::move(definition)),
      model_(std::move(model)),
      options_(options),
      store_(store),
      stats_(offset_shift(definition_.source.kind)),
      errors_(id, definition_.name, store, stats_),
      state_(state) {}

Pipeline::~Pipeline() {
  suspend();
}

PipelineState Pipeline::state() const {
  Lock lock(mutex_);
  return state_;
}

void Pipeline::set_state(PipelineState state) {
  Lock lock(mutex_);
  state_ = state;
  stats_.set_running(state == PipelineState::kRunning);
}

Status Pipeline::keep_state(PipelineState state) {
  set_state(state);
  return store_.set_state(id_, std::string(name_of(state)));
}

Status Pipeline::check_startable() {
  if (is_paused())
    return Error(Code::kConflict,
                 "pipeline \"" + definition_.name.name + "\" is being changed by another statement",
                 "Wait until it is done, and say it again.");
  if (thread_.joinable() && state() == PipelineState::kRunning)
    return Error(Code::kWrongState,
                 "pipeline \"" + definition_.name.name + "\" is running already");
  if (thread_.joinable()) thread_.join();
  if (definition_.step == StepKind::kTrain && !model_->begin_training(id_))
    return Error(Code::kWrongState,
                 "model \"" + definition_.model.name + "\" is trained by another " +
                     (model_->trained_by() == ModelEntry::kStatement ? "statement" : "pipeline"),
                 "A model has one writer: STOP that pipeline first, or wait for the statement.");
  return {};
}

Status Pipeline::launch(bool topic_was_there) {
  TRY_OK(check_startable());
  topic_was_there_ = topic_was_there;
  const bool trains = definition_.step == StepKind::kTrain;
  if (auto kept = keep_state(PipelineState::kRunning); !kept) {
    if (trains) model_->end_training(id_);
    set_state(PipelineState::kStopped);
    return kept;
  }
  {
    Lock lock(mutex_);
    opened_.reset();
  }
  foreground_.reset();
  thread_ = run_thread("pipeline", [this](std::stop_token stop) { work(stop); });
  return {};
}

Status Pipeline::start_behind() {
  Lock control(control_);
  return launch(true);
}

Status Pipeline::start() {
  Lock control(control_);
  TRY_OK(launch(false));
  Lock lock(mutex_);
  const auto waited = options_.connect_timeout + kStartGrace;
  while (!opened_) {
    // A replay may take longer than anyone wants to wait for START; it goes on behind.
    if (!opened_changed_.wait_for(mutex_, waited)) return {};
  }
  return *opened_;
}

Result<std::shared_ptr<Pipeline::Foreground>> Pipeline::launch_foreground(
    std::optional<int64_t> batches_max) {
  Lock control(control_);
  TRY_OK(check_startable());
  foreground_ = std::make_shared<Foreground>();
  set_state(PipelineState::kRunning);
  thread_ = run_thread("pipeline", [this, batches_max, run = foreground_](std::stop_token stop) {
    work_in_foreground(batches_max, *run, stop);
  });
  return foreground_;
}

Result<RunReport> Pipeline::run_foreground(std::optional<int64_t> batches_max,
                                           const std::stop_token& stop) {
  TRY(const auto run, launch_foreground(batches_max));
  const std::stop_callback on_stop(stop, [this] { opened_changed_.notify_all(); });
  {
    Lock lock(mutex_);
    while (!run->ended && !stop.stop_requested())
      (void)opened_changed_.wait_for(mutex_, kForegroundLook);
  }
  {
    // Once it has ended, somebody else may have started the next one already.
    Lock control(control_);
    if (foreground_ == run) join();
  }
  Lock lock(mutex_);
  CHECK(run->ended, "a thread that was joined has told how its run ended");
  if (!*run->ended) return run->ended->error();
  if (**run->ended == RunEnd::kStopped)
    return Error(Code::kCancelled, "pipeline \"" + definition_.name.name +
                                       "\" was stopped; the batches before are committed");
  return run->report;
}

/// New partitions are read by another run, which counts on.
void Pipeline::work_in_foreground(std::optional<int64_t> batches_max, Foreground& foreground,
                                  const std::stop_token& stop) {
  const auto before = stats_.read();
  Result<RunEnd> ended = RunEnd::kNewPartitions;
  while (ended && *ended == RunEnd::kNewPartitions) {
    auto run = context();
    run.foreground = true;
    if (batches_max) run.batches_max = *batches_max - (stats_.read().batches - before.batches);
    ended = run_once(stop, run);
  }
  if (stop.stop_requested() && !ended) ended = RunEnd::kStopped;
  if (!ended) errors_.note(ended.error(), -1);
  if (definition_.step == StepKind::kTrain) model_->end_training(id_);
  set_state(PipelineState::kStopped);
  const auto after = stats_.read();
  Lock lock(mutex_);
  auto& report = foreground.report;
  report.batches = after.batches - before.batches;
  report.messages = after.messages - before.messages;
  report.rows = after.rows - before.rows;
  report.rejects = after.rejects - before.rejects;
  if (report.batches > 0) report.steps = after.steps;
  foreground.ended = std::move(ended);
  opened_changed_.notify_all();
}

void Pipeline::join() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

/// A START must not come in between: what it started would run in state Stopped.
Result<bool> Pipeline::stop() {
  Lock control(control_);
  const bool ran = state() == PipelineState::kRunning;
  join();
  TRY_OK(keep_state(PipelineState::kStopped));
  return ran;
}

Status Pipeline::check_free() const {
  if (definition_.step != StepKind::kTrain || model_->trained_by() != ModelEntry::kStatement)
    return {};
  return Error(Code::kWrongState,
               "model \"" + definition_.model.name + "\" of pipeline \"" + definition_.name.name +
                   "\" is being changed by another statement",
               "Wait until it is done, and say it again.");
}

bool Pipeline::pause() {
  Lock control(control_);
  bool ran = false;
  {
    Lock lock(mutex_);
    ran = state_ == PipelineState::kRunning && !foreground_;
    paused_ = true;
  }
  join();
  // It may have come to a fatal error before it heard of the stop.
  ran = ran && state() == PipelineState::kRunning;
  if (ran) set_state(PipelineState::kStopped);
  return ran;
}

Status Pipeline::resume(bool ran) {
  {
    Lock lock(mutex_);
    paused_ = false;
  }
  return ran ? start_behind() : Status();
}

bool Pipeline::is_paused() const {
  Lock lock(mutex_);
  return paused_;
}

PipelinePause::PipelinePause(std::shared_ptr<Pipeline> pipeline)
    : pipeline_(std::move(pipeline)), ran_(pipeline_->pause()) {}

PipelinePause::~PipelinePause() {
  if (!pipeline_) return;
  if (auto resumed = pipeline_->resume(ran_); !resumed)
    log_error("a pipeline that made way for a statement could not be started again",
              {{"pipeline", pipeline_->name().quoted()}, {"error", resumed.error().to_string()}});
}

Status Pipeline::detach() {
  Lock control(control_);
  if (state() != PipelineState::kRunning || !thread_.joinable())
    return Error(Code::kWrongState, "pipeline \"" + definition_.name.name + "\" is not running");
  thread_.request_stop();
  return keep_state(PipelineState::kStopped);
}

void Pipeline::suspend() {
  Lock control(control_);
  join();
}

Result<std::string> Pipeline::learn_again(const std::string& from,
                                          const std::vector<store::LoggedBatch>& log,
                                          const std::stop_token& stop) {
  PipelineStats stats(0);
  ErrorLog errors(id_, definition_.name, store_, stats);
  TRY(const auto readings, store_.earlier_readings(id_));
  TRY(const auto sources, store_.earlier_sources(id_));
  const auto reading_of = [&](const auto& batch) { return first_that_reaches(readings, batch); };
  const auto source_of = [&](const auto& batch) { return first_that_reaches(sources, batch); };
  std::string bytes = from;
  for (auto first = log.begin(); first != log.end();) {
    const auto* reading = reading_of(*first);
    const auto* source = source_of(*first);
    const auto last = std::find_if(first, log.end(), [&](const auto& batch) {
      return reading_of(batch) != reading || source_of(batch) != source;
    });
    auto definition = definition_;
    if (source != nullptr) {
      TRY(definition, with_source(definition, source->json));
    }
    if (reading != nullptr) {
      TRY(definition, with_reading(definition, reading->json));
    }
    TRY(bytes, PipelineRun::learn_again({id_, definition, model_, options_, store_, stats, errors},
                                        bytes, {first, last}, stop));
    first = last;
  }
  return bytes;
}

void Pipeline::tell_opened(Status status) {
  Lock lock(mutex_);
  if (!opened_) opened_ = std::move(status);
  opened_changed_.notify_all();
}

RunContext Pipeline::context() {
  return {id_, definition_, model_, options_, store_, stats_, errors_};
}

Result<RunEnd> Pipeline::run_once(const std::stop_token& stop, const RunContext& context) {
  TRY(auto run, PipelineRun::open(context, stop));
  errors_.note_well();
  tell_opened({});
  topic_was_there_ = true;
  return run->run(stop);
}

void Pipeline::work(const std::stop_token& stop) {
  log_info("pipeline started", {{"pipeline", definition_.name.quoted()}});
  std::optional<Error> fatal;
  milliseconds pause = kRetryWaitMin;
  int64_t failures = 0;  // since the last batch
  while (!stop.stop_requested() && !fatal) {
    const int64_t batches_before = stats_.read().batches;
    auto ended = run_once(stop, context());
    if (stop.stop_requested()) break;
    if (stats_.read().batches > batches_before) {
      pause = kRetryWaitMin;
      failures = 0;
    }
    if (ended) continue;  // there are new partitions
    Error error = std::move(ended).error();
    errors_.note(error, -1);
    auto retries_max = definition_.retries_max;
    if (!retries_max && error.code == Code::kTransform)
      retries_max = options_.variables->get(EngineVariable::kTransformRetries);
    ++failures;
    const bool exhausted = retries_max && failures > *retries_max;
    const bool waits =
        facts(error.code).retryable || (error.code == Code::kMissingTopic && topic_was_there_);
    if (!waits || exhausted) {
      fatal = std::move(error);
      break;
    }
    error.hint =
        "The pipeline keeps trying; STOP PIPELINE " + definition_.name.name + " ends that.";
    tell_opened(error);
    wait_unless_stopped(stop, pause);
    pause = std::min(pause * 2, options_.retry_wait_max);
  }
  if (definition_.step == StepKind::kTrain) model_->end_training(id_);
  if (fatal) end_in_error(*fatal);
  tell_opened({});
  log_info("pipeline ended",
           {{"pipeline", definition_.name.quoted()}, {"state", name_of(state())}});
}

void Pipeline::end_in_error(const Error& error) {
  if (auto kept = keep_state(PipelineState::kError); !kept)
    log_error("a pipeline's state could not be kept",
              {{"pipeline", definition_.name.quoted()}, {"error", kept.error().to_string()}});
  tell_opened(error);
}

}  // namespace millrace::engine
