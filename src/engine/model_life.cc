#include "engine/model_life.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "engine/alter_model.h"
#include "engine/labelled_rows.h"

namespace millrace::engine {
namespace {

constexpr size_t kRefusalsMax = 64;

/// Counts the rows that a model refused, and remembers why for the first of them.
void note_refused(RowsReport& report, int64_t rows_before,
                  const std::vector<RowCheckFault>& faults) {
  for (const auto& fault : faults) {
    ++report.refused;
    if (report.refusals.size() < kRefusalsMax)
      report.refusals.push_back("row " + std::to_string(rows_before + fault.row + 1) + ": " +
                                fault.detail);
  }
}

/// Reads rows to their end and hands steps of `step_rows` to `step`, the last of which may be
/// short. Where the stream cuts its chunks, and which rows are refused, does not move the others.
template <class Step>
Status for_each_step(store::RowStream& rows, RowEncoder& encoder, size_t step_rows,
                     RowsReport& report, Step step) {
  Batch batch(rows.schema());
  LabelledRows encoded;
  RowQueue queue;
  std::vector<RowCheckFault> faults;
  for (int64_t seen = 0;;) {
    TRY(const bool more, rows.next(batch));
    if (!more) break;
    const auto count = static_cast<int64_t>(batch.rows());
    faults.clear();
    encoder.encode(batch, encoded, faults);
    note_refused(report, seen, faults);
    seen += count;
    queue.append(encoded);
    size_t begin = 0;
    for (; begin + step_rows <= queue.all().rows; begin += step_rows)
      TRY_OK(step(queue.all(), begin, begin + step_rows));
    queue.drop_front(begin);
  }
  return queue.all().rows > 0 ? step(queue.all(), 0, queue.all().rows) : Status();
}

}  // namespace

/// Holds the model as its writer.
class ModelLife::Writing {
 public:
  static Result<std::unique_ptr<Writing>> begin(ModelLife& life, ModelEntry& model) {
    auto writing = std::unique_ptr<Writing>(new Writing(life, model));
    const int64_t writer = model.trained_by();
    for (const auto& pipeline : life.pipelines_()) {
      if (writer == 0 || pipeline->id() != writer) continue;
      pipeline->suspend();
      writing->pipeline_ = pipeline;
    }
    writing->holds_ = model.begin_training(ModelEntry::kStatement);
    if (writing->holds_) return writing;
    return Error(Code::kWrongState,
                 "model \"" + model.name().name + "\" is being changed by another statement",
                 "Wait until it is done, and say it again.");
  }

  ~Writing() {
    if (holds_) model_.end_training(ModelEntry::kStatement);
    if (!pipeline_ || life_.stopping_ || pipeline_->state() != PipelineState::kRunning) return;
    if (auto started = pipeline_->start_behind(); !started)
      log_warn("a pipeline that made way for a statement could not be started again",
               {{"pipeline", pipeline_->name().quoted()}, {"error", started.error().to_string()}});
  }

 private:
  Writing(ModelLife& life, ModelEntry& model) : life_(life), model_(model) {}

  ModelLife& life_;
  ModelEntry& model_;
  std::shared_ptr<Pipeline> pipeline_;  // that made way
  bool holds_ = false;
};

Result<std::unique_ptr<ModelState>> ModelLife::current(const ModelEntry& model) {
  if (model.columns().undecided)
    return Error(Code::kWrongState,
                 "model \"" + model.name().name +
                     "\" has learned nothing, and its feature columns are not decided yet");
  TRY(auto state, ModelState::make(model));
  TRY(const auto snapshot, store_.newest_snapshot(model.id()));
  if (snapshot) TRY_OK(state->load(snapshot->bytes));
  TRY(const auto log, store_.training_log(model.id(), state->version(), store::kNewest));
  if (log.empty()) return state;
  return Error(Code::kWrongState,
               "model \"" + model.name().name + "\" has learned " + std::to_string(log.size()) +
                   " batches that are not in a snapshot yet",
               "START the pipeline that trained it, so that it replays them.");
}

Result<std::unique_ptr<ModelState>> ModelLife::kept(const ModelEntry& model, int64_t version) {
  TRY(auto state, ModelState::make(model));
  TRY(const auto snapshot, store_.snapshot(model.id(), version));
  if (snapshot) {
    TRY_OK(state->load(snapshot->bytes));
    return state;
  }
  // How a model is made is known for ever, unless another one had a part in it.
  if (version == 0 && model.spec().warm_start_from.empty()) return state;
  return version_not_kept(store_, model, version);
}

Status ModelLife::commit(ModelEntry& model, ModelState& state, const store::ModelChange& change) {
  auto commit = commit_of(model, state);
  commit.snapshot_bytes = state.save();
  const auto bytes = static_cast<int64_t>(commit.snapshot_bytes->size());
  TRY_OK(store_.commit_model(commit, change));
  model.publish(state.publish(bytes, now_micros()));
  return {};
}

Result<RowsReport> ModelLife::train(ModelEntry& model, store::RowStream& rows,
                                    const std::string& statement) {
  TRY(auto encoder, RowEncoder::make(model, *rows.schema()));
  TRY(const auto writing, Writing::begin(*this, model));
  TRY(const auto state, current(model));
  RowsReport report;
  state->begin_version();
  const int64_t examples_before = state->examples();
  TRY_OK(for_each_step(rows, encoder, state->step_rows(), report,
                       [&](const LabelledRows& all, size_t begin, size_t end) -> Status {
                         const auto divergence = state->learn_step(all, begin, end);
                         if (!divergence) return {};
                         const size_t in_step = divergence->row - begin + 1;
                         return diverged(model.name(), *divergence,
                                         "row " + std::to_string(in_step) + " of that step");
                       }));
  report.examples = state->examples() - examples_before;
  if (report.examples > 0) {
    state->end_version();
    TRY_OK(commit(model, *state, {"train", statement, {}}));
  }
  report.metrics = state->batch_metrics();
  report.global_step = state->global_step();
  report.version = state->version();
  return report;
}

Result<RowsReport> ModelLife::evaluate(const ModelEntry& model, int64_t version,
                                       store::RowStream& rows) {
  TRY(const auto state, versions_.find(model, version));
  TRY(auto encoder, RowEncoder::make(model, *rows.schema()));
  const auto& spec = model.spec();
  const auto metrics = estimator::Metrics::create(spec);
  estimator::Predictions predictions;
  RowsReport report;
  TRY_OK(for_each_step(rows, encoder, static_cast<size_t>(spec.batch_size), report,
                       [&](const LabelledRows& all, size_t begin, size_t end) -> Status {
                         state->model->predict(all.inputs, begin, end, predictions);
                         const double loss =
                             estimator::loss_of(spec, predictions, all.labels, begin, end);
                         metrics->add(predictions, all.labels, begin, end, loss);
                         report.examples += static_cast<int64_t>(end - begin);
                         return {};
                       }));
  report.metrics = metrics->result();
  report.global_step = state->model->global_step();
  report.version = state->version;
  return report;
}

Status ModelLife::restore(ModelEntry& model, int64_t version, const std::string& statement) {
  TRY(const auto writing, Writing::begin(*this, model));
  TRY(const auto state, current(model));
  const int64_t last = state->version();
  TRY(auto restored, kept(model, version));
  // What ALTER MODEL has set since then stays.
  TRY(const auto settings, hyperparameters_of(model.definition()));
  for (const auto& setting : settings) TRY_OK(restored->trainer().assign(setting));
  restored->set_version(last + 1);
  return commit(model, *restored, {"restore", statement, {}});
}

Status ModelLife::alter(ModelEntry& model, const std::vector<ModelSetting>& settings,
                        const std::string& statement) {
  TRY(const auto writing, Writing::begin(*this, model));
  TRY(const auto altered, alter_model(model, settings));
  TRY(auto body, to_json(altered.definition));
  // Only what is learned with is part of the versions.
  if (altered.variables.empty()) {
    TRY_OK(store_.set_body(model.id(), body));
    model.set_definition(altered.definition, altered.retention);
    return {};
  }
  TRY(const auto state, current(model));
  for (const auto& variable : altered.variables) TRY_OK(state->trainer().assign(variable));
  state->set_version(state->version() + 1);
  TRY_OK(commit(model, *state, {"alter", statement, std::move(body)}));
  model.set_definition(altered.definition, altered.retention);
  return {};
}

}  // namespace millrace::engine
