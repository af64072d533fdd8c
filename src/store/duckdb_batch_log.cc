#include "store/duckdb_batch_log.h"

#include <algorithm>

#include "base/clock.h"
#include "store/duckdb_appender.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

Error moved(const std::string& what) {
  Error error(Code::kWrongState, what);
  error.hint = "Something else has committed batches of this pipeline; start it again.";
  return error;
}

/// The keys of `cursors` and `model_heads` are only met by another writer that was quicker.
Status as_conflict(Result<int64_t> changed) {
  if (changed) return {};
  auto error = std::move(changed).error();
  if (error.code == Code::kConstraint) error.code = Code::kConflict;
  return error;
}

}  // namespace

Result<DuckdbBatchLog> DuckdbBatchLog::open(duckdb_connection connection, int64_t pipeline_id) {
  DuckdbBatchLog log(connection, pipeline_id);
  const auto statement = [&](Prepared& prepared, const char* sql) -> Status {
    TRY(prepared, prepare(connection, sql));
    return {};
  };
  TRY_OK(statement(log.read_cursors_,
                   "SELECT source_partition::BIGINT, next_offset, batch_id "
                   "FROM millrace_internal.cursors WHERE pipeline_id = $1"));
  TRY_OK(statement(log.move_cursor_,
                   "UPDATE millrace_internal.cursors SET next_offset = $3, batch_id = $4, "
                   "topic_id = coalesce(nullif($5, ''), topic_id) "
                   "WHERE pipeline_id = $1 AND source_partition = $2"));
  TRY_OK(
      statement(log.add_cursor_,
                "INSERT INTO millrace_internal.cursors VALUES ($1, $2, $3, $4, nullif($5, ''))"));
  TRY_OK(statement(log.move_head_,
                   "UPDATE millrace_internal.model_heads SET version = $2 "
                   "WHERE model_id = $1 AND version = $2 - 1"));
  TRY_OK(statement(log.add_head_, "INSERT INTO millrace_internal.model_heads VALUES ($1, $2)"));
  TRY_OK(statement(log.read_head_,
                   "SELECT version FROM millrace_internal.model_heads WHERE model_id = $1"));
  TRY_OK(statement(log.drop_snapshot_,
                   "DELETE FROM millrace_internal.snapshots WHERE model_id = $1 AND version = $2"));
  TRY_OK(statement(log.add_snapshot_,
                   "INSERT INTO millrace_internal.snapshots VALUES ($1, $2, $3, $4, $5, $6, "
                   "octet_length($7::BLOB), $7::BLOB)"));
  TRY_OK(
      statement(log.trim_snapshots_,
                "DELETE FROM millrace_internal.snapshots WHERE model_id = $1 AND created_at < $3 "
                "AND version NOT IN (SELECT version FROM millrace_internal.snapshots "
                "WHERE model_id = $1 ORDER BY version DESC LIMIT $2)"));
  return log;
}

Status DuckdbBatchLog::move_cursors(const BatchCommit& batch) {
  TRY(auto result, execute(read_cursors_, {pipeline_id_}));
  Rows rows(std::move(result));
  std::vector<Cursor> cursors;
  int64_t last_batch = 0;
  while (rows.next()) {
    cursors.push_back({static_cast<int32_t>(rows.integer(0)), rows.integer(1)});
    last_batch = std::max(last_batch, rows.integer(2));
  }
  if (batch.batch_id != last_batch + 1)
    return moved("batch " + std::to_string(batch.batch_id) + " cannot follow batch " +
                 std::to_string(last_batch));
  const std::string_view topic_id = batch.messages->topic_id;
  for (const auto& range : batch.messages->ranges) {
    const int64_t partition = range.partition;
    const auto at = std::find_if(cursors.begin(), cursors.end(), [&](const Cursor& cursor) {
      return cursor.partition == range.partition;
    });
    if (at == cursors.end()) {
      TRY_OK(as_conflict(change(
          add_cursor_, {pipeline_id_, partition, range.end_offset, batch.batch_id, topic_id})));
      continue;
    }
    if (at->next_offset != range.first_offset)
      return moved("partition " + std::to_string(partition) + " is at offset " +
                   std::to_string(at->next_offset) + ", and the batch begins at " +
                   std::to_string(range.first_offset));
    TRY(const auto changed, change(move_cursor_, {pipeline_id_, partition, range.end_offset,
                                                  batch.batch_id, topic_id}));
    CHECK(changed == 1, "a cursor is one row");
  }
  return {};
}

Status DuckdbBatchLog::log_batch(const BatchCommit& batch, std::span<const RangeOutcome> outcomes) {
  TRY(auto log, RowAppender::open(connection_, kInternalSchema, "batch_log"));
  const int64_t now = now_micros();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& range = batch.messages->ranges[i];
    log.add(pipeline_id_).add(batch.batch_id).add(int64_t{range.partition});
    log.add(range.first_offset).add(range.end_offset).add(range.latest_offset);
    log.add(range.messages).add(outcomes[i].rows_out).add(outcomes[i].rejects);
    log.add(outcomes[i].bytes).add_time(batch.started_at).add_time(now);
    log.add(std::string_view(batch.steps_json.empty() ? "{}" : batch.steps_json));
    if (batch.messages->transformed.empty()) {
      log.add_null().add_null().add_null();
    } else {
      const auto& made = batch.messages->transformed[i];
      log.add(made.bytes_out).add(made.records).add(std::string_view(batch.program));
    }
    const std::string_view topic_id = batch.messages->topic_id;
    topic_id.empty() ? log.add_null() : log.add(topic_id);
    log.end_row();
  }
  return log.finish();
}

Status DuckdbBatchLog::log_rejects(int64_t batch_id, std::span<const Reject> rejects) {
  if (rejects.empty()) return {};
  TRY(auto log, RowAppender::open(connection_, kInternalSchema, "reject_log"));
  const int64_t now = now_micros();
  for (const auto& reject : rejects) {
    log.add(pipeline_id_).add(batch_id).add(int64_t{reject.partition}).add(reject.offset);
    log.add(name_of(reject.reason)).add(std::string_view(reject.detail));
    log.add(Bytes{reject.bytes}).add_time(now);
    reject.line > 0 ? log.add(reject.line) : log.add_null();
    log.end_row();
  }
  return log.finish();
}

Status DuckdbBatchLog::take_back_rejects(int64_t batch_id) {
  return run(connection_,
             "DELETE FROM millrace_internal.reject_log WHERE pipeline_id = $1 AND batch_id = $2 "
             "AND octet_length(bytes) < $3 AND source_partition IN (SELECT source_partition FROM "
             "millrace_internal.cursors WHERE pipeline_id = $1)",
             {pipeline_id_, batch_id, static_cast<int64_t>(kRejectBytesMax)});
}

Status DuckdbBatchLog::log_model(int64_t batch_id, const ModelCommit& model,
                                 const ModelChange& made_by) {
  TRY(const auto changed, change(move_head_, {model.model_id, model.version}));
  if (changed == 0) {
    TRY(auto result, execute(read_head_, {model.model_id}));
    Rows head(std::move(result));
    const int64_t last = head.next() ? head.integer(0) : 0;
    if (last + 1 != model.version)
      return moved("model \"" + model.model + "\": version " + std::to_string(model.version) +
                   " cannot follow version " + std::to_string(last));
    TRY_OK(as_conflict(change(add_head_, {model.model_id, model.version})));
  }
  TRY(auto log, RowAppender::open(connection_, kInternalSchema, "model_log"));
  log.add(model.model_id).add(model.version).add(model.global_step).add(model.examples);
  log.add(pipeline_id_).add(batch_id).add_time(now_micros());
  log.add(std::string_view(made_by.kind)).add(std::string_view(made_by.statement)).end_row();
  TRY_OK(log.finish());
  TRY_OK(log_metrics(batch_id, model));
  if (!model.snapshot_bytes) return {};
  ModelSnapshot snapshot;
  snapshot.version = model.version;
  snapshot.global_step = model.global_step;
  snapshot.examples = model.examples;
  snapshot.batch_id = batch_id;
  snapshot.created_at = now_micros();
  return put_snapshot(model.model_id, snapshot, *model.snapshot_bytes, model.retention);
}

Status DuckdbBatchLog::log_metrics(int64_t batch_id, const ModelCommit& model) {
  if (model.metrics.empty()) return {};
  TRY(auto log, RowAppender::open(connection_, kInternalSchema, "metric_log"));
  const int64_t now = now_micros();
  for (const auto& metric : model.metrics) {
    log.add(model.model_id).add(batch_id).add(model.global_step).add(model.examples);
    log.add_time(now).add(std::string_view(metric.scope)).add(std::string_view(metric.metric));
    log.add(metric.value).add(model.version).end_row();
  }
  return log.finish();
}

Status DuckdbBatchLog::save_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                                     const Retention& retention) {
  TRY(auto result, execute(read_head_, {model_id}));
  Rows head(std::move(result));
  const int64_t last = head.next() ? head.integer(0) : 0;
  if (snapshot.version > last)
    return moved("a snapshot of version " + std::to_string(snapshot.version) +
                 " cannot be kept: the model's last version is " + std::to_string(last));
  return put_snapshot(model_id, snapshot, snapshot.bytes, retention);
}

Status DuckdbBatchLog::put_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                                    std::string_view bytes, const Retention& retention) {
  TRY_OK(execute(drop_snapshot_, {model_id, snapshot.version}));
  TRY_OK(
      execute(add_snapshot_, {model_id, snapshot.version, snapshot.global_step, snapshot.examples,
                              snapshot.batch_id, snapshot.created_at, Bytes{bytes}}));
  TRY_OK(execute(trim_snapshots_, {model_id, std::max<int64_t>(retention.versions_max, 1),
                                   now_micros() - retention.micros_max}));
  return {};
}

}  // namespace millrace::store
