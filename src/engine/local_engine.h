// The Engine of this process: the models and pipelines by name, each with its definition in the
// store. engine.cc has what is about pipelines and the whole, engine_models.cc what is about
// models. Only these two include it. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "data/schema.h"
#include "engine/engine.h"
#include "engine/model_life.h"
#include "engine/pipeline.h"
#include "engine/probe.h"
#include "engine/programs.h"
#include "store/store.h"

namespace millrace::engine {

/// Names are compared without case; the key is the lower-case pair.
using Key = std::pair<std::string, std::string>;
inline Key key_of(const ObjectName& name) {
  return {to_lower(name.database), to_lower(name.name)};
}

inline EngineOptions with_variables(EngineOptions options) {
  if (!options.variables) options.variables = std::make_shared<EngineVariables>();
  return options;
}

class LocalEngine : public Engine {
 public:
  LocalEngine(const EngineOptions& options, store::Store& store)
      : options_(with_variables(options)),
        store_(store),
        life_(store, [this] { return all_pipelines(); }) {}
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
  Result<int64_t> export_model(const ObjectName& name, int64_t version,
                               const std::string& file) override;
  Status detach_pipeline(const ObjectName& name) override;
  Status restore_model(const ObjectName& name, int64_t version,
                       const std::string& statement) override;
  Status alter_model(const ObjectName& name, const std::vector<ModelSetting>& settings,
                     const std::string& statement) override;
  Result<Batch> check_model(const ObjectName& name, const std::stop_token& stop) override;
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
  Result<RunReport> retry_rejects(const ObjectName& name, const std::stop_token& stop) override;
  Result<LoadReport> load(const PipelineDefinition& load, store::Session& session,
                          const OpenLoadInput& open, const std::stop_token& stop) override {
    return load_table(load, store_, session, open, stop);
  }
  int64_t variable(EngineVariable variable) override { return options_.variables->get(variable); }
  Status set_variable(const EngineVariableFacts& facts,
                      std::optional<std::string_view> value) override {
    return options_.variables->set(facts, value, store_);
  }
  Status start_all(const std::string& database) override;
  Status stop_all(const std::string& database) override;
  std::vector<ObjectName> model_names() override;
  std::vector<ObjectName> pipeline_names() override;
  Status check_droppable(const std::string& database) override;
  store::Predictor& predictor() override { return *predictor_; }
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
  Status decide_before_start(const ObjectName& pipeline, const std::stop_token& stop);
  Status check_unused(const ModelEntry& model);
  Result<int64_t> put_model(const ModelDefinition& definition, ModelEntry& entry,
                            int64_t created_at);
  Status check_replayed(const Pipeline& pipeline);
  Status remove_unused_programs();
  Status forget_unreplayed(ModelEntry& model);
  Result<std::shared_ptr<ModelEntry>> model_of(const PipelineDefinition& pipeline);
  Status put_pipeline(const PipelineDefinition& pipeline, std::shared_ptr<ModelEntry> model,
                      int64_t id, int64_t created_at, bool starts,
                      const store::CursorMove& move = {});
  Status start_in_place(const ObjectName& name, PipelinePause& pause);
  template <class Start>
  auto start_current(const ObjectName& name, Start start)
      -> decltype(start(std::declval<Pipeline&>()));
  Result<bool> stop_current(const ObjectName& name) EXCLUDES(definition_mutex_);
  Result<std::optional<FetchedProgram>> new_program(const ObjectName& name,
                                                    const PipelineChange& change);
  Status change_pipeline(const Pipeline& pipeline, const PipelineChange& change,
                         const std::optional<FetchedProgram>& program, bool starts);
  Status keep_reading(const Pipeline& pipeline, const PipelineDefinition& next);
  ProbeContext probe_context(const Pipeline& pipeline);

  const EngineOptions options_;
  store::Store& store_;
  ModelLife life_;
  std::shared_ptr<store::Predictor> predictor_;  // made by load()
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

inline Error taken(std::string_view what, const ObjectName& name) {
  return Error(Code::kAlreadyExists, std::string(what) + " \"" + name.name + "\" exists already",
               "Write CREATE OR REPLACE, or IF NOT EXISTS.");
}

inline Error does_not_exist(std::string_view what, const ObjectName& name,
                            const std::vector<std::string_view>& known) {
  return Error(Code::kNotFound, std::string(what) + " \"" + name.name + "\" does not exist",
               did_you_mean(name.name, known));
}

}  // namespace millrace::engine
