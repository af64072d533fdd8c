// The part of a PipelineRun that learns logged batches again: at the start of a training, behind
// the newest snapshot of its model, and for CHECK MODEL.
#include "base/fault.h"
#include "base/log.h"
#include "engine/pipeline_run.h"

namespace millrace::engine {

Result<std::string> PipelineRun::learn_again(const RunContext& context, const std::string& from,
                                             const std::vector<store::LoggedBatch>& log,
                                             const std::stop_token& stop) {
  auto run = std::unique_ptr<PipelineRun>(new PipelineRun(context));
  TRY_OK(run->open_plan());
  TRY(run->source_,
      open_source(context.definition, context.options, context.store, context.pipeline_id));
  TRY(run->bounds_, run->source_->partitions());
  TRY(run->topic_id_, run->source_->topic_id());
  TRY_OK(run->open_stages());
  CHECK(run->stages_.learner != nullptr, "a pipeline that trains has a learner");
  if (const auto part = run->changing_part(); !part.empty())
    return Error(Code::kUnsupported, "SET or WHERE of pipeline " +
                                         context.definition.name.quoted() + " reads " + part +
                                         ", so that what it taught cannot be repeated");
  auto& state = run->stages_.learner->state();
  if (!from.empty()) TRY_OK(state.load(from));
  run->snapshot_version_ = state.version();
  TRY_OK(run->replay(log, stop));
  return state.save();
}

/// The newest snapshot, then the batches that were committed after it, from Kafka with their logged
/// ranges: the learner is what it was when the last batch was committed, to the byte.
Status PipelineRun::restore_learner(const std::stop_token& stop) {
  const int64_t model_id = context_.model->id();
  TRY(auto snapshot, context_.store.newest_snapshot(model_id));
  if (snapshot) {
    TRY_OK(stages_.learner->state().load(snapshot->bytes));
    snapshot_version_ = snapshot->version;
    snapshot_bytes_ = static_cast<int64_t>(snapshot->bytes.size());
    if (stages_.learner->state().version() != snapshot->version)
      return log_damaged(snapshot->version);
  }
  TRY(auto log, context_.store.training_log(model_id, snapshot_version_, store::kNewest));
  if (auto replayed = replay(log, stop); !replayed) {
    if (!stop.stop_requested()) context_.errors.note(replayed.error(), replayed_batch_id_);
    return replayed;
  }
  publish();
  return {};
}

Error PipelineRun::log_damaged(int64_t version) const {
  return Error(Code::kDataLoss, "model \"" + context_.model->name().name + "\": version " +
                                    std::to_string(version) +
                                    " in the store is not the one that follows version " +
                                    std::to_string(snapshot_version_));
}

Error PipelineRun::other_program(const store::LoggedBatch& logged) const {
  return Error(Code::kDataLoss, "batch " + std::to_string(logged.batch_id) + " of pipeline \"" +
                                    context_.definition.name.name +
                                    "\" went through another transform than the one it has now");
}

Error PipelineRun::topic_is_gone(const store::LoggedBatch& logged) const {
  return Error(Code::kDataLoss,
               "batch " + std::to_string(logged.batch_id) + " of pipeline \"" +
                   context_.definition.name.name + "\" was read from topic \"" +
                   context_.definition.source.topic + "\" of id " + logged.topic_id +
                   ", which is gone: the one that is there has id " + topic_id_,
               "DROP the pipeline and CREATE it anew: the model goes on from its newest snapshot.");
}

Status PipelineRun::replay(const std::vector<store::LoggedBatch>& log,
                           const std::stop_token& stop) {
  if (log.empty()) return {};
  log_info("replaying batches that are newer than the model's snapshot",
           {{"model", context_.model->name().quoted()},
            {"snapshot_version", snapshot_version_},
            {"batches", log.size()}});
  StagedBatch staged;
  for (const auto& logged : log) {
    if (stop.stop_requested()) return Error(Code::kCancelled, "the replay was stopped");
    replayed_batch_id_ = logged.pipeline_id == context_.pipeline_id ? logged.batch_id : -1;
    TRY_OK(replay_batch(logged, stop, staged));
    FAULT_POINT("engine.replay.batch");
  }
  return {};
}

Status PipelineRun::replay_batch(const store::LoggedBatch& logged, const std::stop_token& stop,
                                 StagedBatch& staged) {
  if (logged.pipeline_id != context_.pipeline_id)
    return Error(Code::kWrongState,
                 "model \"" + context_.model->name().name +
                     "\" has batches of another pipeline that are not in a snapshot yet",
                 "START the pipeline that trained it first; it replays them.");
  if (logged.program != program()) return other_program(logged);
  if (!logged.topic_id.empty() && !topic_id_.empty() && logged.topic_id != topic_id_)
    return topic_is_gone(logged);
  TRY(auto taken, source_->take_again(logged.ranges, stop));
  taken.batch_id = logged.batch_id;
  std::string said;
  TRY(auto messages, transformed(stages_.transform.get(), std::move(taken), stop, said));
  TRY_OK(run_stages(stages_, messages, staged));
  rejects_.clear();
  rows_ = &staged.rows();
  TRY_OK(learn(messages));
  if (stages_.learner->state().version() != logged.version) return log_damaged(logged.version);
  return {};
}

}  // namespace millrace::engine
