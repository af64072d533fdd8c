// What the DuckDB store remembers of models: their snapshots, and the log of their versions.
#include "base/check.h"
#include "store/duckdb_batch_log.h"
#include "store/duckdb_store.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {
namespace {

constexpr const char* kSnapshotColumns =
    "SELECT version, global_step, examples, batch_id, created_at, size, bytes "
    "FROM millrace_internal.snapshots WHERE model_id = $1 ";

Result<std::optional<ModelSnapshot>> first_snapshot(Rows rows) {
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

}  // namespace

Result<int64_t> DuckdbStore::put_model(const Definition& definition,
                                       const ModelSnapshot& snapshot) {
  CHECK(snapshot.version == 0, "a model starts with version 0");
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY(const int64_t id, write_definition(definition));
  DuckdbBatchLog log(connection_.get(), sources_, 0);
  TRY_OK(log.save_snapshot(id, snapshot, {}));
  TRY_OK(transaction.commit());
  return id;
}

Result<std::optional<ModelSnapshot>> DuckdbStore::newest_snapshot(int64_t model_id) {
  Lock lock(mutex_);
  TRY(auto rows,
      query(connection_.get(), std::string(kSnapshotColumns) + "ORDER BY version DESC LIMIT 1",
            {model_id}));
  return first_snapshot(std::move(rows));
}

Result<std::optional<ModelSnapshot>> DuckdbStore::snapshot(int64_t model_id, int64_t version) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(), std::string(kSnapshotColumns) + "AND version = $2",
                       {model_id, version}));
  return first_snapshot(std::move(rows));
}

Result<std::vector<int64_t>> DuckdbStore::kept_versions(int64_t model_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT version FROM millrace_internal.snapshots WHERE model_id = $1 "
                       "ORDER BY version",
                       {model_id}));
  std::vector<int64_t> versions;
  while (rows.next()) versions.push_back(rows.integer(0));
  return versions;
}

Result<std::vector<LoggedBatch>> DuckdbStore::training_log(int64_t model_id, int64_t after_version,
                                                           int64_t last_version) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT m.version, m.pipeline_id, m.batch_id, b.source_partition::BIGINT, "
                       "b.first_offset, b.end_offset, b.messages, b.latest_offset, m.kind, "
                       "coalesce(b.program, ''), coalesce(b.topic_id, '') "
                       "FROM millrace_internal.model_log m LEFT JOIN millrace_internal.batch_log b "
                       "ON b.pipeline_id = m.pipeline_id AND b.batch_id = m.batch_id "
                       "WHERE m.model_id = $1 AND m.version > $2 AND m.version <= $3 "
                       "ORDER BY m.version, b.source_partition",
                       {model_id, after_version, last_version}));
  std::vector<LoggedBatch> log;
  while (rows.next()) {
    const int64_t version = rows.integer(0);
    const bool statement = rows.integer(1) == 0;
    if (rows.is_null(3) && !statement)
      return Error(Code::kDataLoss,
                   "version " + std::to_string(version) + " of a model was learned from batch " +
                       std::to_string(rows.integer(2)) +
                       ", which is in no log: its pipeline is gone, or the log was cut "
                       "(pipelines_batches_metadata_to_keep)");
    if (log.empty() || log.back().version != version)
      log.push_back({version,
                     rows.integer(1),
                     rows.integer(2),
                     {},
                     rows.text(8),
                     rows.text(9),
                     rows.text(10)});
    if (statement) continue;
    log.back().ranges.push_back({static_cast<int32_t>(rows.integer(3)), rows.integer(4),
                                 rows.integer(5), rows.integer(6), rows.integer(7)});
  }
  return log;
}

Status DuckdbStore::commit_model(const ModelCommit& model, const ModelChange& change) {
  CHECK(model.snapshot_bytes.has_value(), "what cannot be learned again has a snapshot");
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  DuckdbBatchLog log(connection_.get(), sources_, 0);
  TRY_OK(log.log_change(model, change));
  if (change.body) TRY_OK(set_column("body", model.model_id, *change.body));
  return transaction.commit();
}

Status DuckdbStore::forget_training(int64_t model_id, int64_t after_version) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  for (const char* sql : {
           "DELETE FROM millrace_internal.metric_log WHERE model_id = $1 AND version > $2",
           "DELETE FROM millrace_internal.model_log WHERE model_id = $1 AND version > $2",
           "UPDATE millrace_internal.model_heads SET version = $2 "
           "WHERE model_id = $1 AND version > $2",
       })
    TRY_OK(run(connection_.get(), sql, {model_id, after_version}));
  return transaction.commit();
}

}  // namespace millrace::store
