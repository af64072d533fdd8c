// What the engine does about models: their definitions, and who answers for their lives.
#include "base/clock.h"
#include "engine/infer_columns.h"
#include "engine/labelled_rows.h"
#include "engine/local_engine.h"
#include "engine/model_file.h"
#include "engine/model_state.h"
#include "engine/model_tables.h"
#include "engine/model_versions.h"
#include "engine/predictor.h"

namespace millrace::engine {

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

Result<std::shared_ptr<ModelEntry>> LocalEngine::find_model(const ObjectName& name) {
  Lock lock(mutex_);
  const auto at = models_.find(key_of(name));
  if (at == models_.end()) return does_not_exist("model", name, names_in(models_, name.database));
  return at->second;
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

/// Before a pipeline trains a model whose columns are auto, its first rows decide them; they are
/// kept before any of them is learned. Pipelines that were made meanwhile get the model that there
/// is now.
Status LocalEngine::decide_before_start(const ObjectName& name, const std::stop_token& stop) {
  TRY(const auto pipeline, find_pipeline(name));
  const auto& definition = pipeline->definition();
  if (definition.step != StepKind::kTrain || !pipeline->model()->columns().undecided) return {};
  TRY(auto entry, find_model(definition.model));
  if (entry->columns().undecided) {
    TRY(const auto rows, probe_columns(probe_context(*pipeline), stop));
    TRY(entry, decide_columns(definition.model, rows));
  }
  Lock definitions(definition_mutex_);
  for (const auto& one : all_pipelines()) {
    if (!one->model() || !one->model()->columns().undecided || one->model()->id() != entry->id())
      continue;
    TRY_OK(put_pipeline(one->definition(), entry, one->id(), one->created_at(), false));
  }
  return {};
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

Result<int64_t> LocalEngine::export_model(const ObjectName& name, int64_t version,
                                          const std::string& file) {
  TRY(const auto entry, find_model(name));
  TRY(const auto snapshot, version == store::kNewest ? store_.newest_snapshot(entry->id())
                                                     : store_.snapshot(entry->id(), version));
  if (!snapshot && version != store::kNewest) return version_not_kept(store_, *entry, version);
  if (!snapshot)
    return Error(Code::kWrongState, "model \"" + name.name + "\" has learned nothing yet");
  TRY_OK(write_model_file(file, entry->definition(), *snapshot));
  return snapshot->version;
}

Status LocalEngine::alter_model(const ObjectName& name, const std::vector<ModelSetting>& settings,
                                const std::string& statement) {
  TRY(const auto entry, find_model(name));
  return life_.alter(*entry, settings, statement);
}

Result<Batch> LocalEngine::check_model(const ObjectName& name, const std::stop_token& stop) {
  TRY(const auto entry, find_model(name));
  return life_.check(*entry, stop);
}

}  // namespace millrace::engine
