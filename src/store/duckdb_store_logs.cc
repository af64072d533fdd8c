// What the DuckDB store forgets of its logs. Cursors, model heads and snapshots are never trimmed
// here: they are what commits and replays stand on.
#include "base/clock.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_store.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {

Status DuckdbStore::trim_pipeline_logs(int64_t pipeline_id, const LogRetention& retention) {
  const int64_t now = now_micros();
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  if (retention.batches > 0)
    TRY_OK(run(connection_.get(),
               "DELETE FROM millrace_internal.batch_log WHERE pipeline_id = $1 AND batch_id <= "
               "(SELECT max(batch_id) - $2 FROM millrace_internal.cursors WHERE pipeline_id = $1) "
               "AND batch_id NOT IN (SELECT m.batch_id FROM millrace_internal.model_log m "
               "WHERE m.pipeline_id = $1 AND m.version > (SELECT coalesce(max(s.version), 0) "
               "FROM millrace_internal.snapshots s WHERE s.model_id = m.model_id))",
               {pipeline_id, retention.batches}));
  if (retention.rejects_micros > 0)
    TRY_OK(run(connection_.get(),
               "DELETE FROM millrace_internal.reject_log "
               "WHERE pipeline_id = $1 AND \"at\" < make_timestamp($2)",
               {pipeline_id, now - retention.rejects_micros}));
  if (retention.errors_micros > 0)
    TRY_OK(
        run(connection_.get(),
            "DELETE FROM millrace_internal.pipeline_errors WHERE pipeline_id = $1 AND \"at\" < $2",
            {pipeline_id, now - retention.errors_micros}));
  return transaction.commit();
}

Status DuckdbStore::trim_model_logs(int64_t model_id, const LogRetention& retention) {
  if (retention.model_versions == 0) return {};
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  for (const std::string table : {"model_log", "metric_log"})
    TRY_OK(run(connection_.get(),
               "DELETE FROM millrace_internal." + table +
                   " WHERE model_id = $1 AND version <= (SELECT version - $2 "
                   "FROM millrace_internal.model_heads WHERE model_id = $1) AND version < "
                   "(SELECT max(version) FROM millrace_internal.snapshots WHERE model_id = $1) "
                   "AND version NOT IN "
                   "(SELECT version FROM millrace_internal.snapshots WHERE model_id = $1)",
               {model_id, retention.model_versions}));
  return transaction.commit();
}

}  // namespace millrace::store
