#include "store/duckdb_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "data/schema.h"
#include "store/duckdb_bind.h"
#include "store/duckdb_connection.h"
#include "store/duckdb_error.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_statement.h"
#include "store/duckdb_stream.h"
#include "store/duckdb_target.h"

namespace millrace::store {
namespace {

using Pending = Handle<duckdb_pending_result, duckdb_destroy_pending>;

/// The first word of a statement, comments before it passed over; in capitals.
std::string first_word(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      const size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (std::string_view(" \t\r\n\f\v").find(sql[at]) != std::string_view::npos) {
      ++at;
    } else {
      break;
    }
  }
  std::string word;
  for (; at < sql.size(); ++at) {
    const char c = sql[at];
    if (c >= 'a' && c <= 'z')
      word += static_cast<char>(c - 'a' + 'A');
    else if (c >= 'A' && c <= 'Z')
      word += c;
    else
      break;
  }
  return word;
}

/// Of statements that may read or change a table; each of them may be part of a transaction.
bool reads_tables(std::string_view sql) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"SELECT", "WITH", "FROM", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE",
       "PIVOT", "UNPIVOT", "SUMMARIZE", "COPY", ""});  // "": a parenthesis
  const auto word = first_word(sql);
  if (word == "SET") return sql.find("VARIABLE") != std::string_view::npos;
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool is_rollback(std::string_view sql) {
  const auto word = first_word(sql);
  return word == "ROLLBACK" || word == "ABORT";
}

bool is_begin(std::string_view sql) {
  const auto word = first_word(sql);
  return word == "BEGIN" || word == "START";
}

bool is_commit(std::string_view sql) {
  const auto word = first_word(sql);
  return word == "COMMIT" || word == "END";
}

class DuckdbSession : public Session {
 public:
  DuckdbSession(duckdb_database database, std::shared_ptr<BatchSources> sources,
                Connection connection)
      : database_handle_(database),
        sources_(std::move(sources)),
        connection_(std::move(connection)) {}
  ~DuckdbSession() override { CHECK(!running_, "a session outlives its streams"); }

  Result<std::unique_ptr<ResultStream>> execute(std::string_view sql) override;
  Result<std::unique_ptr<RowStream>> query(std::string_view sql) override;
  Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override;
  Result<std::unique_ptr<TableLoad>> load(const OutputSpec& output) override;
  Status use(std::string_view database) override;
  const std::string& database() const override { return database_; }
  bool in_transaction() const override { return in_transaction_; }
  void interrupt() override { interruption_.interrupt(connection_.get()); }

 private:
  friend class SessionLoad;
  template <class Start>
  auto begin(std::string_view sql, Start start) -> decltype(start(std::string()));
  /// The statement's answer.
  enum class Allowed : uint8_t { kAll, kQueries };
  Result<QueryResult> start(const std::string& sql, Allowed allowed);
  Result<std::unique_ptr<Statement>> plan(const std::string& sql);
  Result<std::unique_ptr<ResultStream>> run_with(DuckdbStatement& statement,
                                                 std::span<const BoundValue> values,
                                                 std::string_view sql, DuckdbStatement::Plan how);
  Result<Extracted> extract(const std::string& sql, idx_t& count);
  Result<QueryResult> run_prepared(const Prepared& statement, Allowed allowed);
  StreamEvents events();
  Result<QueryResult> run_statement(duckdb_extracted_statements statements, idx_t index,
                                    Allowed allowed);
  Status check_aborted(std::string_view sql);
  Error failed(Error error);
  Error failed_statement(Error error, std::string_view sql);
  void end_statement();
  Status begin_own(std::string_view sql);
  Status commit_unless_streaming();
  enum class End : uint8_t { kCommit, kRollback };
  void end_own(End how);
  void roll_back();
  Status begin_again();
  bool is_refused();

  const duckdb_database database_handle_;
  const std::shared_ptr<BatchSources> sources_;
  Connection connection_;
  std::string database_ = kMainSchema;
  Interruption interruption_;
  bool running_ = false;
  bool streaming_ = false;  // DuckDB still makes rows of the running statement
  bool in_transaction_ = false;
  bool own_ = false;  // the statement at work has a transaction of its own
  Prepared begin_;    // BEGIN and COMMIT, once they were needed
  Prepared commit_;
  bool changed_ = false;  // a statement of the open transaction changed something
  bool aborted_ = false;  // in a transaction that only ROLLBACK can end
};

/// What `start` makes of the statement, or why there is nothing.
template <class Start>
auto DuckdbSession::begin(std::string_view sql, Start start) -> decltype(start(std::string())) {
  CHECK(!running_, "a stream is gone before the next execute()");
  // DuckDB would read no further, and half a statement may do more harm than the whole.
  if (sql.find('\0') != std::string_view::npos)
    return Error(Code::kSyntax, "the statement has a NUL byte in it");
  TRY_OK(check_aborted(sql));
  running_ = true;
  interruption_.begin();
  auto stream = start(std::string(sql));
  if (stream) return stream;
  if (own_ || (!in_transaction_ && is_begin(sql))) end_own(End::kRollback);
  end_statement();
  return failed_statement(std::move(stream).error(), sql);
}

Result<std::unique_ptr<ResultStream>> DuckdbSession::execute(std::string_view sql) {
  return begin(sql, [&](const std::string& text) -> Result<std::unique_ptr<ResultStream>> {
    TRY(auto result, start(text, Allowed::kAll));
    TRY(auto stream, DuckdbStream::open(std::move(result), interruption_, events()));
    return std::unique_ptr<ResultStream>(std::move(stream));
  });
}

Result<std::unique_ptr<RowStream>> DuckdbSession::query(std::string_view sql) {
  return begin(sql, [&](const std::string& text) -> Result<std::unique_ptr<RowStream>> {
    TRY(auto result, start(text, Allowed::kQueries));
    FeatureReader reader(result.get());
    TRY(auto stream, DuckdbStream::open(std::move(result), interruption_, events()));
    return std::unique_ptr<RowStream>(
        std::make_unique<DuckdbRowStream>(std::move(stream), std::move(reader)));
  });
}

Result<std::unique_ptr<Statement>> DuckdbSession::prepare(std::string_view sql) {
  return begin(sql, [&](const std::string& text) -> Result<std::unique_ptr<Statement>> {
    auto statement = plan(text);
    if (statement) end_statement();
    return statement;
  });
}

/// What stands for more than one statement is kept as text, and has no parameters.
Result<std::unique_ptr<Statement>> DuckdbSession::plan(const std::string& sql) {
  idx_t count = 0;
  TRY(const Extracted statements, extract(sql, count));
  if (count > 1) {
    return std::unique_ptr<Statement>(std::make_unique<DuckdbStatement>(
        [this, sql](DuckdbStatement&, std::span<const BoundValue>, DuckdbStatement::Plan) {
          return execute(sql);
        }));
  }
  Prepared prepared;
  if (duckdb_prepare_extracted_statement(connection_.get(), statements.get(), 0, prepared.out()) ==
      DuckDBError)
    return error_of(duckdb_prepare_error(prepared.get()));
  auto statement = std::make_unique<DuckdbStatement>(
      [this, sql](DuckdbStatement& self, std::span<const BoundValue> values,
                  DuckdbStatement::Plan how) { return run_with(self, values, sql, how); });
  TRY_OK(statement->describe(std::move(prepared)));
  return std::unique_ptr<Statement>(std::move(statement));
}

Result<std::unique_ptr<ResultStream>> DuckdbSession::run_with(DuckdbStatement& statement,
                                                              std::span<const BoundValue> values,
                                                              std::string_view sql,
                                                              DuckdbStatement::Plan how) {
  return begin(sql, [&](const std::string& text) -> Result<std::unique_ptr<ResultStream>> {
    if (how == DuckdbStatement::Plan::kNew) {
      TRY_OK(begin_own(text));
      TRY(auto planned, store::prepare(connection_.get(), text));
      TRY_OK(statement.describe(std::move(planned)));
    }
    TRY_OK(bind_values(statement.prepared(), statement.parameters(), values));
    TRY(auto result, run_prepared(statement.prepared(), Allowed::kAll));
    TRY_OK(commit_unless_streaming());
    TRY(auto stream, DuckdbStream::open(std::move(result), interruption_, events()));
    return std::unique_ptr<ResultStream>(std::move(stream));
  });
}

StreamEvents DuckdbSession::events() {
  StreamEvents events;
  events.failed = [this](Error error) { return failed(std::move(error)); };
  events.ended = [this] { end_statement(); };
  return events;
}

Status DuckdbSession::check_aborted(std::string_view sql) {
  if (!aborted_ || is_rollback(sql)) return {};
  if (is_commit(sql)) {
    // DuckDB says yes to it and rolls back all the same.
    roll_back();
    return Error(
        Code::kWrongState,
        "could not commit: an earlier error aborted the transaction, and it is rolled back",
        "Run it again from its start.");
  }
  return Error(Code::kWrongState, "an earlier error aborted the transaction",
               "ROLLBACK ends it, and then it may be run again from its start.");
}

/// Some statements stand for more than one (PIVOT, IMPORT DATABASE): the last gives the answer.
Result<Extracted> DuckdbSession::extract(const std::string& sql, idx_t& count) {
  Extracted statements;
  count = duckdb_extract_statements(connection_.get(), sql.c_str(), statements.out());
  if (count > 0) return statements;
  const char* error = duckdb_extract_statements_error(statements.get());
  if (error != nullptr) return error_of(error);
  return Error(Code::kSyntax, "the statement is empty");
}

Result<QueryResult> DuckdbSession::start(const std::string& sql, Allowed allowed) {
  idx_t count = 0;
  TRY(const Extracted statements, extract(sql, count));
  TRY_OK(begin_own(sql));
  QueryResult result;
  for (idx_t i = 0; i < count; ++i) {
    TRY(result, run_statement(statements.get(), i, i + 1 < count ? Allowed::kAll : allowed));
  }
  TRY_OK(commit_unless_streaming());
  return result;
}

/// Left alone, DuckDB plans a statement in one transaction and runs it in another. The plan
/// believes in the smallest and largest values that it saw: rows that are committed in between may
/// be missed, or do not fit into what it made room for.
Status DuckdbSession::begin_own(std::string_view sql) {
  if (in_transaction_ || own_ || !reads_tables(sql)) return {};
  if (!begin_) {
    TRY(begin_, store::prepare(connection_.get(), "BEGIN TRANSACTION"));
    TRY(commit_, store::prepare(connection_.get(), "COMMIT"));
  }
  own_ = true;  // before it is known: an interrupt may come when it has begun
  TRY_OK(store::execute(begin_));
  return {};
}

/// What a statement changed is committed, or its error, before anyone is told of it. An interrupt
/// comes too late for that, and ends no more than the rows that it shows.
Status DuckdbSession::commit_unless_streaming() {
  if (!own_ || streaming_) return {};
  TRY_OK(interruption_.check());
  interruption_.end();
  TRY_OK(store::execute(commit_));
  own_ = false;
  interruption_.begin();
  return {};
}

/// Never leaves it open: what came after would be part of it.
void DuckdbSession::end_own(End how) {
  interruption_.end();
  own_ = false;
  if (how == End::kCommit && store::execute(commit_)) return;
  (void)run(connection_.get(), "ROLLBACK");
}

Result<QueryResult> DuckdbSession::run_statement(duckdb_extracted_statements statements,
                                                 idx_t index, Allowed allowed) {
  Prepared statement;
  if (duckdb_prepare_extracted_statement(connection_.get(), statements, index, statement.out()) ==
      DuckDBError)
    return error_of(duckdb_prepare_error(statement.get()));
  return run_prepared(statement, allowed);
}

Result<QueryResult> DuckdbSession::run_prepared(const Prepared& statement, Allowed allowed) {
  TRY_OK(interruption_.check());
  // What changes something runs to its end, even if it has rows to show.
  const auto type = duckdb_prepared_statement_type(statement.get());
  const bool query = type == DUCKDB_STATEMENT_TYPE_SELECT;
  if (!query && allowed == Allowed::kQueries)
    return Error(Code::kInvalidArgument, "the statement is not a query");
  streaming_ = query;
  Pending pending;
  const auto made = streaming_ ? duckdb_pending_prepared_streaming(statement.get(), pending.out())
                               : duckdb_pending_prepared(statement.get(), pending.out());
  if (made == DuckDBError) return error_of(duckdb_pending_error(pending.get()));
  TRY_OK(interruption_.check());
  QueryResult result;
  if (duckdb_execute_pending(pending.get(), &result.get()) == DuckDBError) {
    const char* error = result.error();
    return error_of(error != nullptr ? error : duckdb_pending_error(pending.get()));
  }
  // Of BEGIN, COMMIT and ROLLBACK, the one that succeeds turns the state: DuckDB refuses a BEGIN
  // inside of a transaction and the others outside.
  if (type == DUCKDB_STATEMENT_TYPE_TRANSACTION) {
    in_transaction_ = !in_transaction_;
    changed_ = false;
    aborted_ = false;
  } else if (!streaming_ && type != DUCKDB_STATEMENT_TYPE_EXPLAIN) {
    changed_ = true;
  }
  return result;
}

void DuckdbSession::end_statement() {
  // A streamed query that is not at its end keeps its transaction, its threads and its memory until
  // the connection is asked for something else.
  if (own_)
    end_own(End::kCommit);
  else if (streaming_) {
    Prepared nothing;
    (void)duckdb_prepare(connection_.get(), "SELECT 1", nothing.out());
  }
  streaming_ = false;
  interruption_.end();
  running_ = false;
}

Error DuckdbSession::failed_statement(Error error, std::string_view sql) {
  if (auto interrupted = interruption_.check(); !interrupted && error.code == Code::kCancelled)
    error = interrupted.error();
  // A COMMIT that fails has ended the transaction.
  if (in_transaction_ && is_commit(sql)) {
    roll_back();
    error.detail = "The transaction is rolled back.";
    return error;
  }
  return failed(std::move(error));
}

Error DuckdbSession::failed(Error error) {
  if (own_) end_own(End::kRollback);
  if (!in_transaction_ || aborted_) return error;
  if (error.code == Code::kConflict) {
    roll_back();
    error.detail = "The transaction is rolled back.";
    return error;
  }
  aborted_ = is_refused();
  // In MySQL an error ends its statement alone. In DuckDB it ends the transaction: of one that had
  // changed nothing yet, another takes the place and nothing is lost.
  if (aborted_ && !changed_ && begin_again()) aborted_ = false;
  if (aborted_ && error.detail.empty())
    error.detail = "The transaction is aborted: only ROLLBACK ends it.";
  return error;
}

void DuckdbSession::roll_back() {
  (void)run(connection_.get(), "ROLLBACK");  // fails when DuckDB has ended the transaction already
  in_transaction_ = false;
  changed_ = false;
  aborted_ = false;
}

Status DuckdbSession::begin_again() {
  TRY_OK(run(connection_.get(), "ROLLBACK"));
  return run(connection_.get(), "BEGIN TRANSACTION");
}

bool DuckdbSession::is_refused() {
  return !run(connection_.get(), "SELECT 1");
}

/// The rows go past statements, and count as one that changes something.
class SessionLoad : public TableLoad {
 public:
  SessionLoad(DuckdbSession& session, std::unique_ptr<DuckdbTarget> target, std::string count)
      : session_(session), target_(std::move(target)), count_(std::move(count)) {}

  Result<int64_t> append(const Batch& rows, std::vector<RowFailure>& failures) override {
    TRY_OK(session_.check_aborted({}));
    session_.changed_ = true;
    auto done = target_->stage(rows, failures);
    if (done) done = target_->append();
    if (!done) return session_.failed(std::move(done).error());
    return target_->taken();
  }
  Result<int64_t> table_rows() override {
    auto rows = query(session_.connection_.get(), count_);
    if (!rows) return session_.failed(std::move(rows).error());
    return rows->next() ? rows->integer(0) : 0;
  }

 private:
  DuckdbSession& session_;
  const std::unique_ptr<DuckdbTarget> target_;
  const std::string count_;
};

Result<std::unique_ptr<TableLoad>> DuckdbSession::load(const OutputSpec& output) {
  CHECK(!running_, "a stream is gone before load()");
  CHECK(in_transaction_, "a load is part of a transaction");
  TRY_OK(check_aborted({}));
  auto target =
      DuckdbTarget::open(database_handle_, connection_.get(), sources_, database_, output);
  if (!target) return failed(std::move(target).error());
  const std::string count = "SELECT count(*) FROM " + quoted_name(schema_of(output.database)) +
                            "." + quoted_name(output.table);
  return std::unique_ptr<TableLoad>(
      std::make_unique<SessionLoad>(*this, std::move(*target), count));
}

Status DuckdbSession::use(std::string_view database) {
  CHECK(!running_, "a stream is gone before use()");
  TRY_OK(check_aborted({}));
  auto schemas = store::query(connection_.get(),
                              "SELECT schema_name FROM duckdb_schemas() WHERE database_name = $1",
                              {std::string_view(kCatalog)});
  if (!schemas) return failed(std::move(schemas).error());
  std::string found;
  while (schemas->next()) {
    if (same_name(schemas->text(0), database)) found = schemas->text(0);
  }
  if (found.empty())
    return Error(Code::kNotFound, "database \"" + std::string(database) + "\" does not exist");
  auto used = run(connection_.get(), "USE " + quoted_name(kCatalog) + "." + quoted_name(found));
  if (!used) return failed(std::move(used).error());
  database_ = found;
  return {};
}

}  // namespace

Result<std::unique_ptr<Session>> open_duckdb_session(duckdb_database database,
                                                     std::shared_ptr<BatchSources> sources) {
  TRY(auto connection, open_connection(database));
  return std::unique_ptr<Session>(
      std::make_unique<DuckdbSession>(database, std::move(sources), std::move(connection)));
}

}  // namespace millrace::store
