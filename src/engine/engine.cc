#include "engine/engine.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/log.h"
#include "engine/explainer.h"
#include "engine/infer_columns.h"
#include "engine/model_life.h"
#include "engine/pipeline.h"
#include "engine/plan.h"
#include "engine/predictor.h"
#include "engine/probe.h"
#include "engine/stages.h"
#include "engine/system_tables.h"

namespace millrace::engine {
namespace {

/// Names are compared without case; the key is the lower-case pair.
using Key = std::pair<std::string, std::string>;
Key key_of(const ObjectName& name) {
  return {to_lower(name.database), to_lower(name.name)};
}

class LocalEngine : public Engine {
 public:
  LocalEngine(const EngineOptions& options, store::Store& store)
      : options_(options), store_(store), life_(store, [this] { return all_pipelines(); }) {}
  ~LocalEngine() override { stop(); }

  Status load();

  Status create_model(const ModelDefinition& model, Existing existing) override;
  Status drop_model(const ObjectName& name, Absent absent) override;
  Result<ModelDefinition> model(const ObjectName& name) override;
  Result<Batch> describe_model(const ObjectName& name) override;
  Result<RowsReport> train_model(const ObjectName& name, store::RowStream& rows,
                                 const std::string& statement) override;
  Result<RowsReport> evaluate_model(const ObjectName& name, int64_t version,
                                    store::RowStream& rows) override;
  Status restore_model(const ObjectName& name, int64_t version,
                       const std::string& statement) override;
  Status alter_model(const ObjectName& name, const std::vector<ModelSetting>& settings,
                     const std::string& statement) override;
  Result<Batch> check_model(const ObjectName& name) override;
  Status create_pipeline(const PipelineDefinition& pipeline, Existing existing) override;
  Status drop_pipeline(const ObjectName& name, Absent absent) override;
  Result<PipelineDefinition> pipeline(const ObjectName& name) override;
  Status start_pipeline(const ObjectName& name, Absent running) override;
  Status stop_pipeline(const ObjectName& name, Absent stopped) override;
  Status alter_pipeline(const ObjectName& name, const PipelineChange& change) override;
  Result<RunReport> run_pipeline(const ObjectName& name, std::optional<int64_t> batches_max,
                                 const std::stop_token& stop) override;
  Result<TestReport> test_pipeline(const ObjectName& name, int64_t limit,
                                   const std::stop_token& stop) override;
  Result<int64_t> extract_pipeline(const ObjectName& name,
                                   const std::map<int32_t, int64_t>& offsets,
                                   const std::string& file, const std::stop_token& stop) override;
  Status start_all(const std::string& database) override;
  Status stop_all(const std::string& database) override;
  std::vector<ObjectName> model_names() override;
  std::vector<ObjectName> pipeline_names() override;
  Status check_droppable(const std::string& database) override;
  void stop() override;

 private:
  using Models = std::map<Key, std::shared_ptr<ModelEntry>>;
  using Pipelines = std::map<Key, std::shared_ptr<Pipeline>>;

  void start_those_that_ran();
  Status load_model(const store::Definition& definition);
  Status load_pipeline(const store::Definition& definition);
  Result<std::shared_ptr<ModelEntry>> find_model(const ObjectName& name) EXCLUDES(mutex_);
  Result<std::shared_ptr<Pipeline>> find_pipeline(const ObjectName& name) EXCLUDES(mutex_);
  std::vector<std::shared_ptr<ModelEntry>> all_models() EXCLUDES(mutex_);
  std::vector<std::shared_ptr<Pipeline>> all_pipelines() EXCLUDES(mutex_);
  Result<std::shared_ptr<ModelEntry>> decide_columns(const ObjectName& name, const Schema& rows);
  Status check_unused(const ModelEntry& model);
  Result<int64_t> put_model(const ModelDefinition& definition, ModelEntry& entry,
                            int64_t created_at);
  Status check_replayed(const Pipeline& pipeline);
  Status forget_unreplayed(ModelEntry& model);
  Result<std::shared_ptr<ModelEntry>> model_of(const PipelineDefinition& pipeline);
  Status check_pipeline(const PipelineDefinition& pipeline,
                        const std::shared_ptr<ModelEntry>& model);
  Status put_pipeline(const PipelineDefinition& pipeline, std::shared_ptr<ModelEntry> model,
                      int64_t id, int64_t created_at);
  Status change_pipeline(const Pipeline& pipeline, const PipelineChange& change);
  ProbeContext probe_context(const Pipeline& pipeline);

  const EngineOptions options_;
  store::Store& store_;
  ModelLife life_;
  Mutex definition_mutex_;  // CREATE and DROP one at a time; taken before mutex_
  Mutex mutex_;
  Models models_ GUARDED_BY(mutex_);
  Pipelines pipelines_ GUARDED_BY(mutex_);
};

template <class Map>
std::vector<std::string_view> names_in(const Map& map, std::string_view database) {
  std::vector<std::string_view> names;
  for (const auto& [key, entry] : map) {
    if (same_name(key.first, database)) names.push_back(entry->name().name);
  }
  return names;
}

Error taken(std::string_view what, const ObjectName& name) {
  return Error(Code::kAlreadyExists, std::string(what) + " \"" + name.name + "\" exists already",
               "Write CREATE OR REPLACE, or IF NOT EXISTS.");
}

Error does_not_exist(std::string_view what, const ObjectName& name,
                     const std::vector<std::string_view>& known) {
  return Error(Code::kNotFound, std::string(what) + " \"" + name.name + "\" does not exist",
               did_you_mean(name.name, known));
}

Status LocalEngine::load() {
  TRY(const auto definitions, store_.definitions());
  for (const auto& definition : definitions) {
    if (definition.kind == store::DefinitionKind::kModel) TRY_OK(load_model(definition));
  }
  for (const auto& definition : definitions) {
    if (definition.kind == store::DefinitionKind::kPipeline) TRY_OK(load_pipeline(definition));
  }
  TRY_OK(add_system_tables(
      store_, [this] { return all_models(); }, [this] { return all_pipelines(); }));
  const auto find = [this](const ObjectName& name) { return find_model(name); };
  TRY_OK(store_.set_predictor(std::make_shared<SqlPredictor>(find, life_.versions())));
  TRY_OK(store_.set_explainer(std::make_shared<SqlExplainer>(find, life_.versions())));
  if (options_.start_pipelines) start_those_that_ran();
  return {};
}

/// Those that train come first: those that classify wait for what the others replay.
void LocalEngine::start_those_that_ran() {
  auto pipelines = all_pipelines();
  std::stable_partition(pipelines.begin(), pipelines.end(), [](const auto& pipeline) {
    return pipeline->definition().step == StepKind::kTrain;
  });
  for (const auto& pipeline : pipelines) {
    if (pipeline->state() != PipelineState::kRunning) continue;
    if (auto started = pipeline->start_behind(); !started)
      log_warn("a pipeline that ran could not be started again",
               {{"pipeline", pipeline->definition().name.quoted()},
                {"error", started.error().to_string()}});
  }
}

Status LocalEngine::load_model(const store::Definition& definition) {
  const ObjectName name{definition.database, definition.name};
  TRY(auto parsed, model_from_json(name, definition.body));
  TRY(auto entry, make_model(std::move(parsed)));
  entry->set_id(definition.id, definition.created_at);
  TRY(const auto snapshot, store_.newest_snapshot(definition.id));
  if (snapshot) {
    auto model = published_of(*entry, *snapshot);
    if (!model) return std::move(model).error().within("model " + name.quoted());
    entry->publish(std::move(*model));
  }
  TRY(const auto log,
      store_.training_log(definition.id, snapshot ? snapshot->version : 0, store::kNewest));
  if (!log.empty()) entry->set_logged_version(log.back().version);
  Lock lock(mutex_);
  models_[key_of(name)] = std::move(entry);
  return {};
}

Status LocalEngine::load_pipeline(const store::Definition& definition) {
  const ObjectName name{definition.database, definition.name};
  TRY(auto parsed, pipeline_from_json(name, definition.body));
  TRY(auto model, model_of(parsed));
  const auto state = definition.state == name_of(PipelineState::kRunning) ? PipelineState::kRunning
                     : definition.state == name_of(PipelineState::kError) ? PipelineState::kError
                                                                          : PipelineState::kStopped;
  auto pipeline =
      std::make_shared<Pipeline>(definition.id, definition.created_at, std::move(parsed),
                                 std::move(model), state, options_, store_);
  TRY(const auto cursors, store_.cursors(definition.id));
  for (const auto& cursor : cursors) pipeline->show_cursor(cursor);
  Lock lock(mutex_);
  pipelines_[key_of(name)] = std::move(pipeline);
  return {};
}

Result<std::shared_ptr<ModelEntry>> LocalEngine::find_model(const ObjectName& name) {
  Lock lock(mutex_);
  const auto at = models_.find(key_of(name));
  if (at == models_.end()) return does_not_exist("model", name, names_in(models_, name.database));
  return at->second;
}

Result<std::shared_ptr<Pipeline>> LocalEngine::find_pipeline(const ObjectName& name) {
  Lock lock(mutex_);
  const auto at = pipelines_.find(key_of(name));
  if (at == pipelines_.end())
    return does_not_exist("pipeline", name, names_in(pipelines_, name.database));
  return at->second;
}

std::vector<std::shared_ptr<ModelEntry>> LocalEngine::all_models() {
  Lock lock(mutex_);
  std::vector<std::shared_ptr<ModelEntry>> all;
  for (const auto& [key, entry] : models_) all.push_back(entry);
  return all;
}

std::vector<std::shared_ptr<Pipeline>> LocalEngine::all_pipelines() {
  Lock lock(mutex_);
  std::vector<std::shared_ptr<Pipeline>> all;
  for (const auto& [key, entry] : pipelines_) all.push_back(entry);
  return all;
}

Status LocalEngine::check_unused(const ModelEntry& entry) {
  const ObjectName& model = entry.name();
  if (entry.trained_by() == ModelEntry::kStatement)
    return Error(Code::kWrongState, "model \"" + model.name + "\" is being changed by a statement",
                 "Wait until it is done.");
  for (const auto& pipeline : all_pipelines()) {
    const auto& definition = pipeline->definition();
    if (definition.step == StepKind::kNone || key_of(definition.model) != key_of(model)) continue;
    return Error(
        Code::kWrongState,
        "model \"" + model.name + "\" is used by pipeline \"" + definition.name.name + "\"",
        "DROP PIPELINE " + definition.name.name + " first.");
  }
  return {};
}

Status LocalEngine::create_model(const ModelDefinition& model, Existing existing) {
  Lock definitions(definition_mutex_);
  TRY(auto entry, make_model(model));
  const auto there = find_model(model.name);
  if (there && existing == Existing::kFail) return taken("model", model.name);
  if (there && existing == Existing::kKeep) return {};
  if (there) {
    TRY_OK(check_unused(**there));
    TRY_OK(store_.remove_definition((*there)->id()));
  }
  const int64_t created_at = now_micros();
  TRY(const int64_t id, put_model(model, *entry, created_at));
  entry->set_id(id, created_at);
  Lock lock(mutex_);
  models_[key_of(model.name)] = std::move(entry);
  return {};
}

/// Keeps a new model; one that begins with another's weights keeps these with it, since the other
/// may go on or go away.
Result<int64_t> LocalEngine::put_model(const ModelDefinition& model, ModelEntry& entry,
                                       int64_t created_at) {
  store::Definition definition;
  definition.kind = store::DefinitionKind::kModel;
  definition.database = model.name.database;
  definition.name = model.name.name;
  TRY(definition.body, to_json(model));
  definition.created_at = created_at;
  const std::string& from = entry.spec().warm_start_from;
  if (from.empty()) return store_.put_definition(definition);
  const std::string context = "cannot create model \"" + model.name.name + "\"";
  if (entry.columns().undecided)
    return Error(Code::kUnsupported, context + ": warm_start_from needs feature columns, not auto");
  const auto other = find_model(name_of_model(from, model.name.database));
  if (!other) return Error(other.error()).within(context);
  TRY(const auto state, ModelState::make(entry));
  auto warm = estimator::warm_start(state->trainer(), (*other)->published()->model->variables());
  if (!warm) return std::move(warm).error().within(context);
  store::ModelSnapshot snapshot;
  snapshot.created_at = created_at;
  snapshot.bytes = state->save();
  entry.publish(state->publish(static_cast<int64_t>(snapshot.bytes.size()), created_at));
  return store_.put_model(definition, snapshot);
}

Status LocalEngine::drop_model(const ObjectName& name, Absent absent) {
  Lock definitions(definition_mutex_);
  auto there = find_model(name);
  if (!there && absent == Absent::kIgnore) return {};
  if (!there) return std::move(there).error();
  TRY_OK(check_unused(**there));
  TRY_OK(store_.remove_definition((*there)->id()));
  Lock lock(mutex_);
  models_.erase(key_of(name));
  return {};
}

Result<ModelDefinition> LocalEngine::model(const ObjectName& name) {
  TRY(const auto entry, find_model(name));
  return entry->definition();
}

Result<Batch> LocalEngine::describe_model(const ObjectName& name) {
  TRY(const auto entry, find_model(name));
  return describe(*entry);
}

Result<RowsReport> LocalEngine::train_model(const ObjectName& name, store::RowStream& rows,
                                            const std::string& statement) {
  TRY(auto entry, find_model(name));
  if (entry->columns().undecided) {
    TRY(entry, decide_columns(name, *rows.schema()));
  }
  return life_.train(*entry, rows, statement);
}

/// `feature_columns => auto`: a model that was never used becomes one with columns, under the same
/// id.
Result<std::shared_ptr<ModelEntry>> LocalEngine::decide_columns(const ObjectName& name,
                                                                const Schema& rows) {
  Lock definitions(definition_mutex_);
  TRY(const auto there, find_model(name));
  if (!there->columns().undecided) return there;
  TRY(auto definition, infer_definition(*there, rows));
  TRY(auto entry, make_model(definition));
  TRY_OK(RowEncoder::make(*entry, rows));
  TRY(const auto body, to_json(definition));
  TRY_OK(store_.set_body(there->id(), body));
  entry->set_id(there->id(), there->created_at());
  Lock lock(mutex_);
  models_[key_of(name)] = entry;
  return entry;
}

Result<RowsReport> LocalEngine::evaluate_model(const ObjectName& name, int64_t version,
                                               store::RowStream& rows) {
  TRY(const auto entry, find_model(name));
  return life_.evaluate(*entry, version, rows);
}

Status LocalEngine::restore_model(const ObjectName& name, int64_t version,
                                  const std::string& statement) {
  TRY(const auto entry, find_model(name));
  return life_.restore(*entry, version, statement);
}

Status LocalEngine::alter_model(const ObjectName& name, const std::vector<ModelSetting>& settings,
                                const std::string& statement) {
  TRY(const auto entry, find_model(name));
  return life_.alter(*entry, settings, statement);
}

Result<Batch> LocalEngine::check_model(const ObjectName& name) {
  TRY(const auto entry, find_model(name));
  return life_.check(*entry);
}

Result<std::shared_ptr<ModelEntry>> LocalEngine::model_of(const PipelineDefinition& pipeline) {
  if (pipeline.step == StepKind::kNone) return std::shared_ptr<ModelEntry>();
  auto entry = find_model(pipeline.model);
  if (!entry) return std::move(entry).error().within("pipeline \"" + pipeline.name.name + "\"");
  return entry;
}

Status LocalEngine::check_pipeline(const PipelineDefinition& pipeline,
                                   const std::shared_ptr<ModelEntry>& model) {
  TRY(const auto target, store_.table(pipeline.table.database, pipeline.table.name));
  TRY(auto plan, make_plan(pipeline, target, model.get()));
  const std::string context = "pipeline \"" + pipeline.name.name + "\"";
  auto stages = make_stages(pipeline, plan, model, store_);
  if (!stages) return std::move(stages).error().within(context);
  auto source = open_source(pipeline, options_);
  if (!source) return std::move(source).error().within(context);
  if (!target)
    return store_.create_table(pipeline.table.database, pipeline.table.name,
                               evaluation_columns(model->spec()));
  plan.output.input = stages->output;
  auto writer = store_.open_writer({0, pipeline.name.database, pipeline.name.name}, plan.output);
  if (!writer) return std::move(writer).error().within(context);
  return {};
}

Status LocalEngine::put_pipeline(const PipelineDefinition& pipeline,
                                 std::shared_ptr<ModelEntry> model, int64_t id,
                                 int64_t created_at) {
  store::Definition definition;
  definition.kind = store::DefinitionKind::kPipeline;
  definition.id = id;
  definition.database = pipeline.name.database;
  definition.name = pipeline.name.name;
  TRY(definition.body, to_json(pipeline));
  definition.state = name_of(PipelineState::kStopped);
  definition.created_at = created_at;
  TRY(const int64_t given, store_.put_definition(definition));
  auto made = std::make_shared<Pipeline>(given, definition.created_at, pipeline, std::move(model),
                                         PipelineState::kStopped, options_, store_);
  TRY(const auto cursors, store_.cursors(given));
  for (const auto& cursor : cursors) made->show_cursor(cursor);
  Lock lock(mutex_);
  pipelines_[key_of(pipeline.name)] = std::move(made);
  return {};
}

Status LocalEngine::create_pipeline(const PipelineDefinition& pipeline, Existing existing) {
  Lock definitions(definition_mutex_);
  const auto there = find_pipeline(pipeline.name);
  if (there && existing == Existing::kFail) return taken("pipeline", pipeline.name);
  if (there && existing == Existing::kKeep) return {};
  TRY(auto model, model_of(pipeline));
  TRY_OK(check_pipeline(pipeline, model));
  if (!there) return put_pipeline(pipeline, std::move(model), 0, now_micros());

  // REPLACE keeps the cursors when the source is the same, and the pipeline running when it ran.
  const auto& old = (*there)->definition().source;
  const bool same_source =
      old.brokers == pipeline.source.brokers && old.topic == pipeline.source.topic;
  TRY(const bool ran, (*there)->stop());
  // Batches that are replayed later would be shaped as the new definition says.
  if (auto replayed = check_replayed(**there); !replayed) {
    if (ran) TRY_OK((*there)->start_behind());
    return replayed;
  }
  if (!same_source) TRY_OK(store_.remove_definition((*there)->id()));
  TRY_OK(put_pipeline(pipeline, std::move(model), same_source ? (*there)->id() : 0, now_micros()));
  if (!ran) return {};
  TRY(const auto made, find_pipeline(pipeline.name));
  return made->start();
}

/// A training pipeline may only go when its model has a snapshot of all it learned: the log of a
/// pipeline that is gone cannot be replayed.
Status LocalEngine::check_replayed(const Pipeline& pipeline) {
  if (pipeline.definition().step != StepKind::kTrain) return {};
  TRY(const auto snapshot, store_.newest_snapshot(pipeline.model()->id()));
  TRY(const auto log, store_.training_log(pipeline.model()->id(), snapshot ? snapshot->version : 0,
                                          store::kNewest));
  const auto taught = std::count_if(log.begin(), log.end(), [&](const auto& batch) {
    return batch.pipeline_id == pipeline.id();
  });
  if (taught == 0) return {};
  return Error(Code::kWrongState,
               "pipeline \"" + pipeline.definition().name.name + "\" taught model \"" +
                   pipeline.definition().model.name + "\" " + std::to_string(taught) +
                   " batches that are not in a snapshot yet",
               "START it, so that it replays them. In state Error it can be dropped all the same, "
               "and the model loses them.");
}

/// The replay failed for good (Kafka lost the messages) and the user gives the pipeline up: the
/// model goes on from its snapshot.
Status LocalEngine::forget_unreplayed(ModelEntry& model) {
  TRY(const auto snapshot, store_.newest_snapshot(model.id()));
  const int64_t version = snapshot ? snapshot->version : 0;
  log_warn("a model loses the batches that cannot be replayed",
           {{"model", model.name().quoted()}, {"version", version}});
  TRY_OK(store_.forget_training(model.id(), version));
  model.set_logged_version(version);
  return {};
}

Status LocalEngine::drop_pipeline(const ObjectName& name, Absent absent) {
  Lock definitions(definition_mutex_);
  auto there = find_pipeline(name);
  if (!there && absent == Absent::kIgnore) return {};
  if (!there) return std::move(there).error();
  const bool hopeless = (*there)->state() == PipelineState::kError;
  TRY_OK((*there)->stop());
  auto replayed = check_replayed(**there);
  if (!replayed && !hopeless) return replayed;
  if (!replayed) TRY_OK(forget_unreplayed(*(*there)->model()));
  TRY_OK(store_.remove_definition((*there)->id()));
  Lock lock(mutex_);
  pipelines_.erase(key_of(name));
  return {};
}

ProbeContext LocalEngine::probe_context(const Pipeline& pipeline) {
  return {pipeline.id(), pipeline.definition(), pipeline.model(), options_, store_};
}

/// Of a pipeline that does not run.
Status LocalEngine::change_pipeline(const Pipeline& pipeline, const PipelineChange& change) {
  for (const int32_t partition : change.dropped_partitions)
    TRY_OK(drop_partition(probe_context(pipeline), partition));
  if (change.offsets) TRY_OK(move_offsets(probe_context(pipeline), *change.offsets));
  auto definition = pipeline.definition();
  if (change.new_name) definition.name.name = *change.new_name;
  if (change.batch_interval_ms) definition.batch_interval_ms = *change.batch_interval_ms;
  if (change.offsets_per_partition_max)
    definition.offsets_per_partition_max = *change.offsets_per_partition_max;
  if (change.retries_max) definition.retries_max = *change.retries_max;
  if (change.stop_on_error) definition.stop_on_error = *change.stop_on_error;
  TRY_OK(put_pipeline(definition, pipeline.model(), pipeline.id(), pipeline.created_at()));
  if (key_of(definition.name) == key_of(pipeline.definition().name)) return {};
  Lock lock(mutex_);
  pipelines_.erase(key_of(pipeline.definition().name));
  return {};
}

Status LocalEngine::alter_pipeline(const ObjectName& name, const PipelineChange& change) {
  Lock definitions(definition_mutex_);
  TRY(const auto there, find_pipeline(name));
  ObjectName after = name;
  if (change.new_name) after.name = *change.new_name;
  if (key_of(after) != key_of(name) && find_pipeline(after)) return taken("pipeline", after);
  if (there->state() == PipelineState::kRunning &&
      (change.offsets || !change.dropped_partitions.empty()))
    return Error(Code::kWrongState, "pipeline \"" + name.name + "\" is running",
                 "STOP PIPELINE " + name.name + " before its offsets are moved.");
  TRY(const bool ran, there->stop());
  auto changed = change_pipeline(*there, change);
  if (!ran) return changed;
  if (!changed) {
    TRY_OK(there->start_behind());
    return changed;
  }
  TRY(const auto made, find_pipeline(after));
  return made->start();
}

Result<RunReport> LocalEngine::run_pipeline(const ObjectName& name,
                                            std::optional<int64_t> batches_max,
                                            const std::stop_token& stop) {
  TRY(const auto there, find_pipeline(name));
  return there->run_foreground(batches_max, stop);
}

Result<TestReport> LocalEngine::test_pipeline(const ObjectName& name, int64_t limit,
                                              const std::stop_token& stop) {
  TRY(const auto there, find_pipeline(name));
  return test_batch(probe_context(*there), limit, stop);
}

Result<int64_t> LocalEngine::extract_pipeline(const ObjectName& name,
                                              const std::map<int32_t, int64_t>& offsets,
                                              const std::string& file,
                                              const std::stop_token& stop) {
  TRY(const auto there, find_pipeline(name));
  return extract_batch(probe_context(*there), offsets, file, stop);
}

Result<PipelineDefinition> LocalEngine::pipeline(const ObjectName& name) {
  TRY(const auto there, find_pipeline(name));
  return there->definition();
}

Status LocalEngine::start_pipeline(const ObjectName& name, Absent running) {
  TRY(const auto there, find_pipeline(name));
  if (running == Absent::kIgnore && there->state() == PipelineState::kRunning) return {};
  return there->start();
}

Status LocalEngine::stop_pipeline(const ObjectName& name, Absent stopped) {
  TRY(const auto there, find_pipeline(name));
  TRY(const bool ran, there->stop());
  if (ran || stopped == Absent::kIgnore) return {};
  return Error(Code::kWrongState, "pipeline \"" + name.name + "\" is not running");
}

/// All are tried; the first error is told.
Status LocalEngine::start_all(const std::string& database) {
  Status first;
  for (const auto& pipeline : all_pipelines()) {
    const bool here = same_name(pipeline->definition().name.database, database);
    if (!here || pipeline->state() == PipelineState::kRunning) continue;
    if (auto started = pipeline->start(); !started && first) first = std::move(started);
  }
  return first;
}

Status LocalEngine::stop_all(const std::string& database) {
  for (const auto& pipeline : all_pipelines()) {
    if (same_name(pipeline->definition().name.database, database)) TRY_OK(pipeline->stop());
  }
  return {};
}

std::vector<ObjectName> LocalEngine::model_names() {
  std::vector<ObjectName> names;
  for (const auto& model : all_models()) names.push_back(model->name());
  return names;
}

std::vector<ObjectName> LocalEngine::pipeline_names() {
  std::vector<ObjectName> names;
  for (const auto& pipeline : all_pipelines()) names.push_back(pipeline->definition().name);
  return names;
}

Status LocalEngine::check_droppable(const std::string& database) {
  const auto refuse = [&](std::string_view what, const ObjectName& name) {
    return Error(
        Code::kWrongState,
        "database \"" + database + "\" holds " + std::string(what) + " \"" + name.name + "\"",
        "DROP pipelines and models first.");
  };
  for (const auto& name : pipeline_names()) {
    if (same_name(name.database, database)) return refuse("pipeline", name);
  }
  for (const auto& name : model_names()) {
    if (same_name(name.database, database)) return refuse("model", name);
  }
  return {};
}

void LocalEngine::stop() {
  life_.stop();
  for (const auto& pipeline : all_pipelines()) pipeline->suspend();
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options, store::Store& store) {
  auto engine = std::make_unique<LocalEngine>(options, store);
  TRY_OK(engine->load());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace millrace::engine
