#include "store/duckdb_batch_log.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "data/row_builder.h"
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
Status as_conflict(Status done) {
  if (done) return {};
  auto error = std::move(done).error();
  if (error.code == Code::kConstraint) error.code = Code::kConflict;
  return error;
}

// What the kept statements read: a cursor that moves, a model's version, and rows of the logs, by
// the tables' names.

const std::shared_ptr<const Schema>& moves() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"pipeline_id", {Kind::kInt64}},
      {"source_partition", {Kind::kInt32}},
      {"first_offset", {Kind::kInt64}},
      {"end_offset", {Kind::kInt64}},
      {"batch_id", {Kind::kInt64}},
      {"topic_id", {Kind::kVarchar}},
  });
  return schema;
}

const std::shared_ptr<const Schema>& heads() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"model_id", {Kind::kInt64}},
      {"before", {Kind::kInt64}},
      {"version", {Kind::kInt64}},
  });
  return schema;
}

const std::shared_ptr<const Schema>& batch_log() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"pipeline_id", {Kind::kInt64}},
      {"batch_id", {Kind::kInt64}},
      {"source_partition", {Kind::kInt32}},
      {"first_offset", {Kind::kInt64}},
      {"end_offset", {Kind::kInt64}},
      {"latest_offset", {Kind::kInt64}},
      {"messages", {Kind::kInt64}},
      {"rows_out", {Kind::kInt64}},
      {"rejects", {Kind::kInt64}},
      {"bytes", {Kind::kInt64}},
      {"started_at", {Kind::kTimestamp}},
      {"committed_at", {Kind::kTimestamp}},
      {"steps", {Kind::kVarchar}},
      {"transformed_bytes", {Kind::kInt64}},
      {"records", {Kind::kInt64}},
      {"program", {Kind::kVarchar}},
      {"topic_id", {Kind::kVarchar}},
      {"topic", {Kind::kVarchar}},
  });
  return schema;
}

const std::shared_ptr<const Schema>& model_log() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"model_id", {Kind::kInt64}},
      {"version", {Kind::kInt64}},
      {"global_step", {Kind::kInt64}},
      {"examples", {Kind::kInt64}},
      {"pipeline_id", {Kind::kInt64}},
      {"batch_id", {Kind::kInt64}},
      {"at", {Kind::kTimestamp}},
      {"kind", {Kind::kVarchar}},
      {"statement", {Kind::kVarchar}},
  });
  return schema;
}

const std::shared_ptr<const Schema>& metric_log() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"model_id", {Kind::kInt64}},
      {"batch_id", {Kind::kInt64}},
      {"global_step", {Kind::kInt64}},
      {"examples", {Kind::kInt64}},
      {"at", {Kind::kTimestamp}},
      {"scope", {Kind::kVarchar}},
      {"metric", {Kind::kVarchar}},
      {"value", {Kind::kDouble}},
      {"version", {Kind::kInt64}},
  });
  return schema;
}

BatchStatement::Sql insert_rows_into(const char* table, const Schema& schema) {
  std::vector<std::string> columns, values;
  for (const auto& field : schema.fields()) {
    columns.push_back(field.name);
    values.push_back(quoted_name(field.name));
  }
  return insert_into(std::string(kInternalSchema) + "." + table, columns, values);
}

std::string move_head_sql(const std::string& rows) {
  return "UPDATE millrace_internal.model_heads AS h SET version = r.version FROM " + rows +
         " AS r WHERE h.model_id = r.model_id AND h.version = r.before";
}

/// Its plan may be kept: of what the table held when it was made it knows only that it was not
/// empty, since each condition has a column of the batch on its other side, and what is set comes
/// from the batch alone.
std::string move_cursors_sql(const std::string& rows, const char* more) {
  return "UPDATE millrace_internal.cursors AS c SET next_offset = r.end_offset, "
         "batch_id = r.batch_id" +
         std::string(more) + " FROM " + rows +
         " AS r WHERE c.pipeline_id = r.pipeline_id AND c.source_partition = r.source_partition "
         "AND c.next_offset = r.first_offset AND c.batch_id < r.batch_id";
}

Value text_or_null(std::string_view text) {
  return text.empty() ? Value() : Value(std::string(text));
}

}  // namespace

Status DuckdbBatchLog::insert(Kept& kept, RowBuilder rows, const char* table) {
  const Batch batch = rows.build();
  if (!kept) {
    TRY(kept, BatchStatement::open(connection_, sources_, batch.shared_schema(),
                                   insert_rows_into(table, batch.schema())));
  }
  TRY_OK(kept->run(batch));
  return {};
}

Result<DuckdbBatchLog::Cursors> DuckdbBatchLog::read_cursors() {
  TRY(auto rows, query(connection_,
                       "SELECT source_partition::BIGINT, next_offset, batch_id "
                       "FROM millrace_internal.cursors WHERE pipeline_id = $1",
                       {pipeline_id_}));
  Cursors cursors;
  while (rows.next()) {
    cursors.next_offsets[static_cast<int32_t>(rows.integer(0))] = rows.integer(1);
    cursors.last_batch = std::max(cursors.last_batch, rows.integer(2));
  }
  return cursors;
}

Status DuckdbBatchLog::move_cursors(const BatchCommit& batch) {
  if (!cursors_) {
    TRY(cursors_, read_cursors());
  }
  // They are believed again when it is known that this was committed.
  moved_ = *std::exchange(cursors_, std::nullopt);
  if (batch.batch_id != moved_.last_batch + 1)
    return moved("batch " + std::to_string(batch.batch_id) + " cannot follow batch " +
                 std::to_string(moved_.last_batch));
  moved_.last_batch = batch.batch_id;
  if (batch.retried_batch)
    return run(connection_,
               "UPDATE millrace_internal.cursors SET batch_id = $2 WHERE pipeline_id = $1",
               {pipeline_id_, batch.batch_id});
  std::vector<OffsetRange> known;
  for (const auto& range : batch.messages->ranges) {
    const auto at = moved_.next_offsets.find(range.partition);
    if (at == moved_.next_offsets.end()) {
      TRY_OK(add_cursor(batch, range));
    } else if (at->second != range.first_offset) {
      return moved("partition " + std::to_string(range.partition) + " is at offset " +
                   std::to_string(at->second) + ", and the batch begins at " +
                   std::to_string(range.first_offset));
    } else {
      known.push_back(range);
    }
    moved_.next_offsets[range.partition] = range.end_offset;
  }
  return move_known(batch, known);
}

Status DuckdbBatchLog::add_cursor(const BatchCommit& batch, const OffsetRange& range) {
  return as_conflict(run(
      connection_, "INSERT INTO millrace_internal.cursors VALUES ($1, $2, $3, $4, nullif($5, ''))",
      {pipeline_id_, int64_t{range.partition}, range.end_offset, batch.batch_id,
       std::string_view(batch.messages->topic_id)}));
}

/// A batch of which nobody says what topic it is leaves the cursors theirs.
Status DuckdbBatchLog::move_known(const BatchCommit& batch,
                                  const std::vector<OffsetRange>& ranges) {
  if (ranges.empty()) return {};
  const auto& topic_id = batch.messages->topic_id;
  auto& move = topic_id.empty() ? move_cursors_ : move_cursors_of_topic_;
  if (!move) {
    TRY(move, BatchStatement::open(connection_, sources_, moves(), [&](const std::string& rows) {
          return move_cursors_sql(rows, topic_id.empty() ? "" : ", topic_id = r.topic_id");
        }));
  }
  RowBuilder rows(moves());
  for (const auto& range : ranges)
    rows.add({pipeline_id_, int64_t{range.partition}, range.first_offset, range.end_offset,
              batch.batch_id, text_or_null(topic_id)});
  TRY(const auto changed, move->run(rows.build()));
  if (static_cast<size_t>(changed) == ranges.size()) return {};
  return moved("the cursors are not where batch " + std::to_string(batch.batch_id) + " begins");
}

Status DuckdbBatchLog::log_batch(const BatchCommit& batch, std::span<const RangeOutcome> outcomes) {
  RowBuilder rows(batch_log());
  const int64_t now = now_micros();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& range = batch.messages->ranges[i];
    std::vector<Value> row{pipeline_id_,
                           batch.batch_id,
                           int64_t{range.partition},
                           range.first_offset,
                           range.end_offset,
                           range.latest_offset,
                           range.messages,
                           outcomes[i].rows_out,
                           outcomes[i].rejects,
                           outcomes[i].bytes,
                           batch.started_at,
                           now,
                           batch.steps_json.empty() ? std::string("{}") : batch.steps_json,
                           {},
                           {},
                           {},
                           text_or_null(batch.messages->topic_id),
                           text_or_null(batch.topic)};
    if (!batch.messages->transformed.empty()) {
      const auto& made = batch.messages->transformed[i];
      row[13] = made.bytes_out;
      row[14] = made.records;
      row[15] = batch.program;
    }
    rows.add(std::move(row));
  }
  return insert(log_batch_, std::move(rows), "batch_log");
}

Status DuckdbBatchLog::log_rejects(const BatchCommit& batch, std::span<const Reject> rejects) {
  if (rejects.empty()) return {};
  TRY(auto log, RowAppender::open(connection_, kInternalSchema, "reject_log"));
  const int64_t now = now_micros();
  for (const auto& reject : rejects) {
    log.add(pipeline_id_).add(batch.batch_id).add(int64_t{reject.partition}).add(reject.offset);
    log.add(name_of(reject.reason)).add(std::string_view(reject.detail));
    log.add(Bytes{reject.bytes}).add_time(now);
    reject.line > 0 ? log.add(reject.line) : log.add_null();
    for (const std::string_view of_topic :
         {std::string_view(batch.topic), std::string_view(batch.messages->topic_id)})
      batch.topic.empty() || of_topic.empty() ? log.add_null() : log.add(of_topic);
    log.end_row();
  }
  return log.finish();
}

Status DuckdbBatchLog::take_back_rejects(int64_t batch_id) {
  return run(connection_,
             "DELETE FROM millrace_internal.reject_log WHERE pipeline_id = $1 AND batch_id = $2 "
             "AND octet_length(bytes) < $3",
             {pipeline_id_, batch_id, static_cast<int64_t>(kRejectBytesMax)});
}

Result<int64_t> DuckdbBatchLog::last_version(int64_t model_id) {
  TRY(auto head,
      query(connection_, "SELECT version FROM millrace_internal.model_heads WHERE model_id = $1",
            {model_id}));
  return head.next() ? head.integer(0) : 0;
}

Status DuckdbBatchLog::move_head(const ModelCommit& model) {
  if (!move_head_) {
    TRY(move_head_, BatchStatement::open(connection_, sources_, heads(), move_head_sql));
  }
  RowBuilder rows(heads());
  rows.add({model.model_id, model.version - 1, model.version});
  TRY(const auto changed, move_head_->run(rows.build()));
  if (changed == 1) return {};
  move_head_.reset();  // it may have been planned for a table without a row
  TRY(const int64_t last, last_version(model.model_id));
  if (last + 1 != model.version)
    return moved("model \"" + model.model + "\": version " + std::to_string(model.version) +
                 " cannot follow version " + std::to_string(last));
  return as_conflict(run(connection_, "INSERT INTO millrace_internal.model_heads VALUES ($1, $2)",
                         {model.model_id, model.version}));
}

Status DuckdbBatchLog::log_model(int64_t batch_id, const ModelCommit& model,
                                 const ModelChange& made_by) {
  TRY_OK(move_head(model));
  RowBuilder rows(model_log());
  rows.add({model.model_id, model.version, model.global_step, model.examples, pipeline_id_,
            batch_id, now_micros(), made_by.kind, made_by.statement});
  TRY_OK(insert(log_version_, std::move(rows), "model_log"));
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
  RowBuilder rows(metric_log());
  const int64_t now = now_micros();
  for (const auto& metric : model.metrics)
    rows.add({model.model_id, batch_id, model.global_step, model.examples, now, metric.scope,
              metric.metric, metric.value, model.version});
  return insert(log_metrics_, std::move(rows), "metric_log");
}

Status DuckdbBatchLog::save_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                                     const Retention& retention) {
  TRY(const int64_t last, last_version(model_id));
  if (snapshot.version > last)
    return moved("a snapshot of version " + std::to_string(snapshot.version) +
                 " cannot be kept: the model's last version is " + std::to_string(last));
  return put_snapshot(model_id, snapshot, snapshot.bytes, retention);
}

Status DuckdbBatchLog::put_snapshot(int64_t model_id, const ModelSnapshot& snapshot,
                                    std::string_view bytes, const Retention& retention) {
  TRY_OK(run(connection_,
             "DELETE FROM millrace_internal.snapshots WHERE model_id = $1 AND version = $2",
             {model_id, snapshot.version}));
  TRY_OK(run(connection_,
             "INSERT INTO millrace_internal.snapshots VALUES ($1, $2, $3, $4, $5, $6, "
             "octet_length($7::BLOB), $7::BLOB)",
             {model_id, snapshot.version, snapshot.global_step, snapshot.examples,
              snapshot.batch_id, snapshot.created_at, Bytes{bytes}}));
  return run(connection_,
             "DELETE FROM millrace_internal.snapshots WHERE model_id = $1 AND created_at < $3 "
             "AND version NOT IN (SELECT version FROM millrace_internal.snapshots "
             "WHERE model_id = $1 ORDER BY version DESC LIMIT $2)",
             {model_id, std::max<int64_t>(retention.versions_max, 1),
              now_micros() - retention.micros_max});
}

}  // namespace millrace::store
