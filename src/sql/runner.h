// A Runner carries out the statements of one session: parses each, sends ours to the engine,
// answers SHOW and SET, translates the rest for the store. It holds the session's state; SqlSession
// is what others see of it. It belongs to the session's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread.h"
#include "engine/engine.h"
#include "sql/access.h"
#include "sql/insert_target.h"
#include "sql/print.h"
#include "sql/rows.h"
#include "sql/session.h"
#include "sql/show.h"
#include "sql/statement.h"
#include "sql/token_reader.h"
#include "sql/text_numbers.h"
#include "sql/translate.h"
#include "store/store.h"

namespace millrace::sql {

/// A column that gets the next number of its sequence.
struct AutoColumn {
  std::string name;
  size_t index = 0;     // among the table's columns
  std::string number;   // SQL that makes the next one
  bool passed = false;  // numbers that were given
};

/// What a Runner keeps of a prepared statement.
class Prepared : public PreparedStatement {
 public:
  const std::vector<store::SqlType>& parameters() const override { return parameters_; }
  const std::vector<store::ResultColumn>& columns() const override { return columns_; }
  const std::string& text() const override { return text_; }

 private:
  friend class Runner;
  std::string text_;
  std::vector<store::SqlType> parameters_;
  std::vector<store::ResultColumn> columns_;
  std::string sql_;                              // the translation that statement_ was made of
  std::unique_ptr<store::Statement> statement_;  // null for a statement of ours
  std::shared_ptr<const Account> account_;       // that statement_ was checked for
  uint64_t checked_of_ = 0;                      // the schema change that was the last then
  bool texts_as_numbers_ = false;                // see Runner::with_numbers()
};

/// `error` without a place: what it counts in is not the user's text.
inline Error placeless(Error error) {
  error.position = -1;
  return error;
}

class Runner {
 public:
  Runner(store::Store& store, engine::Engine& engine, SessionInfo info, SessionHost& host,
         std::unique_ptr<store::Session> session);

  /// Runs one statement. Errors have positions in `text` and are what SHOW WARNINGS shows next.
  Result<StatementResult> run(std::string_view text);
  Result<std::unique_ptr<Prepared>> prepare(std::string_view text);
  Result<StatementResult> run(Prepared& prepared, std::span<const store::BoundValue> values);
  Status use(std::string_view database);
  Status reset();
  void set_client_files(ClientFiles& files) { client_files_ = &files; }

  const std::string& database() const { return database_; }
  bool autocommit() const { return variables_.autocommit(); }
  bool in_transaction() const { return session_->in_transaction(); }
  LexOptions lex_options() const { return variables_.lex_options(); }
  void interrupt();  // thread-safe

 private:
  friend struct StatementVisitor;

  Result<StatementResult> dispatch(std::string_view text);
  Result<StatementResult> dispatch_all(const std::vector<std::string>& forms);
  Result<StatementResult> dispatch_one(std::string_view text, std::span<const Token> tokens);

  // One for each statement.
  Result<StatementResult> execute(const Native&);
  Result<StatementResult> execute(const Ignored&);
  Result<StatementResult> execute(const CreateModel& statement);
  Result<StatementResult> execute(const DropModel& statement);
  Result<StatementResult> execute(const DescribeModel& statement);
  Result<StatementResult> execute(const ShowCreateModel& statement);
  Result<StatementResult> execute(const TrainModel& statement);
  Result<StatementResult> execute(const EvaluateModel& statement);
  Result<StatementResult> execute(const RestoreModel& statement);
  Result<StatementResult> execute(const ExportModel& statement);
  Result<StatementResult> execute(const AlterModel& statement);
  Result<StatementResult> execute(const CheckModel& statement);
  Result<StatementResult> execute(const CreatePipeline& statement);
  Result<StatementResult> execute(const DropPipeline& statement);
  Result<StatementResult> execute(const ShowCreatePipeline& statement);
  Result<StatementResult> execute(const RunPipeline& statement);
  Result<StatementResult> execute(const DetachPipeline& statement);
  Result<StatementResult> execute(const AlterPipeline& statement);
  Result<StatementResult> execute(const TestPipeline& statement);
  Result<StatementResult> execute(const ProfilePipeline& statement);
  Result<StatementResult> execute(const ExtractPipeline& statement);
  Result<StatementResult> execute(const RetryRejects& statement);
  Result<StatementResult> execute(const LoadInfile& statement);
  Result<StatementResult> execute(const Use& statement);
  Result<StatementResult> execute(const CreateDatabase& statement);
  Result<StatementResult> execute(const DropDatabase& statement);
  Result<StatementResult> execute(const CreateTable& statement);
  Result<StatementResult> execute(const Transaction& statement);
  Result<StatementResult> execute(const Set& statement);
  Result<StatementResult> execute(const CreateUser& statement);
  Result<StatementResult> execute(const AlterUser& statement);
  Result<StatementResult> execute(const DropUser& statement);
  Result<StatementResult> execute(const GrantRights& statement);
  Result<StatementResult> execute(const SetPassword& statement);
  Result<StatementResult> execute(const CreateToken& statement);
  Result<StatementResult> execute(const DropToken& statement);
  Result<StatementResult> execute(const Kill& statement);
  Result<StatementResult> execute(const Show& statement);

  template <class Use>
  Result<engine::RowsReport> on_rows(size_t first, Use use);
  Result<std::unique_ptr<store::RowStream>> query_at(size_t first);
  Result<StatementResult> run_native();
  /// Does `work`, and once more with texts as the numbers that they stand beside, when the store
  /// refuses it because of its types.
  template <class Work>
  auto with_numbers(Work work) {
    auto done = work();
    if (done || texts_as_numbers_ || !is_of_types(done.error())) return done;
    texts_as_numbers_ = true;
    auto again = work();
    texts_as_numbers_ = false;
    // The first error is about what was written, unless a text was found to be no number.
    return again || again.error().code == Code::kTypeMismatch ? std::move(again) : std::move(done);
  }
  Status create_with_sequences(const CreateTable& statement);
  Result<StatementResult> show_create_table(const Show& show);
  Status check_table(const Show& show);
  Status check_database(const std::string& name);
  Status set_variable(const SetVariable& variable);
  Status set_user_variable(const SetVariable& variable);
  PipelineDefaults pipeline_defaults() const;
  engine::PipelineDefinition with_defaults(const CreatePipeline& statement) const;
  Status set_engine_variable(const SetVariable& variable, const engine::EngineVariableFacts& facts,
                             const Cell& value);
  Status set_local_infile(const SetVariable& variable, const Cell& value);
  Status set_store_setting(const SetVariable& variable, const std::string& value);
  Result<Cell> evaluate(const SetVariable& variable);

  Result<StatementResult> carry_out(const Statement& statement);
  void audit(const Statement& statement, const Error* error);

  // What the account may: runner_access.cc.
  friend struct AccessVisitor;
  Status check_access(const Statement& statement);
  Status check_files(const Statement& statement);
  Status check_words();
  Status check_no_query();
  Status check_references();
  Status check_native(const std::string& sql);
  Status check_needs() const;
  Status check_pipelines();
  Result<std::optional<std::string>> made_like(std::string_view text,
                                               std::span<const Token> tokens);
  Status check_query(const std::string& sql, NativeKind kind);
  Result<std::string> plan_of(const std::string& sql);
  bool is_explained() const;
  Status tell_store_what_is_seen();
  Status check_condition(const std::string& condition, const std::string& rows);
  std::string seen_only(const Show& show, const std::string& query) const;
  Result<bool> is_table(const engine::ObjectName& name);

  // Users: runner_users.cc.
  Status renew_account();
  bool is_own(const std::string& name) const;
  std::vector<AccountName> named(std::vector<AccountName> accounts) const;
  bool changes_own_password(const AlterUser& statement) const;
  Result<Rows> grants(const Show& show);
  Rows users() const;
  Rows tokens() const;

  // LOAD DATA INFILE: runner_load.cc.
  Result<engine::LoadReport> load(const LoadInfile& statement);
  Result<std::unique_ptr<engine::LoadInput>> open_input(const LoadInfile& statement);

  std::stop_token new_stop() EXCLUDES(stop_mutex_);
  TranslateOptions translate_options(bool names_items) const;
  bool names_items() const;
  ShowFacts show_facts() const { return {variables_, warnings_, host_, info_, *account_}; }
  /// The statement at work for the store. An INSERT into a table with an AUTO_INCREMENT column
  /// returns the number of that column, which is not for the client.
  Result<Translation> translate_native();
  Result<std::optional<AutoColumn>> auto_column(const InsertTarget& target);
  std::string auto_column_key(const InsertTarget& target) const;
  void pass_given(const InsertTarget& target, bool made, bool given);
  /// Of several, the key that an INSERT meets: the first whose columns are all given.
  Result<std::vector<std::string>> conflict_key(const InsertTarget& target,
                                                const std::optional<AutoColumn>& made,
                                                size_t keys_min);
  Result<std::string> replacing(const InsertTarget& target, const std::vector<std::string>& key);
  void remember_found(const Translation& translation, StatementResult& result);
  /// Reads what an INSERT returns.
  Result<StatementResult> inserted(StatementResult result);
  Status prepare_native(Prepared& prepared);
  bool plan_ages() const;
  /// Whether the prepared statement at work was found to be allowed, and nothing changed since.
  bool is_checked() const;
  /// The statement at work, which is prepared and whose translation is `sql`.
  Result<StatementResult> run_prepared(const std::string& sql);
  /// What a client is told after `sql`: rows, or how many were changed.
  Result<StatementResult> run_sql(const std::string& sql);
  Result<StatementResult> outcome(std::unique_ptr<store::ResultStream> stream) const;
  std::optional<Rows> plain_answer();
  /// A small result, read to its end.
  Result<Rows> fetch(const std::string& sql);
  Status run_quietly(const std::string& sql);
  /// MySQL commits before statements that change the schema.
  Status commit_open();
  /// With autocommit off, the first statement opens a transaction.
  Status begin_unless_autocommit();
  void warn(std::string message);
  StatementResult ok(int64_t rows_changed = 0) const;
  StatementResult rows(Rows rows) const;
  Error no_such_database(std::string_view name);

  store::Store& store_;
  engine::Engine& engine_;
  SessionHost& host_;
  ClientFiles* client_files_ = nullptr;  // null: none
  const SessionInfo info_;
  std::unique_ptr<store::Session> session_;
  std::shared_ptr<const Account> account_;        // of the user, as it was when the statement began
  std::shared_ptr<const Account> told_;           // that the store shows rows for
  std::string mark_;                              // see sql/access.h; a secret of the session
  std::vector<engine::ObjectName> named_tables_;  // by the statement at work, if not an admin's
  std::set<std::string> table_functions_;         // of the store, once they were asked for
  Variables variables_;
  SessionFacts facts_;
  std::shared_ptr<int64_t> found_;  // the rows of the last query, as far as they were taken
  std::vector<Warning> warnings_;
  std::string database_;
  std::set<std::string> user_variables_;  // that were set
  /// By table, as far as they were asked for since any schema was last changed.
  std::map<std::string, std::optional<AutoColumn>> auto_columns_;
  uint64_t auto_columns_of_ = 0;  // the schema change that they are of

  // Of the statement at work.
  bool part_of_one_ = false;       // of MySQL's, which several of the store's stand for
  bool texts_as_numbers_ = false;  // see with_numbers()
  std::string_view text_;
  std::span<const Token> tokens_;
  Prepared* prepared_ = nullptr;               // null: it came as text
  std::span<const store::BoundValue> values_;  // of its parameters
  enum class InsertId : uint8_t { kNone, kGiven, kMade } insert_id_ = InsertId::kNone;

  Mutex stop_mutex_;
  /// Asked by an interrupt; a new one for each statement that waits for a pipeline.
  std::stop_source stop_ GUARDED_BY(stop_mutex_);
};

}  // namespace millrace::sql
