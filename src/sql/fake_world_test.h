// What a session stands on, made up for tests: a store that writes down every statement and answers
// with the rows that a test gave it, an engine and a host that write down their calls. Only tests
// include it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/schema.h"
#include "engine/engine.h"
#include "sql/audit.h"
#include "sql/rows.h"
#include "sql/session.h"
#include "store/store.h"

namespace millrace::sql {

/// What all the fakes share: the log of what came to them, and what the store is to answer.
struct FakeWorld {
  std::vector<std::string> log;
  std::vector<std::string> databases{"db", "other"};
  /// By the beginning of a statement; the first that fits. Others give no columns, no rows.
  std::vector<std::pair<std::string, Rows>> answers;
  std::vector<std::pair<std::string, Error>> failures;
  int64_t rows_changed = 0;
  bool in_transaction = false;
  int interrupts = 0;
  int auto_column_questions = 0;                         // not in the log
  std::function<void(const std::string&)> on_statement;  // runs while the store is at work

  std::vector<std::string> take_log() { return std::exchange(log, {}); }
};

class FakeStream : public store::ResultStream {
 public:
  FakeStream(Rows rows, int64_t changed) : columns_(rows.columns), changed_(changed) {
    stream_ = stream_of(std::move(rows));
  }
  const std::vector<store::ResultColumn>& columns() const override { return columns_; }
  int64_t rows_changed() const override { return changed_; }
  Result<std::unique_ptr<store::ResultChunk>> next() override { return stream_->next(); }

 private:
  std::vector<store::ResultColumn> columns_;
  int64_t changed_;
  std::unique_ptr<store::ResultStream> stream_;
};

/// Keeps its text; says which values it ran with in the log, and has a parameter for each $.
class FakeStatement : public store::Statement {
 public:
  FakeStatement(store::Session& session, FakeWorld& world, std::string_view sql)
      : session_(session),
        world_(world),
        sql_(sql),
        parameters_(static_cast<size_t>(std::count(sql.begin(), sql.end(), '$')),
                    store::SqlType::kNull) {
    columns_.emplace();
    for (const auto& [begin, answer] : world.answers) {
      if (sql.starts_with(begin)) columns_ = answer.columns;
    }
  }
  const std::vector<store::SqlType>& parameters() const override { return parameters_; }
  const std::optional<std::vector<store::ResultColumn>>& columns() const override {
    return columns_;
  }
  Result<std::unique_ptr<store::ResultStream>> execute(
      std::span<const store::BoundValue> values) override {
    world_.log.push_back("with " + std::to_string(values.size()) + " values");
    return session_.execute(sql_);
  }
  Result<std::unique_ptr<store::ResultStream>> execute_anew(
      std::span<const store::BoundValue> values) override {
    world_.log.push_back("planned anew");
    return execute(values);
  }

 private:
  store::Session& session_;
  FakeWorld& world_;
  const std::string sql_;
  std::vector<store::SqlType> parameters_;
  std::optional<std::vector<store::ResultColumn>> columns_;
};

class FakeRowStream : public store::RowStream {
 public:
  const std::shared_ptr<const Schema>& schema() const override { return schema_; }
  Result<bool> next(Batch&) override { return false; }

 private:
  std::shared_ptr<const Schema> schema_ = std::make_shared<Schema>();
};

class FakeStoreSession : public store::Session {
 public:
  explicit FakeStoreSession(FakeWorld& world) : world_(world) {}

  Result<std::unique_ptr<store::ResultStream>> execute(std::string_view sql) override {
    const std::string text(sql);
    if (text.starts_with(
            "SELECT column_name, column_index - 1, column_default FROM duckdb_columns()"))
      ++world_.auto_column_questions;
    else
      world_.log.push_back(text);
    if (world_.on_statement) world_.on_statement(text);
    for (const auto& [begin, error] : world_.failures) {
      if (text.starts_with(begin)) return error;
    }
    if (text == "BEGIN TRANSACTION") world_.in_transaction = true;
    if (text == "COMMIT" || text == "ROLLBACK") world_.in_transaction = false;
    Rows rows;
    for (const auto& [begin, answer] : world_.answers) {
      if (!text.starts_with(begin)) continue;
      rows = answer;
      break;
    }
    return std::unique_ptr<store::ResultStream>(
        std::make_unique<FakeStream>(std::move(rows), world_.rows_changed));
  }
  Result<std::unique_ptr<store::Statement>> prepare(std::string_view sql) override {
    world_.log.push_back("prepare " + std::string(sql));
    return std::unique_ptr<store::Statement>(std::make_unique<FakeStatement>(*this, world_, sql));
  }
  Result<std::unique_ptr<store::TableLoad>> load(const store::OutputSpec&) override {
    return Error(Code::kUnsupported, "a fake session loads nothing");
  }
  Result<std::unique_ptr<store::RowStream>> query(std::string_view sql) override {
    world_.log.push_back("query " + std::string(sql));
    return std::unique_ptr<store::RowStream>(std::make_unique<FakeRowStream>());
  }
  Status use(std::string_view database) override {
    const bool known = database == "main" || database.starts_with("millrace") ||
                       std::any_of(world_.databases.begin(), world_.databases.end(),
                                   [&](const auto& name) { return same_name(name, database); });
    if (!known) return Error(Code::kNotFound, "no such schema");
    database_ = to_lower(database);
    world_.log.push_back("use " + database_);
    return {};
  }
  const std::string& database() const override { return database_; }
  bool in_transaction() const override { return world_.in_transaction; }
  void interrupt() override { ++world_.interrupts; }

 private:
  FakeWorld& world_;
  std::string database_ = "main";
};

/// Only what a session asks of a store has an answer.
class FakeStore : public store::Store {
 public:
  explicit FakeStore(FakeWorld& world) : world_(world) {}

  Result<std::unique_ptr<store::Session>> open_session() override {
    return std::unique_ptr<store::Session>(std::make_unique<FakeStoreSession>(world_));
  }
  Result<std::vector<std::string>> databases() override { return world_.databases; }
  Status create_database(const std::string& name, bool if_not_exists) override {
    world_.log.push_back("create database " + name + (if_not_exists ? " if not exists" : ""));
    return {};
  }
  Result<std::optional<store::TableInfo>> table(const std::string&, const std::string&) override {
    return unasked();
  }
  Status create_table(const std::string&, const std::string&, const Schema&) override {
    return unasked();
  }
  Result<std::vector<store::Definition>> definitions() override { return unasked(); }
  Result<int64_t> put_definition(const store::Definition&) override { return unasked(); }
  Status set_body(int64_t, const std::string&) override { return unasked(); }
  Result<int64_t> put_model(const store::Definition&, const store::ModelSnapshot&) override {
    return unasked();
  }
  Status set_state(int64_t, const std::string&) override { return unasked(); }
  Status remove_definition(int64_t) override { return unasked(); }
  Result<std::vector<Cursor>> cursors(int64_t) override { return unasked(); }
  Status move_pipeline(const store::Definition&, const store::CursorMove&) override {
    return unasked();
  }
  Result<std::vector<store::EarlierSource>> earlier_sources(int64_t) override { return unasked(); }
  Result<std::vector<std::string>> topic_ids(int64_t) override { return unasked(); }
  Status adopt_topic(int64_t, const std::string&) override { return unasked(); }
  Result<int64_t> last_batch_id(int64_t) override { return unasked(); }
  Result<std::unique_ptr<store::BatchWriter>> open_writer(const store::PipelineIdentity&,
                                                          const store::OutputSpec&) override {
    return unasked();
  }
  Result<std::unique_ptr<store::Shaper>> open_shaper(const store::ShapeSpec&) override {
    return unasked();
  }
  Status log_error(const store::PipelineError&) override { return unasked(); }
  Result<std::optional<store::KeptRejects>> next_rejects(int64_t, int64_t, int64_t) override {
    return unasked();
  }
  Status trim_pipeline_logs(int64_t, const store::LogRetention&) override { return unasked(); }
  Status trim_model_logs(int64_t, const store::LogRetention&) override { return unasked(); }
  Status keep_earlier_reading(int64_t, const std::string&) override { return unasked(); }
  Result<std::vector<store::EarlierReading>> earlier_readings(int64_t) override {
    return unasked();
  }
  Result<std::string> keep_program(std::string_view) override { return unasked(); }
  Result<std::string> program(const std::string&) override { return unasked(); }
  Status forget_programs(const std::vector<std::string>&) override { return unasked(); }
  Result<std::vector<store::PipelineFile>> files(int64_t) override { return unasked(); }
  Status add_files(int64_t, const std::vector<store::PipelineFile>&) override { return unasked(); }
  Status skip_file(int64_t, const std::string&) override { return unasked(); }
  Result<std::optional<store::ModelSnapshot>> newest_snapshot(int64_t) override {
    return unasked();
  }
  Result<std::optional<store::ModelSnapshot>> snapshot(int64_t, int64_t) override {
    return unasked();
  }
  Result<std::vector<int64_t>> kept_versions(int64_t) override { return unasked(); }
  Result<std::vector<store::LoggedBatch>> training_log(int64_t, int64_t, int64_t) override {
    return unasked();
  }
  Status commit_model(const store::ModelCommit&, const store::ModelChange&) override {
    return unasked();
  }
  Status forget_training(int64_t, int64_t) override { return unasked(); }
  Result<std::optional<std::string>> setting(const std::string&) override { return unasked(); }
  Status set_setting(const std::string&, const std::string&) override { return unasked(); }
  Status add_virtual_table(store::VirtualTable) override { return unasked(); }
  Status show_own_rows() override { return unasked(); }
  Status set_predictor(std::shared_ptr<store::Predictor>) override { return unasked(); }
  Status set_explainer(std::shared_ptr<store::Explainer>) override { return unasked(); }
  Status close() override { return {}; }

 private:
  static Error unasked() { return {Code::kInternal, "a session does not ask this of a store"}; }
  FakeWorld& world_;
};

/// Knows the model db.m, whose class is what it was asked: "of i30 law".
class FakePredictor : public store::Predictor {
 public:
  const std::shared_ptr<const Schema>& output() const override { return output_; }
  Status predict(const store::ModelOfSql& model, const Batch& rows, Batch& predictions) override {
    if (model.database != "db" || model.name != "m")
      return Error(Code::kNotFound, "there is one model, db.m");
    auto said = std::make_shared<std::string>("of");
    for (size_t i = 0; i < rows.column_count(); ++i) *said += " " + shown(rows.column(i));
    predictions.reset(1);
    predictions.keep_alive(said);
    predictions.column(0).set(0, int64_t{1});
    predictions.column(1).set(0, std::string_view(*said));
    predictions.column(2).set(0, 0.25);
    return {};
  }

 private:
  static std::string shown(const Column& column) {
    switch (column.type().kind) {
      case Kind::kInt32:
        return "i" + std::to_string(column.values<int32_t>()[0]);
      case Kind::kInt64:
        return "l" + std::to_string(column.values<int64_t>()[0]);
      case Kind::kDouble:
        return "d" + std::to_string(column.values<double>()[0]);
      default:
        return std::string(column.values<std::string_view>()[0]);
    }
  }
  const std::shared_ptr<const Schema> output_ =
      std::make_shared<Schema>(std::vector<Field>{{"class_id", {Kind::kInt64, false}},
                                                  {"class", {Kind::kVarchar, false}},
                                                  {"probability", {Kind::kDouble, false}},
                                                  {"logits", {Kind::kDouble, true}},
                                                  {"prediction", {Kind::kDouble, false}}});
};

class FakeEngine : public engine::Engine {
 public:
  explicit FakeEngine(FakeWorld& world) : world_(world) {}

  Status create_model(const engine::ModelDefinition& model, engine::Existing) override {
    models.push_back(model);
    return say("create model ", model.name);
  }
  Status drop_model(const engine::ObjectName& name, engine::Absent) override {
    return say("drop model ", name);
  }
  Result<engine::ModelDefinition> model(const engine::ObjectName& name) override {
    for (const auto& one : models) {
      if (one.name == name) return one;
    }
    return Error(Code::kNotFound, "model " + name.quoted() + " does not exist");
  }
  Result<engine::RowsReport> train_model(const engine::ObjectName& name, store::RowStream&,
                                         const std::string&) override {
    TRY_OK(say("train model ", name));
    return rows_report;
  }
  Result<engine::RowsReport> evaluate_model(const engine::ObjectName& name, int64_t version,
                                            store::RowStream&) override {
    const bool newest = version == store::kNewest;
    TRY_OK(say(newest ? "evaluate model " : "evaluate version of model ", name));
    return rows_report;
  }
  Result<int64_t> export_model(const engine::ObjectName& name, int64_t version,
                               const std::string& file) override {
    TRY_OK(say("export to " + file + " model ", name));
    return version;
  }
  int64_t variable(engine::EngineVariable variable) override {
    return engine::engine_variables()[static_cast<size_t>(variable)].value;
  }
  Status set_variable(const engine::EngineVariableFacts& facts,
                      std::optional<std::string_view> value) override {
    return say("set " + std::string(facts.name) + " = ",
               std::string(value.value_or("its default")));
  }
  Status detach_pipeline(const engine::ObjectName& name) override {
    return say("detach pipeline ", name);
  }
  Status restore_model(const engine::ObjectName& name, int64_t version,
                       const std::string&) override {
    return say("restore version " + std::to_string(version) + " of model ", name);
  }
  Status alter_model(const engine::ObjectName& name,
                     const std::vector<engine::ModelSetting>& settings,
                     const std::string&) override {
    for (const auto& [setting, value] : settings)
      world_.log.push_back(setting + " = " + value.to_sql());
    return say("alter model ", name);
  }
  Result<Batch> check_model(const engine::ObjectName& name, const std::stop_token&) override {
    TRY_OK(say("check model ", name));
    return Batch();
  }
  Result<Batch> describe_model(const engine::ObjectName& name) override {
    TRY_OK(say("describe model ", name));
    Batch batch(std::make_shared<Schema>(std::vector<Field>{{"column", {Kind::kVarchar}}}));
    batch.reset(0);
    return batch;
  }
  Status create_pipeline(const engine::PipelineDefinition& pipeline, engine::Existing) override {
    pipelines.push_back(pipeline);
    return say("create pipeline ", pipeline.name);
  }
  Status drop_pipeline(const engine::ObjectName& name, engine::Absent) override {
    return say("drop pipeline ", name);
  }
  Result<engine::PipelineDefinition> pipeline(const engine::ObjectName& name) override {
    for (const auto& one : pipelines) {
      if (one.name == name) return one;
    }
    return Error(Code::kNotFound, "pipeline " + name.quoted() + " does not exist");
  }
  Status start_pipeline(const engine::ObjectName& name, engine::Absent) override {
    return say("start ", name);
  }
  Status stop_pipeline(const engine::ObjectName& name, engine::Absent) override {
    return say("stop ", name);
  }
  Status alter_pipeline(const engine::ObjectName& name,
                        const engine::PipelineChange& change) override {
    changes.push_back(change);
    return say("alter ", name);
  }
  Result<engine::RunReport> run_pipeline(const engine::ObjectName& name,
                                         std::optional<int64_t> batches_max,
                                         const std::stop_token&) override {
    TRY_OK(say("run " + std::to_string(batches_max.value_or(-1)) + " batches of ", name));
    engine::RunReport ran;
    ran.rows = 3;
    ran.steps = {{"take", 5}, {"commit", 7}};
    return ran;
  }
  Result<engine::TestReport> test_pipeline(const engine::ObjectName& name, int64_t limit,
                                           const std::stop_token&) override {
    TRY_OK(say("test " + std::to_string(limit) + " of ", name));
    engine::TestReport tested;
    tested.rows = Batch(std::make_shared<Schema>(std::vector<Field>{{"a", {Kind::kVarchar}}}));
    tested.rows.reset(0);
    tested.rejects = {"offset 5: bad"};
    return tested;
  }
  Result<int64_t> extract_pipeline(const engine::ObjectName& name,
                                   const std::map<int32_t, int64_t>& offsets,
                                   const std::string& file, const std::stop_token&) override {
    TRY_OK(say("extract " + std::to_string(offsets.size()) + " into " + file + " of ", name));
    return 4;
  }
  Result<engine::RunReport> retry_rejects(const engine::ObjectName& name,
                                          const std::stop_token&) override {
    TRY_OK(say("retry rejects of ", name));
    engine::RunReport ran;
    ran.messages = 5;
    ran.rows = 4;
    ran.rejects = 1;
    return ran;
  }
  Status start_all(const std::string& database) override { return say("start all of ", database); }
  Status stop_all(const std::string& database) override { return say("stop all of ", database); }
  std::vector<engine::ObjectName> model_names() override { return {}; }
  std::vector<engine::ObjectName> pipeline_names() override { return {}; }
  Status check_droppable(const std::string& database) override {
    return say("check droppable ", database);
  }
  Result<engine::LoadReport> load(const engine::PipelineDefinition& load, store::Session&,
                                  const engine::OpenLoadInput& open,
                                  const std::stop_token&) override {
    loads.push_back(load);
    TRY_OK(say("load into ", load.table));
    TRY(const auto input, open());
    engine::LoadReport report;
    char byte = 0;
    for (size_t got = 1; got > 0; report.records += static_cast<int64_t>(got)) {
      TRY(got, input->read(&byte, 1));
    }
    report.taken = report.records;
    return report;
  }
  std::vector<engine::PipelineDefinition> loads;
  store::Predictor& predictor() override { return predictor_; }
  void stop() override {}

  engine::RowsReport rows_report;  // of TRAIN and EVALUATE MODEL
  std::vector<engine::ModelDefinition> models;
  std::vector<engine::PipelineDefinition> pipelines;
  std::vector<engine::PipelineChange> changes;
  std::optional<Error> failure;  // of the next verbs

 private:
  Status say(const std::string& verb, const engine::ObjectName& name) {
    return say(verb, name.database + "." + name.name);
  }
  Status say(const std::string& verb, const std::string& what) {
    world_.log.push_back(verb + what);
    if (failure) return *failure;
    return {};
  }
  FakeWorld& world_;
  FakePredictor predictor_;
};

/// Root, and those that a test adds; changes are logged and change nothing.
class FakeAccounts : public Accounts {
 public:
  explicit FakeAccounts(FakeWorld& world) : world_(world) {
    Account root;
    root.name = "root";
    root.grant({"", "", static_cast<RightSet>(kAllOfDatabase | only(Right::kAdmin))});
    add(std::move(root));
  }
  void add(Account account) {
    auto name = account.name;
    accounts_[std::move(name)] = std::make_shared<Account>(std::move(account));
  }

  std::shared_ptr<const Account> find(std::string_view name) const override {
    const auto found = accounts_.find(name);
    return found == accounts_.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<const Account>> list() const override {
    std::vector<std::shared_ptr<const Account>> all;
    for (const auto& [name, account] : accounts_) all.push_back(account);
    return all;
  }
  Status create(const std::vector<AccountChange>& accounts, bool) override {
    return say("create", accounts);
  }
  Status alter(const std::vector<AccountChange>& accounts, bool) override {
    return say("alter", accounts);
  }
  Status drop(const std::vector<AccountName>& names, bool) override {
    for (const auto& name : names) world_.log.push_back("drop user " + name.name);
    return {};
  }
  Status grant(const Grant& grant, const std::vector<AccountName>& to) override {
    return say("grant", grant, to);
  }
  Status revoke(const Grant& grant, const std::vector<AccountName>& from) override {
    return say("revoke", grant, from);
  }

 private:
  Status say(const std::string& verb, const std::vector<AccountChange>& accounts) {
    for (const auto& account : accounts)
      world_.log.push_back(verb + " user " + account.name + "@" + account.host + " " +
                           account.password.value_or("-"));
    return {};
  }
  Status say(const std::string& verb, const Grant& grant, const std::vector<AccountName>& names) {
    for (const auto& name : names)
      world_.log.push_back(verb + " " + name_of(grant.rights, grant.everywhere()) + " on " +
                           grant.place() + " " + name.name);
    return {};
  }
  FakeWorld& world_;
  std::map<std::string, std::shared_ptr<const Account>, std::less<>> accounts_;
};

/// Changes are logged and change nothing.
class FakeTokens : public AccessTokens {
 public:
  explicit FakeTokens(FakeWorld& world) : world_(world) {}
  Result<std::string> create(const AccessToken& token) override {
    world_.log.push_back("create token " + token.name + " of " + token.user);
    return std::string("a secret");
  }
  Status drop(const std::string& user, const std::string& name) override {
    world_.log.push_back("drop token " + name + " of " + user);
    return {};
  }
  Status forget(const std::string& user) override {
    world_.log.push_back("forget tokens of " + user);
    return {};
  }
  std::vector<AccessToken> list() const override { return {}; }

 private:
  FakeWorld& world_;
};

class FakeHost : public SessionHost {
 public:
  explicit FakeHost(FakeWorld& world) : world_(world), accounts_(world) {}

  std::vector<Process> processes() override {
    return {{7, "root", "127.0.0.1:5", "db", "Query", 3, "", std::string(300, 'x')},
            {8, "root", "127.0.0.1:6", "", "Sleep", 0, "", ""}};
  }
  Status kill(uint64_t id, KillScope scope) override {
    world_.log.push_back("kill " + std::to_string(id) +
                         (scope == KillScope::kQuery ? " query" : " connection"));
    return {};
  }
  Accounts& accounts() override { return accounts_; }
  AccessTokens& tokens() override { return tokens_; }
  bool file_access() const override { return true; }
  bool audits() const override { return true; }
  void audit(const AuditEvent& event) override {
    audited.push_back(std::string(event.kind) + " " + std::to_string(event.error) + " " +
                      event.statement);
  }
  std::vector<std::string> audited;
  bool local_infile() const override { return local_infile_; }
  void set_local_infile(bool allowed) override { local_infile_ = allowed; }
  std::string new_secret() override { return "a secret"; }
  std::string server_version() const override { return "8.0.36-millrace-0.1.0"; }
  int port() const override { return 3306; }
  int64_t uptime_seconds() const override { return 60; }

 private:
  FakeWorld& world_;
  FakeAccounts accounts_;
  FakeTokens tokens_{world_};
  bool local_infile_ = false;
};

}  // namespace millrace::sql
