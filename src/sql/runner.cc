#include "sql/runner.h"

#include <algorithm>

#include "data/schema.h"
#include "sql/audit.h"
#include "sql/broken_table.h"
#include "sql/counted_stream.h"
#include "sql/limited_stream.h"
#include "sql/other_forms.h"
#include "sql/parse.h"
#include "sql/plain_select.h"
#include "sql/quote.h"
#include "sql/schema_change.h"
#include "sql/session_table.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

constexpr size_t kWarningsMax = 64;
/// The code of a warning without one of its own (ER_UNKNOWN_ERROR).
constexpr uint16_t kWarningCode = 1105;

std::string host_without_port(const std::string& host) {
  const size_t colon = host.rfind(':');
  return colon == std::string::npos ? host : host.substr(0, colon);
}

/// MySQL's statements that end the transaction at work; those about temporary tables do not.
bool changes_schema(std::string_view text, std::span<const Token> tokens) {
  const auto is = [&](size_t i, std::string_view word) {
    return i < tokens.size() && tokens[i].kind == TokenKind::kWord &&
           same_name(raw(text, tokens[i]), word);
  };
  const bool structure = is(0, "CREATE") || is(0, "ALTER") || is(0, "DROP") || is(0, "TRUNCATE");
  const size_t kind = is(1, "OR") ? 3 : 1;
  return structure && !is(kind, "TEMPORARY") && !is(kind, "TEMP");
}

}  // namespace

Runner::Runner(store::Store& store, engine::Engine& engine, SessionInfo info, SessionHost& host,
               std::unique_ptr<store::Session> session)
    : store_(store),
      engine_(engine),
      host_(host),
      info_(std::move(info)),
      session_(std::move(session)),
      variables_([this](std::string_view name) -> std::optional<std::string> {
        if (const auto* own = engine::find_engine_variable(name))
          return std::to_string(engine_.variable(own->variable));
        if (name == "version") return host_.server_version();
        if (name == "local_infile") return host_.local_infile() ? "ON" : "OFF";
        if (name == "port") return std::to_string(host_.port());
        if (name == "pseudo_thread_id") return std::to_string(info_.connection_id);
        if ((name == "have_ssl" || name == "have_openssl") && info_.tls_offered) return "YES";
        if (name == "last_insert_id") return std::to_string(facts_.last_insert_id);
        if (name == "warning_count") return std::to_string(warnings_.size());
        if (name == "error_count") {
          return std::to_string(std::count_if(warnings_.begin(), warnings_.end(),
                                              [](const auto& w) { return w.level == "Error"; }));
        }
        return std::nullopt;
      }) {
  facts_.user = info_.user;
  facts_.host = host_without_port(info_.host);
  facts_.version = host_.server_version();
  facts_.connection_id = info_.connection_id;
}

StatementResult Runner::ok(int64_t rows_changed) const {
  StatementResult result;
  result.rows_changed = rows_changed;
  return result;
}

StatementResult Runner::rows(Rows rows) const {
  StatementResult result;
  result.stream = stream_of(std::move(rows));
  return result;
}

void Runner::warn(std::string message) {
  if (warnings_.size() < kWarningsMax) {
    warnings_.push_back({"Warning", kWarningCode, std::move(message)});
  }
}

struct StatementVisitor {
  Runner& runner;
  template <class T>
  Result<StatementResult> operator()(const T& statement) {
    return runner.execute(statement);
  }
};

Result<StatementResult> Runner::dispatch(std::string_view text) {
  TRY_OK(renew_account());
  TRY(const std::vector<Token> tokens, lex(text, lex_options()));
  const auto forms = other_forms(text, tokens, lex_options());
  if (forms.empty()) {
    TRY(const auto made, made_like(text, tokens));
    return made ? dispatch_all({*made}) : dispatch_one(text, tokens);
  }
  if (forms.size() == 1) return dispatch_all(forms);
  // One statement of MySQL's is done as a whole or not at all.
  TRY_OK(commit_open());
  const SchemaChange change;
  TRY_OK(run_quietly("BEGIN TRANSACTION"));
  part_of_one_ = true;
  auto result = dispatch_all(forms);
  part_of_one_ = false;
  if (!in_transaction()) return result;
  auto ended = run_quietly(result ? "COMMIT" : "ROLLBACK");
  return result && !ended ? Result<StatementResult>(ended.error()) : std::move(result);
}

Result<StatementResult> Runner::dispatch_all(const std::vector<std::string>& forms) {
  StatementResult result;
  for (const std::string& form : forms) {
    TRY(const std::vector<Token> written, lex(form, lex_options()));
    TRY(result, dispatch_one(form, written));
  }
  return result;
}

Result<StatementResult> Runner::dispatch_one(std::string_view text, std::span<const Token> tokens) {
  text_ = text;
  tokens_ = tokens;
  facts_.database = database_;
  if (found_) facts_.found_rows = std::to_string(*found_);
  TokenReader reader(text, tokens, lex_options());
  auto statement = parse(reader, database_);
  // These look at what the statement before them left.
  const Show* show = statement ? std::get_if<Show>(&*statement) : nullptr;
  const bool diagnostic =
      show != nullptr &&
      (show->kind == ShowKind::kWarnings || show->kind == ShowKind::kErrors ||
       show->kind == ShowKind::kWarningCount || show->kind == ShowKind::kErrorCount);
  const bool asks = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == TokenKind::kSystemVariable;
  });
  if (!diagnostic && !asks) warnings_.clear();
  if (!statement) return std::move(statement).error();
  const size_t warnings_before = warnings_.size();
  auto done = carry_out(*statement);
  audit(*statement, done ? nullptr : &done.error());
  TRY(StatementResult result, std::move(done));
  const size_t added = warnings_.size() - std::min(warnings_before, warnings_.size());
  result.warnings = std::max(result.warnings, static_cast<uint16_t>(added));
  return result;
}

Result<StatementResult> Runner::carry_out(const Statement& statement) {
  TRY_OK(check_access(statement));
  return std::visit(StatementVisitor{*this}, statement);
}

/// `error` is null for what was done.
void Runner::audit(const Statement& statement, const Error* error) {
  if (!host_.audits()) return;
  const bool denied = error != nullptr && (error->code == Code::kPermission ||
                                           error->code == Code::kDatabasePermission ||
                                           error->code == Code::kAdminPermission);
  const bool native = std::holds_alternative<Native>(statement);
  const auto kind = denied ? std::string_view("denied")
                           : audit_kind(statement, native && changes_schema(text_, tokens_));
  if (kind.empty()) return;
  host_.audit({kind, info_.user, info_.host, info_.connection_id, database_,
               without_values(text_, tokens_),
               error == nullptr ? uint16_t{0} : facts(error->code).mysql_errno});
}

Result<StatementResult> Runner::run(std::string_view text) {
  auto result = dispatch(text);
  text_ = {};
  tokens_ = {};
  if (result) {
    facts_.rows_changed = result->stream ? -1 : result->rows_changed;
    return result;
  }
  facts_.rows_changed = -1;
  const Error& error = result.error();
  warnings_.clear();
  warnings_.push_back({"Error", facts(error.code).mysql_errno, error.to_string()});
  return result;
}

// --- Names, databases, transactions -------------------------------------------------------------

Error Runner::no_such_database(std::string_view name) {
  Error error(Code::kUnknownDatabase, "database \"" + std::string(name) + "\" does not exist");
  if (const auto databases = store_.databases()) {
    const std::vector<std::string_view> names(databases->begin(), databases->end());
    error.hint = did_you_mean(name, names);
  }
  return error;
}

Status Runner::use(std::string_view name) {
  TRY_OK(renew_account());
  if (is_internal_schema(name)) return no_such_database(name);
  if (!account_->is_admin() && !account_->sees(name))
    return denied(*account_, Right::kSelect, std::string(name));
  // The store's own information_schema lacks our tables; where those are, a bare name finds them.
  std::string schema(name);
  if (is_information_schema(name)) schema = "millrace_information_schema";
  if (auto used = session_->use(schema); !used) {
    return used.error().code == Code::kNotFound ? no_such_database(name) : used.error();
  }
  database_ = is_information_schema(name) ? "information_schema" : session_->database();
  return {};
}

Status Runner::reset() {
  if (in_transaction()) TRY_OK(run_quietly("ROLLBACK"));
  for (const auto& name : user_variables_)
    TRY_OK(run_quietly("RESET VARIABLE " + quoted_name(name)));
  user_variables_.clear();
  TRY(const Rows temporary, fetch("SELECT table_name FROM duckdb_tables() WHERE temporary"));
  for (const auto& row : temporary.rows)
    TRY_OK(run_quietly("DROP TABLE temp." + quoted_name(*row[0])));
  variables_.reset();
  warnings_.clear();
  facts_.last_insert_id = 0;
  return {};
}

Status Runner::commit_open() {
  return in_transaction() && !part_of_one_ ? run_quietly("COMMIT") : Status{};
}

Status Runner::begin_unless_autocommit() {
  return autocommit() || in_transaction() ? Status{} : run_quietly("BEGIN TRANSACTION");
}

Result<StatementResult> Runner::execute(const Transaction& statement) {
  switch (statement.verb) {
    case TransactionVerb::kBegin:
      TRY_OK(commit_open());
      TRY_OK(run_quietly("BEGIN TRANSACTION"));
      break;
    case TransactionVerb::kCommit:
      TRY_OK(commit_open());
      break;
    case TransactionVerb::kRollback:
      if (in_transaction()) TRY_OK(run_quietly("ROLLBACK"));
      break;
  }
  return ok();
}

Result<StatementResult> Runner::execute(const Use& statement) {
  TRY_OK(use(statement.database));
  return ok();
}

Result<StatementResult> Runner::execute(const CreateDatabase& statement) {
  if (is_system_schema(statement.name)) {
    return Error(Code::kPermission,
                 "cannot create database \"" + statement.name + "\": the name is millrace's own");
  }
  TRY_OK(commit_open());
  TRY_OK(store_.create_database(statement.name, statement.if_not_exists));
  return ok(1);
}

Result<StatementResult> Runner::execute(const DropDatabase& statement) {
  const std::string& name = statement.name;
  if (is_system_schema(name)) {
    return Error(Code::kPermission, "cannot drop database \"" + name + "\": it is millrace's own");
  }
  TRY(const auto databases, store_.databases());
  const bool there = std::any_of(databases.begin(), databases.end(),
                                 [&](const auto& database) { return same_name(database, name); });
  if (!there && statement.if_exists) return ok();
  if (!there) return no_such_database(name);
  TRY_OK(engine_.check_droppable(name));
  TRY_OK(commit_open());
  const SchemaChange change;
  const bool current = same_name(name, database_);
  if (current) {
    TRY_OK(session_->use("main"));
    database_.clear();
  }
  auto dropped = run_quietly("DROP SCHEMA " + quoted_name(name) + " CASCADE");
  if (dropped) return ok();
  if (current) (void)use(name);
  return dropped.error();
}

Result<StatementResult> Runner::execute(const CreateTable& statement) {
  TRY_OK(check_writes(text_, tokens_, lex_options(), database_));
  TRY_OK(check_pipelines());
  for (const auto& warning : statement.warnings) warn(warning);
  if (statement.sequences.empty()) TRY_OK(check_query(statement.sql, NativeKind::kCreateTable));
  if (!statement.temporary) TRY_OK(commit_open());
  const SchemaChange change;
  if (statement.sequences.empty()) {
    TRY_OK(run_quietly(statement.sql));
  } else {
    TRY_OK(create_with_sequences(statement));
  }
  return ok();
}

/// The sequences of a table that was dropped may have stayed: they are made anew, so that numbers
/// begin where the statement says; but never those of a table that is there.
Status Runner::create_with_sequences(const CreateTable& statement) {
  TRY(const Rows found, fetch(table_exists_query(statement.name.database, statement.name.name)));
  const bool exists = !found.rows.empty() && found.rows[0][0] != "0";
  if (exists && statement.if_not_exists) return {};
  if (exists && !statement.or_replace) {
    return Error(Code::kAlreadyExists, "table " + statement.name.quoted() + " already exists");
  }
  std::vector<std::string> steps;
  if (exists) {
    steps.push_back("DROP TABLE " + quoted_name(statement.name.database) + "." +
                    quoted_name(statement.name.name));
  }
  steps.insert(steps.end(), statement.sequences.begin(), statement.sequences.end());
  steps.push_back(statement.sql);
  const bool own = !in_transaction();
  if (own) TRY_OK(run_quietly("BEGIN TRANSACTION"));
  for (const auto& sql : steps) {
    auto done = run_quietly(sql);
    if (done) continue;
    // What went wrong first is what the user must hear.
    if (own) (void)run_quietly("ROLLBACK");
    return done.error();
  }
  return own ? run_quietly("COMMIT") : Status{};
}

// --- The store's statements ---------------------------------------------------------------------

TranslateOptions Runner::translate_options(bool names_items) const {
  return {.lex = lex_options(),
          .facts = &facts_,
          .variables = &variables_,
          .texts_as_numbers = texts_as_numbers_,
          .names_items = names_items,
          .shown_only = account_ && !account_->is_admin(),
          .session_tables =
              [this](std::string_view schema, std::string_view table) {
                return session_table(schema, table, show_facts());
              },
          .marks = prepared_ != nullptr ? Marks::kNumbered : Marks::kNone};
}

/// Queries name their columns as MySQL does.
bool Runner::names_items() const {
  const auto first = raw(text_, tokens_.front());
  return same_name(first, "SELECT") || same_name(first, "WITH") || first == "(";
}

Result<StatementResult> Runner::run_sql(const std::string& sql) {
  TRY(auto stream, session_->execute(sql));
  return outcome(std::move(stream));
}

Result<StatementResult> Runner::outcome(std::unique_ptr<store::ResultStream> stream) const {
  StatementResult result;
  if (!stream->columns().empty()) {
    result.stream = limited(std::move(stream), account_);
    return result;
  }
  while (true) {
    TRY(const auto chunk, stream->next());
    if (!chunk) break;
  }
  result.rows_changed = std::max<int64_t>(stream->rows_changed(), 0);
  return result;
}

Result<Rows> Runner::fetch(const std::string& sql) {
  auto stream = session_->execute(sql);
  if (!stream) return placeless(stream.error());
  auto read = read_all(**stream);
  if (!read) return placeless(read.error());
  return read;
}

Status Runner::run_quietly(const std::string& sql) {
  TRY([[maybe_unused]] const Rows none, fetch(sql));
  return {};
}

/// Of those who may ask: without a transaction there is nothing that the store would have to say to
/// these.
std::optional<Rows> Runner::plain_answer() {
  if (!autocommit() || in_transaction()) return std::nullopt;
  auto answer =
      answer_plainly(text_, tokens_, {lex_options(), database_, values_, engine_.predictor()});
  if (answer) found_ = std::make_shared<int64_t>(answer->rows.size());
  return answer;
}

Result<StatementResult> Runner::execute(const Native&) {
  if (prepared_ == nullptr || !prepared_->texts_as_numbers_)
    return with_numbers([this] { return run_native(); });
  texts_as_numbers_ = true;
  auto result = run_native();
  texts_as_numbers_ = false;
  return result;
}

/// What the statement at work takes a table, or a column, from must not be a pipeline that runs.
Status Runner::check_pipelines() {
  const auto table = broken_table(text_, tokens_, lex_options(), database_);
  if (!table || engine_.pipeline_names().empty()) return {};
  TRY(const Rows running,
      fetch("SELECT DATABASE_NAME, PIPELINE_NAME FROM millrace_information_schema.PIPELINES WHERE "
            "STATE = 'Running'"));
  const auto is_it = [&](const engine::ObjectName& name) {
    return same_name(name.database, table->database) && same_name(name.name, table->name);
  };
  for (const auto& row : running.rows) {
    const engine::ObjectName name{*row[0], *row[1]};
    const auto pipeline = engine_.pipeline(name);
    if (!pipeline) continue;  // it is gone
    const bool rejects = pipeline->rejects.kind == engine::RejectsDefinition::Kind::kTable;
    if (!is_it(pipeline->table) && !(rejects && is_it(pipeline->rejects.table))) continue;
    return Error(Code::kWrongState,
                 "pipeline " + name.quoted() + " runs and writes into table " + table->quoted(),
                 "STOP PIPELINE " + name.name + " first.");
  }
  return {};
}

Result<StatementResult> Runner::run_native() {
  TRY_OK(check_writes(text_, tokens_, lex_options(), database_));
  TRY_OK(check_pipelines());
  const bool may = account_->is_admin() || is_checked();
  if (may) {
    if (auto answer = plain_answer()) return rows(std::move(*answer));
  }
  TRY(const Translation translation, translate_native());
  if (!may) {
    TRY_OK(check_native(translation.sql));
    if (auto answer = plain_answer()) return rows(std::move(*answer));
  }
  std::optional<SchemaChange> change;
  if (changes_schema(text_, tokens_)) {
    TRY_OK(commit_open());
    change.emplace();
  } else {
    TRY_OK(begin_unless_autocommit());
  }
  auto result = prepared_ != nullptr ? run_prepared(translation.sql) : run_sql(translation.sql);
  if (result && insert_id_ != InsertId::kNone) result = inserted(std::move(*result));
  if (result && names_items()) remember_found(translation, *result);
  if (result) return result;
  Error error = std::move(result).error();
  if (error.position >= 0) error.position = translation.position_of(error.position);
  return error;
}

/// FOUND_ROWS() is what the last query has given. One that said SQL_CALC_FOUND_ROWS is asked once
/// more, without its LIMIT.
void Runner::remember_found(const Translation& translation, StatementResult& result) {
  TokenReader reader(text_, tokens_, lex_options());
  std::string_view sql = translation.sql;
  bool all = false;
  int depth = 0;
  for (; !reader.done(); reader.skip()) {
    if (reader.at("(")) ++depth;
    if (reader.at(")")) --depth;
    // A query that asks for them keeps them.
    if (reader.at("FOUND_ROWS")) return;
    all = all || reader.at("SQL_CALC_FOUND_ROWS");
    if (!all || depth != 0 || !reader.at("LIMIT")) continue;
    for (const auto& [to, from] : translation.places) {
      if (from == reader.position()) sql = std::string_view(translation.sql).substr(0, to);
    }
  }
  found_ = std::make_shared<int64_t>(0);
  if (result.stream) result.stream = counted(std::move(result.stream), found_);
  if (sql.size() == translation.sql.size() || prepared_ != nullptr) return;
  found_.reset();
  facts_.found_rows = "(SELECT count(*) FROM (" + std::string(sql) + "))";
}

Result<StatementResult> Runner::execute(const Ignored&) {
  return ok();
}

// --- The server ---------------------------------------------------------------------------------

Result<StatementResult> Runner::execute(const Kill& statement) {
  TRY_OK(host_.kill(statement.connection_id,
                    statement.query_only ? KillScope::kQuery : KillScope::kConnection));
  return ok();
}

}  // namespace millrace::sql
