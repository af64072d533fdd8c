// What the DuckDB store remembers of definitions, pipelines and models.
#include "base/check.h"
#include "base/fault.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_store.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {
namespace {

constexpr int64_t kErrorsMax = 1000;  // of a pipeline

const char* word_of(DefinitionKind kind) {
  return kind == DefinitionKind::kModel ? "model" : "pipeline";
}

Parameter id_or_null(int64_t id) {
  return id < 0 ? Parameter() : Parameter(id);
}

}  // namespace

Result<std::vector<Definition>> DuckdbStore::definitions() {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT id, kind, database_name, name, body, state, created_at "
                       "FROM millrace_internal.definitions ORDER BY id"));
  std::vector<Definition> all;
  while (rows.next()) {
    Definition one;
    one.id = rows.integer(0);
    one.kind = rows.text(1) == word_of(DefinitionKind::kModel) ? DefinitionKind::kModel
                                                               : DefinitionKind::kPipeline;
    one.database = rows.text(2);
    one.name = rows.text(3);
    one.body = rows.text(4);
    one.state = rows.text(5);
    one.created_at = rows.integer(6);
    all.push_back(std::move(one));
  }
  return all;
}

Result<int64_t> DuckdbStore::write_definition(const Definition& definition) {
  int64_t id = definition.id;
  if (id == 0) {
    TRY(auto rows, query(connection_.get(), "SELECT nextval('millrace_internal.definition_ids')"));
    CHECK(rows.next(), "a sequence has a next value");
    id = rows.integer(0);
  }
  TRY_OK(run(connection_.get(), "DELETE FROM millrace_internal.definitions WHERE id = $1", {id}));
  TRY_OK(run(connection_.get(),
             "INSERT INTO millrace_internal.definitions VALUES ($1, $2, $3, $4, $5, $6, $7)",
             {id, std::string_view(word_of(definition.kind)), std::string_view(definition.database),
              std::string_view(definition.name), std::string_view(definition.body),
              std::string_view(definition.state), definition.created_at}));
  return id;
}

Result<int64_t> DuckdbStore::put_definition(const Definition& definition) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY(const int64_t id, write_definition(definition));
  TRY_OK(transaction.commit());
  return id;
}

Status DuckdbStore::set_state(int64_t definition_id, const std::string& state) {
  Lock lock(mutex_);
  return set_column("state", definition_id, state);
}

Status DuckdbStore::set_body(int64_t definition_id, const std::string& body) {
  Lock lock(mutex_);
  return set_column("body", definition_id, body);
}

Status DuckdbStore::set_column(const char* column, int64_t definition_id,
                               const std::string& value) {
  TRY(const auto statement,
      prepare(connection_.get(), "UPDATE millrace_internal.definitions SET " + std::string(column) +
                                     " = $2 WHERE id = $1"));
  TRY(const auto changed, change(statement, {definition_id, std::string_view(value)}));
  if (changed > 0) return {};
  return Error(Code::kNotFound, "definition " + std::to_string(definition_id) + " does not exist");
}

Status DuckdbStore::remove_definition(int64_t definition_id) {
  constexpr std::pair<const char*, const char*> kHanging[] = {
      {"cursors", "pipeline_id"},         {"batch_log", "pipeline_id"},
      {"pipeline_files", "pipeline_id"},  {"reject_log", "pipeline_id"},
      {"pipeline_errors", "pipeline_id"}, {"model_heads", "model_id"},
      {"model_log", "model_id"},          {"metric_log", "model_id"},
      {"snapshots", "model_id"},          {"earlier_readings", "pipeline_id"},
      {"earlier_sources", "pipeline_id"}, {"definitions", "id"},
  };
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  for (const auto& [table, column] : kHanging)
    TRY_OK(run(connection_.get(),
               "DELETE FROM millrace_internal." + std::string(table) + " WHERE " + column + " = $1",
               {definition_id}));
  return transaction.commit();
}

Result<std::vector<Cursor>> DuckdbStore::cursors(int64_t pipeline_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT source_partition::BIGINT, next_offset "
                       "FROM millrace_internal.cursors WHERE pipeline_id = $1 ORDER BY 1",
                       {pipeline_id}));
  std::vector<Cursor> cursors;
  while (rows.next()) cursors.push_back({static_cast<int32_t>(rows.integer(0)), rows.integer(1)});
  return cursors;
}

namespace {

/// What the logs have is of the topic that is left; what comes is not.
Status leave_topic(duckdb_connection connection, int64_t pipeline_id, int64_t last_batch_id,
                   const EarlierSource& left) {
  const std::string_view topic = left.topic;
  const std::string_view id = left.topic_id;
  TRY_OK(run(connection,
             "UPDATE millrace_internal.reject_log SET topic = $2, topic_id = nullif($3, '') "
             "WHERE pipeline_id = $1 AND topic IS NULL",
             {pipeline_id, topic, id}));
  TRY_OK(run(connection,
             "UPDATE millrace_internal.batch_log SET topic = $2 "
             "WHERE pipeline_id = $1 AND topic IS NULL",
             {pipeline_id, topic}));
  return run(connection,
             "INSERT INTO millrace_internal.earlier_sources SELECT $1, $2, $3, $4, $5 WHERE $2 > "
             "(SELECT coalesce(max(last_batch_id), 0) FROM millrace_internal.earlier_sources "
             "WHERE pipeline_id = $1)",
             {pipeline_id, last_batch_id, topic, id, std::string_view(left.json)});
}

/// The number of the last batch is some cursor's: those that are moved and those that stay have it.
Status move_cursors(duckdb_connection connection, int64_t pipeline_id, int64_t last_batch_id,
                    const CursorMove& move) {
  for (const int32_t partition : move.gone)
    TRY_OK(run(connection,
               "DELETE FROM millrace_internal.cursors "
               "WHERE pipeline_id = $1 AND source_partition = $2",
               {pipeline_id, int64_t{partition}}));
  TRY_OK(run(connection,
             "UPDATE millrace_internal.cursors SET batch_id = $2 WHERE pipeline_id = $1",
             {pipeline_id, last_batch_id}));
  for (const auto& cursor : move.cursors)
    TRY_OK(run(connection,
               "INSERT INTO millrace_internal.cursors VALUES ($1, $2, $3, $4, nullif($5, '')) "
               "ON CONFLICT (pipeline_id, source_partition) "
               "DO UPDATE SET next_offset = $3, topic_id = nullif($5, '')",
               {pipeline_id, int64_t{cursor.partition}, cursor.next_offset, last_batch_id,
                std::string_view(move.topic_id)}));
  return {};
}

}  // namespace

Status DuckdbStore::move_pipeline(const Definition& definition, const CursorMove& move) {
  TRY(const int64_t last, last_batch_id(definition.id));
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  if (move.left) TRY_OK(leave_topic(connection_.get(), definition.id, last, *move.left));
  TRY_OK(move_cursors(connection_.get(), definition.id, last, move));
  TRY_OK(write_definition(definition));
  FAULT_STATUS("store.move.middle");
  return transaction.commit();
}

Result<std::vector<EarlierSource>> DuckdbStore::earlier_sources(int64_t pipeline_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT last_batch_id, topic, topic_id, source "
                       "FROM millrace_internal.earlier_sources "
                       "WHERE pipeline_id = $1 ORDER BY last_batch_id",
                       {pipeline_id}));
  std::vector<EarlierSource> sources;
  while (rows.next())
    sources.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.text(3)});
  return sources;
}

Result<std::vector<std::string>> DuckdbStore::topic_ids(int64_t pipeline_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT DISTINCT topic_id FROM millrace_internal.cursors "
                       "WHERE pipeline_id = $1 AND topic_id IS NOT NULL ORDER BY 1",
                       {pipeline_id}));
  std::vector<std::string> ids;
  while (rows.next()) ids.emplace_back(rows.text(0));
  return ids;
}

Status DuckdbStore::adopt_topic(int64_t pipeline_id, const std::string& topic_id) {
  Lock lock(mutex_);
  return run(connection_.get(),
             "UPDATE millrace_internal.cursors SET topic_id = $2 "
             "WHERE pipeline_id = $1 AND topic_id IS NULL",
             {pipeline_id, std::string_view(topic_id)});
}

Result<int64_t> DuckdbStore::last_batch_id(int64_t pipeline_id) {
  Lock lock(mutex_);
  // Each batch moves a cursor, so the newest batch is some cursor's.
  TRY(auto rows, query(connection_.get(),
                       "SELECT max(batch_id) FROM millrace_internal.cursors WHERE pipeline_id = $1",
                       {pipeline_id}));
  return rows.next() ? rows.integer(0) : 0;
}

Status DuckdbStore::log_error(const PipelineError& error) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY_OK(run(
      connection_.get(),
      "INSERT INTO millrace_internal.pipeline_errors VALUES "
      "(nextval('millrace_internal.error_ids'), $1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''), "
      "$10, nullif($11, 0))",
      {error.pipeline_id, error.at, std::string_view(error.kind), int64_t{error.code},
       std::string_view(error.message), id_or_null(error.batch_id), id_or_null(error.partition),
       std::string_view(error.type), std::string_view(error.std_error),
       error.line ? Parameter(Bytes{*error.line}) : Parameter(), error.line_number}));
  TRY_OK(run(connection_.get(),
             "DELETE FROM millrace_internal.pipeline_errors WHERE pipeline_id = $1 AND error_id <= "
             "(SELECT error_id FROM millrace_internal.pipeline_errors WHERE pipeline_id = $1 "
             "ORDER BY error_id DESC LIMIT 1 OFFSET $2)",
             {error.pipeline_id, kErrorsMax}));
  return transaction.commit();
}

Result<std::optional<std::string>> DuckdbStore::setting(const std::string& key) {
  Lock lock(mutex_);
  TRY(auto rows,
      query(connection_.get(), "SELECT value FROM millrace_internal.settings WHERE key = $1",
            {std::string_view(key)}));
  if (!rows.next()) return std::optional<std::string>();
  return std::optional<std::string>(rows.text(0));
}

Status DuckdbStore::set_setting(const std::string& key, const std::string& value) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY_OK(run(connection_.get(), "DELETE FROM millrace_internal.settings WHERE key = $1",
             {std::string_view(key)}));
  TRY_OK(run(connection_.get(), "INSERT INTO millrace_internal.settings VALUES ($1, $2)",
             {std::string_view(key), std::string_view(value)}));
  return transaction.commit();
}

}  // namespace millrace::store
