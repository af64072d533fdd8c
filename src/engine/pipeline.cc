#include "engine/pipeline.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "engine/pipeline_run.h"

namespace millrace::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryWaitMin{100};
/// What START waits beyond connect_timeout: opening the source may take its time twice.
constexpr milliseconds kStartGrace{5000};

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
}

Status Pipeline::keep_state(PipelineState state) {
  set_state(state);
  return store_.set_state(id_, std::string(name_of(state)));
}

Status Pipeline::launch() {
  if (thread_.joinable() && state() == PipelineState::kRunning)
    return Error(Code::kWrongState,
                 "pipeline \"" + definition_.name.name + "\" is running already");
  if (thread_.joinable()) thread_.join();
  const bool trains = definition_.step == StepKind::kTrain;
  if (trains && !model_->begin_training(id_))
    return Error(Code::kWrongState,
                 "model \"" + definition_.model.name + "\" is trained by another " +
                     (model_->trained_by() == ModelEntry::kStatement ? "statement" : "pipeline"),
                 "A model has one writer: STOP that pipeline first, or wait for the statement.");
  if (auto kept = keep_state(PipelineState::kRunning); !kept) {
    if (trains) model_->end_training(id_);
    set_state(PipelineState::kStopped);
    return kept;
  }
  {
    Lock lock(mutex_);
    opened_.reset();
  }
  thread_ = run_thread("pipeline", [this](std::stop_token stop) { work(stop); });
  return {};
}

Status Pipeline::start_behind() {
  Lock control(control_);
  return launch();
}

Status Pipeline::start() {
  Lock control(control_);
  TRY_OK(launch());
  Lock lock(mutex_);
  const auto waited = options_.connect_timeout + kStartGrace;
  while (!opened_) {
    // A replay may take longer than anyone wants to wait for START; it goes on behind.
    if (!opened_changed_.wait_for(mutex_, waited)) return {};
  }
  return *opened_;
}

void Pipeline::join() {
  Lock control(control_);
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Result<bool> Pipeline::stop() {
  const bool ran = state() == PipelineState::kRunning;
  join();
  TRY_OK(keep_state(PipelineState::kStopped));
  return ran;
}

void Pipeline::suspend() {
  join();
}

Result<std::string> Pipeline::learn_again(const std::string& from,
                                          const std::vector<store::LoggedBatch>& log) {
  PipelineStats stats;
  ErrorLog errors(id_, definition_.name, store_, stats);
  return PipelineRun::learn_again({id_, definition_, model_, options_, store_, stats, errors}, from,
                                  log);
}

void Pipeline::tell_opened(Status status) {
  Lock lock(mutex_);
  if (!opened_) opened_ = std::move(status);
  opened_changed_.notify_all();
}

Result<RunEnd> Pipeline::run_once(const std::stop_token& stop) {
  const RunContext context{id_, definition_, model_, options_, store_, stats_, errors_};
  TRY(auto run, PipelineRun::open(context, stop));
  errors_.note_well();
  tell_opened({});
  return run->run(stop);
}

void Pipeline::work(const std::stop_token& stop) {
  log_info("pipeline started", {{"pipeline", definition_.name.quoted()}});
  std::optional<Error> fatal;
  milliseconds pause = kRetryWaitMin;
  while (!stop.stop_requested() && !fatal) {
    const int64_t batches_before = stats_.read().batches;
    auto ended = run_once(stop);
    if (stop.stop_requested()) break;
    if (stats_.read().batches > batches_before) pause = kRetryWaitMin;
    if (ended) continue;  // there are new partitions
    Error error = std::move(ended).error();
    errors_.note(error, -1);
    if (!facts(error.code).retryable) {
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
