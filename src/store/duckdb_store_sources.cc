// What the DuckDB store remembers of a pipeline's source beside its cursors: files, and messages
// that were rejected.
#include "base/check.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_store.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {
namespace {

Status add_file(duckdb_connection connection, int64_t pipeline_id, int64_t number,
                const PipelineFile& file) {
  return run(
      connection, "INSERT INTO millrace_internal.pipeline_files VALUES ($1, $2, $3, $4, $5)",
      {pipeline_id, number, std::string_view(file.name), file.size, int64_t{file.skipped ? 1 : 0}});
}

}  // namespace

Result<std::optional<KeptRejects>> DuckdbStore::next_rejects(int64_t pipeline_id, int64_t after,
                                                             int64_t last) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "WITH kept AS (SELECT *, rowid AS place FROM millrace_internal.reject_log "
                       "WHERE pipeline_id = $1 AND batch_id > $2 AND batch_id <= $3) "
                       "SELECT batch_id, source_partition::BIGINT, source_offset, reason, detail, "
                       "octet_length(bytes), bytes, coalesce(line, 0), coalesce(topic, ''), "
                       "coalesce(topic_id, '') FROM kept "
                       "WHERE batch_id = (SELECT min(batch_id) FROM kept) "
                       "ORDER BY source_partition, source_offset, place",
                       {pipeline_id, after, last}));
  KeptRejects kept;
  while (rows.next()) {
    Reject reject;
    kept.batch_id = rows.integer(0);
    kept.topic = rows.text(8);
    kept.topic_id = rows.text(9);
    reject.partition = static_cast<int32_t>(rows.integer(1));
    reject.offset = rows.integer(2);
    reject.reason = reject_reason(rows.text(3)).value_or(RejectReason::kBadDocument);
    reject.detail = rows.text(4);
    reject.bytes = rows.text(6);
    reject.line = rows.integer(7);
    kept.rejects.push_back(std::move(reject));
  }
  if (kept.rejects.empty()) return std::optional<KeptRejects>();
  return std::optional(std::move(kept));
}

/// A reading that no batch was read by is not kept.
Status DuckdbStore::keep_earlier_reading(int64_t pipeline_id, const std::string& json) {
  TRY(const int64_t last, last_batch_id(pipeline_id));
  Lock lock(mutex_);
  return run(connection_.get(),
             "INSERT INTO millrace_internal.earlier_readings SELECT $1, $2, $3 WHERE $2 > "
             "(SELECT coalesce(max(last_batch_id), 0) FROM millrace_internal.earlier_readings "
             "WHERE pipeline_id = $1)",
             {pipeline_id, last, std::string_view(json)});
}

Result<std::vector<EarlierReading>> DuckdbStore::earlier_readings(int64_t pipeline_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT last_batch_id, reading FROM millrace_internal.earlier_readings "
                       "WHERE pipeline_id = $1 ORDER BY last_batch_id",
                       {pipeline_id}));
  std::vector<EarlierReading> readings;
  while (rows.next()) readings.push_back({rows.integer(0), rows.text(1)});
  return readings;
}

Result<std::string> DuckdbStore::keep_program(std::string_view bytes) {
  Lock lock(mutex_);
  TRY(auto sum, query(connection_.get(), "SELECT sha256($1::BLOB)", {Bytes{bytes}}));
  CHECK(sum.next(), "a checksum is one row");
  std::string checksum = sum.text(0);
  TRY_OK(run(connection_.get(),
             "INSERT INTO millrace_internal.programs SELECT $1, $2::BLOB WHERE NOT EXISTS "
             "(SELECT 1 FROM millrace_internal.programs WHERE checksum = $1)",
             {std::string_view(checksum), Bytes{bytes}}));
  return checksum;
}

Result<std::string> DuckdbStore::program(const std::string& checksum) {
  Lock lock(mutex_);
  TRY(auto rows,
      query(connection_.get(), "SELECT bytes FROM millrace_internal.programs WHERE checksum = $1",
            {std::string_view(checksum)}));
  if (rows.next()) return rows.text(0);
  return Error(Code::kDataLoss, "the store has no program of checksum " + checksum);
}

Status DuckdbStore::forget_programs(const std::vector<std::string>& used) {
  std::string list;
  for (const auto& checksum : used) list += checksum + ",";
  Lock lock(mutex_);
  return run(connection_.get(),
             "DELETE FROM millrace_internal.programs "
             "WHERE NOT list_contains(string_split($1, ','), checksum)",
             {std::string_view(list)});
}

Result<std::vector<PipelineFile>> DuckdbStore::files(int64_t pipeline_id) {
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT name, size, skipped FROM millrace_internal.pipeline_files "
                       "WHERE pipeline_id = $1 ORDER BY file_number",
                       {pipeline_id}));
  std::vector<PipelineFile> files;
  while (rows.next())
    files.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2) != 0});
  return files;
}

Status DuckdbStore::add_files(int64_t pipeline_id, const std::vector<PipelineFile>& files) {
  Lock lock(mutex_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  TRY(auto rows, query(connection_.get(),
                       "SELECT count(*) FROM millrace_internal.pipeline_files "
                       "WHERE pipeline_id = $1",
                       {pipeline_id}));
  int64_t number = rows.next() ? rows.integer(0) : 0;
  for (const auto& file : files) TRY_OK(add_file(connection_.get(), pipeline_id, number++, file));
  return transaction.commit();
}

Status DuckdbStore::skip_file(int64_t pipeline_id, const std::string& name) {
  Lock lock(mutex_);
  TRY(const auto statement, prepare(connection_.get(),
                                    "UPDATE millrace_internal.pipeline_files SET skipped = 1 "
                                    "WHERE pipeline_id = $1 AND name = $2"));
  TRY(const auto changed, change(statement, {pipeline_id, std::string_view(name)}));
  if (changed > 0) return {};
  return Error(Code::kNotFound, "no file \"" + name + "\" was found so far",
               "information_schema.PIPELINES_FILES lists those that were.");
}

}  // namespace millrace::store
