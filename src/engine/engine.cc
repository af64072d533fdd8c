#include <algorithm>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/alter_pipeline.h"
#include "engine/explainer.h"
#include "engine/local_engine.h"
#include "engine/plan.h"
#include "engine/predictor.h"
#include "engine/probe.h"
#include "engine/retry_rejects.h"
#include "engine/stages.h"
#include "engine/system_tables.h"

namespace millrace::engine {

Status LocalEngine::load() {
  TRY_OK(options_.variables->load(store_));
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
  predictor_ = std::make_shared<SqlPredictor>(find, life_.versions());
  TRY_OK(store_.set_predictor(predictor_));
  TRY_OK(store_.set_explainer(std::make_shared<SqlExplainer>(find, life_.versions())));
  TRY_OK(remove_unused_programs());
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

Result<std::shared_ptr<ModelEntry>> LocalEngine::model_of(const PipelineDefinition& pipeline) {
  if (pipeline.step == StepKind::kNone) return std::shared_ptr<ModelEntry>();
  auto entry = find_model(pipeline.model);
  if (!entry) return std::move(entry).error().within("pipeline \"" + pipeline.name.name + "\"");
  return entry;
}

/// It is not started yet; `starts` if it will be, by a restart at the latest.
Status LocalEngine::put_pipeline(const PipelineDefinition& pipeline,
                                 std::shared_ptr<ModelEntry> model, int64_t id, int64_t created_at,
                                 bool starts, const store::CursorMove& move) {
  store::Definition definition;
  definition.kind = store::DefinitionKind::kPipeline;
  definition.id = id;
  definition.database = pipeline.name.database;
  definition.name = pipeline.name.name;
  TRY(definition.body, to_json(pipeline));
  definition.state = name_of(starts ? PipelineState::kRunning : PipelineState::kStopped);
  definition.created_at = created_at;
  int64_t given = id;
  if (move.empty()) {
    TRY(given, store_.put_definition(definition));
  } else {
    TRY_OK(store_.move_pipeline(definition, move));
  }
  auto made = std::make_shared<Pipeline>(given, definition.created_at, pipeline, std::move(model),
                                         PipelineState::kStopped, options_, store_);
  TRY(const auto cursors, store_.cursors(given));
  for (const auto& cursor : cursors) made->show_cursor(cursor);
  Lock lock(mutex_);
  pipelines_[key_of(pipeline.name)] = std::move(made);
  return {};
}

Status LocalEngine::create_pipeline(const PipelineDefinition& asked, Existing existing) {
  FetchedProgram program;
  if (asked.transform && (existing == Existing::kReplace || !find_pipeline(asked.name))) {
    TRY(program, fetch_program(asked.name, asked.transform->source));
  }
  Lock definitions(definition_mutex_);
  const auto there = find_pipeline(asked.name);
  if (there && existing == Existing::kFail) return taken("pipeline", asked.name);
  if (there && existing == Existing::kKeep) return {};
  TRY(auto model, model_of(asked));
  PipelineDefinition pipeline = asked;
  if (pipeline.transform) {
    TRY(pipeline.transform, keep_program(program, store_));
  }
  TRY_OK(check_definition({0, pipeline, model, options_, store_}));
  if (!there) return put_pipeline(pipeline, std::move(model), 0, now_micros(), false);

  // REPLACE keeps the cursors when the source is the same, and the pipeline running when it ran.
  const auto& old = (*there)->definition().source;
  const bool same_source = old.kind == pipeline.source.kind &&
                           old.brokers == pipeline.source.brokers &&
                           old.topic == pipeline.source.topic;
  TRY_OK((*there)->check_free());
  PipelinePause pause(*there);
  // Batches that are replayed later would be shaped as the new definition says.
  TRY_OK(check_replayed(**there));
  if (!same_source) TRY_OK(store_.remove_definition((*there)->id()));
  if (same_source) TRY_OK(keep_reading(**there, pipeline));
  TRY_OK(put_pipeline(pipeline, std::move(model), same_source ? (*there)->id() : 0, now_micros(),
                      pause.ran()));
  return start_in_place(pipeline.name, pause);
}

/// The pipeline of that name has taken the place of the paused one, and runs if that did.
Status LocalEngine::start_in_place(const ObjectName& name, PipelinePause& pause) {
  pause.replaced();
  if (!pause.ran()) return {};
  TRY(const auto made, find_pipeline(name));
  auto started = made->start();
  if (!started && made->state() == PipelineState::kStopped) TRY_OK(made->stop());
  return started;
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
  PipelinePause pause(*there);
  auto replayed = check_replayed(**there);
  if (!replayed && !hopeless) return replayed;
  if (!replayed) TRY_OK(forget_unreplayed(*(*there)->model()));
  TRY_OK(store_.remove_definition((*there)->id()));
  pause.replaced();
  {
    Lock lock(mutex_);
    pipelines_.erase(key_of(name));
  }
  return (*there)->definition().transform ? remove_unused_programs() : Status();
}

/// Those that a pipeline left behind. Nobody may be creating or altering one.
Status LocalEngine::remove_unused_programs() {
  std::vector<std::string> used;
  for (const auto& pipeline : all_pipelines()) {
    if (const auto& transform = pipeline->definition().transform)
      used.push_back(transform->checksum);
  }
  return remove_programs(used, options_, store_);
}

ProbeContext LocalEngine::probe_context(const Pipeline& pipeline) {
  return {pipeline.id(), pipeline.definition(), pipeline.model(), options_, store_};
}

/// Before a training pipeline gets another definition: what it taught so far is learned again by
/// the one it has, which the store keeps for that.
Status LocalEngine::keep_reading(const Pipeline& pipeline, const PipelineDefinition& next) {
  if (pipeline.definition().step != StepKind::kTrain) return {};
  TRY(const auto before, reading_json(pipeline.definition()));
  TRY(const auto after, reading_json(next));
  if (before == after) return {};
  TRY_OK(check_replayed(pipeline));
  return store_.keep_earlier_reading(pipeline.id(), before);
}

/// Of a pipeline that is paused.
Status LocalEngine::change_pipeline(const Pipeline& pipeline, const PipelineChange& change,
                                    const std::optional<FetchedProgram>& program, bool starts) {
  // Batches that are replayed later would go through the new program.
  if (program) TRY_OK(check_replayed(pipeline));
  TRY(const auto changed, changed_pipeline(probe_context(pipeline), change, program));
  const auto& definition = changed.definition;
  // They would be looked for in the new topic.
  if (definition.source.topic != pipeline.definition().source.topic)
    TRY_OK(check_replayed(pipeline));
  TRY_OK(keep_reading(pipeline, definition));
  TRY_OK(put_pipeline(definition, pipeline.model(), pipeline.id(), pipeline.created_at(), starts,
                      changed.move));
  FAULT_POINT("engine.pipeline.changed");
  if (key_of(definition.name) == key_of(pipeline.definition().name)) return {};
  Lock lock(mutex_);
  pipelines_.erase(key_of(pipeline.definition().name));
  return {};
}

/// What SET TRANSFORM or RELOAD TRANSFORM asks for.
Result<std::optional<FetchedProgram>> LocalEngine::new_program(const ObjectName& name,
                                                               const PipelineChange& change) {
  std::optional<FetchedProgram> program;
  if (!change.transform && !change.reload_transform) return program;
  TRY(const auto there, find_pipeline(name));
  const auto& old = there->definition().transform;
  if (!change.transform && !old)
    return Error(Code::kWrongState, "pipeline \"" + name.name + "\" has no transform to reload",
                 "ALTER PIPELINE ... SET TRANSFORM ('uri', 'program', 'arguments') gives it one.");
  TRY(program, fetch_program(name, change.transform ? *change.transform : old->source));
  return program;
}

Status LocalEngine::alter_pipeline(const ObjectName& name, const PipelineChange& change) {
  TRY(const auto program, new_program(name, change));
  Lock definitions(definition_mutex_);
  TRY(const auto there, find_pipeline(name));
  ObjectName after = name;
  if (change.new_name) after.name = *change.new_name;
  if (key_of(after) != key_of(name) && find_pipeline(after)) return taken("pipeline", after);
  if (there->state() == PipelineState::kRunning &&
      (change.offsets || !change.dropped_partitions.empty()))
    return Error(Code::kWrongState, "pipeline \"" + name.name + "\" is running",
                 "STOP PIPELINE " + name.name + " before its offsets are moved.");
  TRY_OK(there->check_free());
  PipelinePause pause(there);
  FAULT_POINT("engine.pipeline.paused");
  TRY_OK(change_pipeline(*there, change, program, pause.ran()));
  const auto removed = program ? remove_unused_programs() : Status();
  TRY_OK(start_in_place(after, pause));
  return removed;
}

/// Who starts a pipeline that a statement is changing waits for that statement.
template <class Start>
auto LocalEngine::start_current(const ObjectName& name, Start start)
    -> decltype(start(std::declval<Pipeline&>())) {
  while (true) {
    TRY(const auto there, find_pipeline(name));
    auto started = start(*there);
    if (started || started.error().code != Code::kConflict || !there->is_paused()) return started;
    Lock definitions(definition_mutex_);
  }
}

Result<RunReport> LocalEngine::run_pipeline(const ObjectName& name,
                                            std::optional<int64_t> batches_max,
                                            const std::stop_token& stop) {
  TRY_OK(decide_before_start(name, stop));
  return start_current(
      name, [&](Pipeline& pipeline) { return pipeline.run_foreground(batches_max, stop); });
}

Result<RunReport> LocalEngine::retry_rejects(const ObjectName& name, const std::stop_token& stop) {
  Lock definitions(definition_mutex_);
  TRY(const auto there, find_pipeline(name));
  TRY_OK(there->check_free());
  const PipelinePause pause(there);
  return retry_batches(probe_context(*there), stop);
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
  TRY_OK(decide_before_start(name, {}));
  return start_current(name, [&](Pipeline& pipeline) {
    const bool runs = pipeline.state() == PipelineState::kRunning;
    return running == Absent::kIgnore && runs ? Status() : pipeline.start();
  });
}

/// What does not run may be at rest only while a statement changes it, and would run afterwards.
Result<bool> LocalEngine::stop_current(const ObjectName& name) {
  TRY(const auto there, find_pipeline(name));
  TRY(const bool ran, there->stop());
  if (ran) return true;
  Lock definitions(definition_mutex_);
  TRY(const auto now, find_pipeline(name));
  return now->stop();
}

Status LocalEngine::stop_pipeline(const ObjectName& name, Absent stopped) {
  TRY(const bool ran, stop_current(name));
  if (ran || stopped == Absent::kIgnore) return {};
  return Error(Code::kWrongState, "pipeline \"" + name.name + "\" is not running");
}

Status LocalEngine::detach_pipeline(const ObjectName& name) {
  TRY(const auto there, find_pipeline(name));
  return there->detach();
}

/// All are tried; the first error is told.
Status LocalEngine::start_all(const std::string& database) {
  Status first;
  for (const auto& pipeline : all_pipelines()) {
    const bool here = same_name(pipeline->definition().name.database, database);
    if (!here || pipeline->state() == PipelineState::kRunning) continue;
    auto started = start_pipeline(pipeline->definition().name, Absent::kIgnore);
    if (!started && first) first = std::move(started);
  }
  return first;
}

Status LocalEngine::stop_all(const std::string& database) {
  const auto stop_each = [&]() -> Status {
    for (const auto& pipeline : all_pipelines()) {
      if (same_name(pipeline->definition().name.database, database)) TRY_OK(pipeline->stop());
    }
    return {};
  };
  TRY_OK(stop_each());
  Lock definitions(definition_mutex_);  // as one alone is stopped
  return stop_each();
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
  for (const auto& pipeline : all_pipelines()) {
    const auto& definition = pipeline->definition();
    const bool writes = same_name(definition.table.database, database) ||
                        (definition.rejects.kind == RejectsDefinition::Kind::kTable &&
                         same_name(definition.rejects.table.database, database));
    if (writes && pipeline->state() == PipelineState::kRunning)
      return Error(Code::kWrongState,
                   "database \"" + database + "\" holds a table that pipeline " +
                       definition.name.quoted() + " writes into, which runs",
                   "STOP the pipeline first.");
  }
  return {};
}

void LocalEngine::stop() {
  life_.stop();
  for (const auto& pipeline : all_pipelines()) pipeline->suspend();
}

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options, store::Store& store) {
  auto engine = std::make_unique<LocalEngine>(options, store);
  TRY_OK(engine->load());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace millrace::engine
