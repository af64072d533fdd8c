// What the DuckDB store remembers of definitions, pipelines and models.
#include "base/check.h"
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

Result<int64_t> DuckdbStore::put_definition(const Definition& definition) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
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
  TRY_OK(transaction.commit());
  return id;
}

Status DuckdbStore::set_state(int64_t definition_id, const std::string& state) {
  Lock lock(mutex_);
  TRY(const auto statement,
      prepare(connection_.get(),
              "UPDATE millrace_internal.definitions SET state = $2 WHERE id = $1"));
  TRY(const auto changed, change(statement, {definition_id, std::string_view(state)}));
  if (changed > 0) return {};
  return Error(Code::kNotFound, "definition " + std::to_string(definition_id) + " does not exist");
}

Status DuckdbStore::remove_definition(int64_t definition_id) {
  constexpr std::pair<const char*, const char*> kHanging[] = {
      {"cursors", "pipeline_id"},         {"batch_log", "pipeline_id"},
      {"pipeline_files", "pipeline_id"},  {"reject_log", "pipeline_id"},
      {"pipeline_errors", "pipeline_id"}, {"model_heads", "model_id"},
      {"model_log", "model_id"},          {"metric_log", "model_id"},
      {"snapshots", "model_id"},          {"definitions", "id"},
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

/// The number of the last batch is some cursor's: those that are moved and those that stay have it.
Status DuckdbStore::set_cursors(int64_t pipeline_id, const std::vector<Cursor>& cursors,
                                const std::vector<int32_t>& gone) {
  TRY(const int64_t last, last_batch_id(pipeline_id));
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  for (const int32_t partition : gone)
    TRY_OK(run(connection_.get(),
               "DELETE FROM millrace_internal.cursors "
               "WHERE pipeline_id = $1 AND source_partition = $2",
               {pipeline_id, int64_t{partition}}));
  TRY_OK(run(connection_.get(),
             "UPDATE millrace_internal.cursors SET batch_id = $2 WHERE pipeline_id = $1",
             {pipeline_id, last}));
  for (const auto& cursor : cursors)
    TRY_OK(run(connection_.get(),
               "INSERT INTO millrace_internal.cursors VALUES ($1, $2, $3, $4) "
               "ON CONFLICT (pipeline_id, source_partition) DO UPDATE SET next_offset = $3",
               {pipeline_id, int64_t{cursor.partition}, cursor.next_offset, last}));
  return transaction.commit();
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
      "(nextval('millrace_internal.error_ids'), $1, $2, $3, $4, $5, $6, $7)",
      {error.pipeline_id, error.at, std::string_view(error.kind), int64_t{error.code},
       std::string_view(error.message), id_or_null(error.batch_id), id_or_null(error.partition)}));
  TRY_OK(run(connection_.get(),
             "DELETE FROM millrace_internal.pipeline_errors WHERE pipeline_id = $1 AND error_id <= "
             "(SELECT error_id FROM millrace_internal.pipeline_errors WHERE pipeline_id = $1 "
             "ORDER BY error_id DESC LIMIT 1 OFFSET $2)",
             {error.pipeline_id, kErrorsMax}));
  return transaction.commit();
}

Result<std::optional<ModelSnapshot>> DuckdbStore::newest_snapshot(int64_t model_id) {
  Lock lock(mutex_);
  TRY(auto rows,
      query(connection_.get(),
            "SELECT version, global_step, examples, batch_id, created_at, size, bytes "
            "FROM millrace_internal.snapshots WHERE model_id = $1 ORDER BY version DESC LIMIT 1",
            {model_id}));
  if (!rows.next()) return std::optional<ModelSnapshot>();
  ModelSnapshot snapshot;
  snapshot.version = rows.integer(0);
  snapshot.global_step = rows.integer(1);
  snapshot.examples = rows.integer(2);
  snapshot.batch_id = rows.integer(3);
  snapshot.created_at = rows.integer(4);
  snapshot.bytes = rows.text(6);
  if (static_cast<int64_t>(snapshot.bytes.size()) != rows.integer(5))
    return Error(Code::kDataLoss, "a model's snapshot of version " +
                                      std::to_string(snapshot.version) + " is not whole");
  return std::optional<ModelSnapshot>(std::move(snapshot));
}

Result<std::vector<LoggedBatch>> DuckdbStore::training_log(int64_t model_id,
                                                           int64_t after_version) {
  Lock lock(mutex_);
  TRY(auto rows,
      query(connection_.get(),
            "SELECT m.version, m.pipeline_id, m.batch_id, b.source_partition::BIGINT, "
            "b.first_offset, b.end_offset, b.messages, b.latest_offset "
            "FROM millrace_internal.model_log m LEFT JOIN millrace_internal.batch_log b "
            "ON b.pipeline_id = m.pipeline_id AND b.batch_id = m.batch_id "
            "WHERE m.model_id = $1 AND m.version > $2 ORDER BY m.version, b.source_partition",
            {model_id, after_version}));
  std::vector<LoggedBatch> log;
  while (rows.next()) {
    const int64_t version = rows.integer(0);
    if (rows.is_null(3))
      return Error(Code::kDataLoss,
                   "version " + std::to_string(version) + " of a model was learned from batch " +
                       std::to_string(rows.integer(2)) + " of a pipeline that is gone");
    if (log.empty() || log.back().version != version)
      log.push_back({version, rows.integer(1), rows.integer(2), {}});
    log.back().ranges.push_back({static_cast<int32_t>(rows.integer(3)), rows.integer(4),
                                 rows.integer(5), rows.integer(6), rows.integer(7)});
  }
  return log;
}

Status DuckdbStore::forget_training(int64_t model_id, int64_t after_version) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  for (const char* sql : {
           "DELETE FROM millrace_internal.metric_log WHERE model_id = $1 AND global_step > "
           "coalesce((SELECT max(global_step) FROM millrace_internal.model_log "
           "WHERE model_id = $1 AND version <= $2), 0)",
           "DELETE FROM millrace_internal.model_log WHERE model_id = $1 AND version > $2",
           "UPDATE millrace_internal.model_heads SET version = $2 "
           "WHERE model_id = $1 AND version > $2",
       })
    TRY_OK(run(connection_.get(), sql, {model_id, after_version}));
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
