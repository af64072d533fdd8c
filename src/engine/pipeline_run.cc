#include "engine/pipeline_run.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"

namespace millrace::engine {
namespace {

/// Bounds a batch in memory, beside EngineVariable::kBatchBytes: one is decoded, one waits, one is
/// at work. A model learns from columns that the caches hold. A table takes the rows of a whole row
/// group past the log and straight into its file; more than one at a time is only more memory to
/// clear.
constexpr int64_t kTrainBatchBytesMax = 8 << 20;
constexpr int kCommitTriesMax = 5;
/// How long a take waits for a message, which ends the wait. A run in the foreground looks whether
/// it is done.
constexpr std::chrono::milliseconds kIdleWait{5000};
constexpr std::chrono::milliseconds kForegroundWait{500};
/// Microseconds between two looks at what the logs need not hold any more.
constexpr int64_t kTrimInterval = 60'000'000;
/// How long CLASSIFY waits for a replay of its model, and how often it looks.
constexpr std::chrono::milliseconds kTrainerWaitMax{30'000};
constexpr std::chrono::milliseconds kTrainerLook{20};

Error no_topic_partition(const PipelineDefinition& pipeline, int32_t partition, int64_t cursor) {
  Error error(Code::kDataLoss, "pipeline \"" + pipeline.name.name + "\": partition " +
                                   std::to_string(partition) + " of topic \"" +
                                   pipeline.source.topic + "\" is gone; offset " +
                                   std::to_string(cursor) + " was next");
  error.hint =
      "The topic was made again with fewer partitions; drop the pipeline and create it anew.";
  return error;
}

std::vector<Cursor> ends_of(const std::vector<OffsetRange>& ranges) {
  std::vector<Cursor> cursors;
  for (const auto& range : ranges) cursors.push_back({range.partition, range.end_offset});
  return cursors;
}

}  // namespace

Result<std::unique_ptr<PipelineRun>> PipelineRun::open(const RunContext& context,
                                                       const std::stop_token& stop) {
  auto run = std::unique_ptr<PipelineRun>(new PipelineRun(context));
  TRY_OK(run->open_plan());
  TRY(run->source_,
      open_source(context.definition, context.options, context.store, context.pipeline_id));
  TRY(run->bounds_, run->source_->partitions());
  TRY_OK(run->hold_to_topic());
  TRY_OK(run->open_stages());
  TRY_OK(run->open_writer(stop));
  if (run->trains()) TRY_OK(run->restore_learner(stop));
  if (run->stages_.scorer) run->wait_for_trainer(stop);
  TRY_OK(run->seek());
  return run;
}

PipelineRun::~PipelineRun() {
  reader_.reset();
  if (stages_.learner && writer_) save_snapshot();
}

Status PipelineRun::open_plan() {
  const auto& definition = context_.definition;
  TRY(auto target, context_.store.table(definition.table.database, definition.table.name));
  if (!target && trains()) {
    TRY_OK(context_.store.create_table(definition.table.database, definition.table.name,
                                       evaluation_columns(context_.model->spec())));
    TRY(target, context_.store.table(definition.table.database, definition.table.name));
  }
  TRY(plan_, make_plan(definition, target, context_.model.get()));
  return {};
}

Status PipelineRun::open_stages() {
  TRY(stages_,
      make_stages(context_.definition, plan_, context_.model, context_.options, context_.store));
  if (trains() && !stages_.learner) {
    TRY(stages_.learner, Learner::make(*context_.model, stages_.output));
  }
  plan_.output.input = stages_.output;
  return {};
}

Status PipelineRun::open_writer(const std::stop_token& stop) {
  const auto& name = context_.definition.name;
  TRY(writer_,
      context_.store.open_writer({context_.pipeline_id, name.database, name.name}, plan_.output));
  TRY(last_batch_id_, context_.store.last_batch_id(context_.pipeline_id));
  forwarder_ = std::make_unique<RejectForwarder>(context_.pipeline_id, context_.definition,
                                                 context_.store, stop);
  return {};
}

/// Before anything is read, batches of the log included. Cursors that were kept before topics had
/// ids are of the one that is there.
Status PipelineRun::hold_to_topic() {
  TRY(topic_id_, check_topic(context_.definition, *source_, context_.store, context_.pipeline_id));
  if (topic_id_.empty()) return {};
  return context_.store.adopt_topic(context_.pipeline_id, topic_id_);
}

/// After a crash the newest snapshot is older than the version that classified last; the pipeline
/// that trains is replaying towards it. Versions should not go back in a table, so this one waits,
/// but not for ever: the other may be in trouble.
void PipelineRun::wait_for_trainer(const std::stop_token& stop) const {
  const auto& model = *context_.model;
  const Stopwatch watch;
  while (model.published()->version < model.logged_version() && model.trained_by() != 0) {
    if (watch.micros() > kTrainerWaitMax.count() * 1000 || stop.stop_requested()) return;
    (void)wait_unless_stopped(stop, kTrainerLook);
  }
}

std::string PipelineRun::program() const {
  const auto& transform = context_.definition.transform;
  return transform ? transform->checksum : std::string();
}

Status PipelineRun::seek() {
  TRY(const auto stored, context_.store.cursors(context_.pipeline_id));
  const auto cursors = first_cursors(context_.definition.source, bounds_, stored);
  for (size_t i = 0; i < bounds_.size(); ++i)
    context_.stats.set_partition(bounds_[i], cursors[i].next_offset);
  for (const auto& cursor : stored) {
    const bool there = std::any_of(bounds_.begin(), bounds_.end(), [&](const auto& bound) {
      return bound.partition == cursor.partition;
    });
    if (!there)
      return no_topic_partition(context_.definition, cursor.partition, cursor.next_offset);
  }
  if (starts_at_latest(context_.definition.source, stored)) TRY_OK(keep_start(cursors));
  positions_ = cursors;
  return source_->seek(cursors);
}

/// Where a pipeline began at the latest offset is kept before it reads on, as a batch of no
/// messages: a restart must neither skip what came since nor read what was there before.
Status PipelineRun::keep_start(const std::vector<Cursor>& cursors) {
  MessageBatch none;
  none.topic_id = topic_id_;
  for (const auto& [partition, offset] : cursors)
    none.ranges.push_back({partition, offset, offset, 0, offset});
  store::BatchCommit batch;
  batch.batch_id = last_batch_id_ + 1;
  batch.messages = &none;
  batch.rows_learned.assign(none.ranges.size(), 0);
  batch.started_at = now_micros();
  TRY_OK(commit_with_retries(batch));
  last_batch_id_ = batch.batch_id;
  return {};
}

/// Whether a run in the foreground has come to its end.
bool PipelineRun::is_done() const {
  if (!context_.foreground) return false;
  if (context_.batches_max && batches_ >= *context_.batches_max) return true;
  return std::all_of(positions_.begin(), positions_.end(), [&](const Cursor& at) {
    return std::any_of(bounds_.begin(), bounds_.end(), [&](const auto& bound) {
      return bound.partition == at.partition && at.next_offset >= bound.latest_offset;
    });
  });
}

Result<RunEnd> PipelineRun::run(const std::stop_token& stop) {
  ReaderOptions options;
  options.limits.offsets_per_partition_max = context_.definition.offsets_per_partition_max;
  options.limits.partitions_max = context_.definition.partitions_max;
  options.limits.bytes_max = context_.options.variables->get(EngineVariable::kBatchBytes);
  if (trains()) options.limits.bytes_max = std::min(options.limits.bytes_max, kTrainBatchBytesMax);
  options.limits.messages_max = trains() ? 0 : store::kRowGroupRows;
  options.limits.wait_max = context_.foreground ? kForegroundWait : kIdleWait;
  options.batch_interval = std::chrono::milliseconds(context_.definition.batch_interval_ms);
  options.partitions_interval = context_.options.partitions_interval;
  options.partitions = bounds_.size();
  options.next_batch_id = last_batch_id_ + 1;
  options.in_turn = !changing_part().empty();
  options.on_ends = [&stats = context_.stats](const auto& ends) { stats.set_ends(ends); };
  forward_rejects();
  reader_ = std::make_unique<Reader>(std::move(source_), stages_, options);
  const std::stop_callback on_stop(stop, [this] { reader_->stop(); });
  trim_logs();  // while the reader waits for the first messages
  while (!stop.stop_requested()) {
    if (is_done()) return RunEnd::kDone;
    auto taken = reader_->next();
    if (!taken) break;
    if (taken->new_partitions) return RunEnd::kNewPartitions;
    if (taken->well_again) {
      context_.errors.note_well();
    } else if (!taken->error) {
      if (auto done = process(*taken); !done)
        return of_batch(*taken, std::move(done).error(), stop);
      if (taken->behind) reader_->give_back(std::move(taken->rows));
    } else if (facts(taken->error->code).retryable && !taken->lost && !context_.foreground) {
      context_.errors.note(*taken->error, last_batch_id_ + 1);
    } else if (taken->error->code == Code::kDataLoss) {
      const std::string where = "pipeline \"" + context_.definition.name.name + "\"";
      return (*std::move(taken->error)).within(where);
    } else {
      return of_batch(*taken, *std::move(taken->error), stop);
    }
  }
  return RunEnd::kStopped;
}

/// What ends the run is told with its batch, if it has one, here: whoever began the run knows none.
Error PipelineRun::of_batch(const Taken& taken, Error error, const std::stop_token& stop) const {
  const bool told = taken.batch.batch_id > 0 && !stop.stop_requested();
  if (told) context_.errors.note(error, taken.batch.batch_id);
  return error;
}

/// The first reject that STOP_ON_ERROR stops at; those of the table come later, at the commit.
const Reject* PipelineRun::fatal_reject() const {
  const auto skipped = context_.definition.skipped;
  const bool skips = skipped == SkippedErrors::kAll || skipped == SkippedErrors::kIgnore ||
                     skipped == SkippedErrors::kParser;
  if (!context_.definition.stop_on_error || skips || rejects_.empty()) return nullptr;
  return &rejects_.front();
}

bool PipelineRun::stops_on_refusal() const {
  const auto skipped = context_.definition.skipped;
  return context_.definition.stop_on_error &&
         (skipped == SkippedErrors::kNone || skipped == SkippedErrors::kParser);
}

Error PipelineRun::stopped_by(const Reject& reject) const {
  return Error(Code::kCorruptRow,
               "pipeline \"" + context_.definition.name.name + "\": partition " +
                   std::to_string(reject.partition) + " offset " + std::to_string(reject.offset) +
                   ": " + reject.detail,
               "STOP_ON_ERROR is ON; without it the row would be in millrace.rejects.");
}

Status PipelineRun::process(Taken& taken) {
  FAULT_POINT("engine.batch.taken");
  if (!taken.said.empty()) context_.errors.note_said(taken.said, last_batch_id_ + 1);
  rejects_ = std::move(taken.rejects);
  rows_ = &taken.rows;
  FAULT_POINT("engine.batch.decoded");
  Stopwatch watch;
  if (trains()) TRY_OK(learn(taken.batch));
  learn_micros_ = watch.restart();
  FAULT_POINT("engine.model.trained");
  if (const auto* fatal = fatal_reject()) {
    auto error = stopped_by(*fatal);
    context_.errors.note(error, last_batch_id_ + 1, fatal);
    return error;
  }
  const auto given = static_cast<int64_t>(rejects_.size());
  watch.restart();
  TRY(const auto outcome, commit(taken));
  auto steps = steps_of(taken);
  steps.emplace_back("commit", watch.micros());
  context_.stats.set_steps(std::move(steps));
  ++batches_;
  for (const auto& range : taken.batch.ranges) {
    for (auto& at : positions_) {
      if (at.partition == range.partition) at.next_offset = range.end_offset;
    }
  }
  context_.errors.note_well();
  forward_rejects();
  if (since_trim_.micros() > kTrimInterval) trim_logs();
  if (trains()) {
    FAULT_POINT("engine.publish.before");
    publish();
    FAULT_POINT("engine.publish.after");
  }
  reader_->acknowledge(ends_of(taken.batch.ranges));
  if (stops_on_refusal() && outcome.rejects > given)
    return Error(Code::kCorruptRow,
                 "pipeline \"" + context_.definition.name.name + "\": table " +
                     context_.definition.table.quoted() + " refused " +
                     std::to_string(outcome.rejects - given) + " rows of batch " +
                     std::to_string(last_batch_id_),
                 "STOP_ON_ERROR is ON; the rows are in millrace.rejects.");
  return {};
}

/// Microseconds, in the order of the steps.
std::vector<std::pair<std::string, int64_t>> PipelineRun::steps_of(const Taken& taken) const {
  std::vector<std::pair<std::string, int64_t>> steps{{"take", taken.take_micros}};
  if (taken.transform_micros) steps.emplace_back("transform", *taken.transform_micros);
  steps.emplace_back("decode", taken.decode_micros);
  steps.emplace_back("shape", taken.shape_micros);
  steps.emplace_back("model", taken.score_micros + learn_micros_);
  return steps;
}

Status PipelineRun::learn(const MessageBatch& messages) {
  // The model takes the rows it refuses out of the batch; their messages must be known from before.
  const std::vector<uint32_t> message_of_row(rows_->message_of_row().begin(),
                                             rows_->message_of_row().end());
  std::vector<RowCheckFault> faults;
  const auto divergence = stages_.learner->learn(*rows_, faults);
  if (divergence) {
    const auto& message = messages.messages[rows_->message_of_row()[divergence->row]];
    return diverged(context_.model->name(), *divergence,
                    "that of partition " + std::to_string(message.partition) + ", offset " +
                        std::to_string(message.offset));
  }
  for (const auto& fault : faults) {
    const auto& message = messages.messages[message_of_row[fault.row]];
    rejects_.push_back(reject_of(message, fault.reason, fault.detail));
  }
  return {};
}

std::vector<int64_t> PipelineRun::rows_of_ranges(const MessageBatch& messages) const {
  std::vector<int64_t> rows(messages.ranges.size(), 0);
  size_t range = 0;  // rows and ranges are both in the order of partitions
  for (const uint32_t index : rows_->message_of_row()) {
    const int32_t partition = messages.messages[index].partition;
    while (messages.ranges[range].partition != partition) {
      CHECK(++range < messages.ranges.size(), "each message is of a range of its batch");
    }
    ++rows[range];
  }
  return rows;
}

/// What makes a replay learn from other rows: then each batch's version has its snapshot.
std::string PipelineRun::changing_part() const {
  return stages_.shaper ? stages_.shaper->changing_part() : std::string();
}

store::ModelCommit PipelineRun::model_commit() {
  const ModelState& state = stages_.learner->state();
  store::ModelCommit model = commit_of(*context_.model, state);
  const bool due = snapshot_version_ == 0 || !changing_part().empty() ||
                   since_snapshot_.micros() >= context_.options.snapshot_interval.count() * 1000;
  if (due) model.snapshot_bytes = state.save();
  return model;
}

Result<store::CommitOutcome> PipelineRun::commit(const Taken& taken) {
  store::BatchCommit batch;
  batch.batch_id = last_batch_id_ + 1;
  CHECK(taken.batch.batch_id == batch.batch_id,
        "batches are committed in the order of their taking");
  batch.messages = &taken.batch;
  batch.rejects = std::move(rejects_);
  batch.started_at = taken.started_at;
  for (const auto& [step, micros] : steps_of(taken))
    batch.steps_json +=
        (batch.steps_json.empty() ? "{\"" : ",\"") + step + "\":" + std::to_string(micros);
  batch.steps_json += "}";
  batch.program = program();
  if (trains()) {
    batch.rows_learned = rows_of_ranges(taken.batch);
    batch.model = model_commit();
    batch.evaluation = stages_.learner->state().lifetime_metrics();
    batch.evaluation.emplace_back("global_step", static_cast<double>(batch.model->global_step));
    batch.evaluation.emplace_back("examples", static_cast<double>(batch.model->examples));
    batch.evaluation.emplace_back("model_version", static_cast<double>(batch.model->version));
  } else {
    batch.rows = rows_;
  }
  TRY(const auto outcome, commit_with_retries(batch));
  last_batch_id_ = batch.batch_id;
  if (batch.model && batch.model->snapshot_bytes) {
    snapshot_version_ = batch.model->version;
    snapshot_bytes_ = static_cast<int64_t>(batch.model->snapshot_bytes->size());
    since_snapshot_.restart();
  }
  const auto rows = trains() ? static_cast<int64_t>(rows_->rows()) : outcome.rows_written;
  context_.stats.add_batch(taken.batch.ranges,
                           {rows, outcome.rejects, outcome.bytes, taken.started_at});
  rejects_ = std::move(batch.rejects);
  return outcome;
}

/// A conflict or a full disk may pass; the commit left nothing behind, so it is tried again as it
/// is.
Result<store::CommitOutcome> PipelineRun::commit_with_retries(const store::BatchCommit& batch) {
  std::chrono::milliseconds pause(20);
  for (int attempt = 1;; ++attempt) {
    auto outcome = writer_->commit(batch);
    if (outcome || !facts(outcome.error().code).retryable || attempt == kCommitTriesMax)
      return outcome;
    context_.errors.note(outcome.error(), batch.batch_id);
    wait_unless_stopped({}, pause);
    pause *= 2;
  }
}

/// What cannot be trimmed now is trimmed later: the logs are a little longer.
void PipelineRun::trim_logs() {
  since_trim_.restart();
  const auto& variables = *context_.options.variables;
  constexpr int64_t kMinute = 60'000'000;
  store::LogRetention retention;
  retention.batches = variables.get(EngineVariable::kBatchesToKeep);
  retention.model_versions = variables.get(EngineVariable::kModelVersionsToKeep);
  retention.rejects_micros = variables.get(EngineVariable::kRejectsRetention) * kMinute;
  retention.errors_micros = variables.get(EngineVariable::kErrorsRetention) * kMinute;
  auto trimmed = context_.store.trim_pipeline_logs(context_.pipeline_id, retention);
  if (trimmed && trains())
    trimmed = context_.store.trim_model_logs(context_.model->id(), retention);
  if (!trimmed)
    log_warn(
        "a pipeline's logs could not be trimmed",
        {{"pipeline", context_.definition.name.quoted()}, {"error", trimmed.error().to_string()}});
}

/// What cannot be sent is told, and tried again with the next batch.
void PipelineRun::forward_rejects() {
  if (auto sent = forwarder_->forward(last_batch_id_); !sent)
    context_.errors.note(sent.error(), last_batch_id_);
}

void PipelineRun::publish() {
  context_.model->publish(stages_.learner->state().publish(snapshot_bytes_, now_micros()));
}

void PipelineRun::save_snapshot() {
  const auto published = context_.model->published();
  const ModelState& state = stages_.learner->state();
  // Only what was committed (and so published) may be kept; a learner that is ahead of it failed to
  // commit.
  if (state.version() != published->version || state.version() == snapshot_version_) return;
  store::ModelSnapshot snapshot;
  snapshot.version = state.version();
  snapshot.global_step = state.global_step();
  snapshot.examples = state.examples();
  snapshot.batch_id = last_batch_id_;
  snapshot.created_at = now_micros();
  snapshot.bytes = state.save();
  auto saved = writer_->save_snapshot(context_.model->id(), snapshot, context_.model->retention());
  if (!saved)
    log_warn("model snapshot was not kept; the next start replays",
             {{"model", context_.model->name().quoted()}, {"error", saved.error().to_string()}});
}

}  // namespace millrace::engine
