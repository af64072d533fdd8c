#include "store/duckdb_schema.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "store/duckdb_functions.h"
#include "store/duckdb_information_schema.h"

namespace millrace::store {
namespace {

// Rows that hang on a definition carry its id, never its name: a name may be used again. `cursors`
// and `model_heads` hold what the logs say last, so that a commit reads a few rows of a log of
// millions; their keys make two writers of the same pipeline or model meet.
constexpr const char* kSystemTables = R"(
CREATE SCHEMA millrace;
CREATE SCHEMA millrace_internal;
CREATE SCHEMA millrace_information_schema;
CREATE TABLE millrace_internal.version (version BIGINT NOT NULL);
CREATE SEQUENCE millrace_internal.definition_ids;
CREATE SEQUENCE millrace_internal.error_ids;
CREATE TABLE millrace_internal.definitions (
  id BIGINT NOT NULL, kind VARCHAR NOT NULL, database_name VARCHAR NOT NULL, name VARCHAR NOT NULL,
  body VARCHAR NOT NULL, state VARCHAR NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE millrace_internal.cursors (
  pipeline_id BIGINT NOT NULL, source_partition INTEGER NOT NULL, next_offset BIGINT NOT NULL,
  batch_id BIGINT NOT NULL, PRIMARY KEY (pipeline_id, source_partition));
CREATE TABLE millrace_internal.model_heads (
  model_id BIGINT PRIMARY KEY, version BIGINT NOT NULL);
CREATE TABLE millrace_internal.batch_log (
  pipeline_id BIGINT NOT NULL, batch_id BIGINT NOT NULL, source_partition INTEGER NOT NULL,
  first_offset BIGINT NOT NULL, end_offset BIGINT NOT NULL, latest_offset BIGINT NOT NULL,
  messages BIGINT NOT NULL, rows_out BIGINT NOT NULL, rejects BIGINT NOT NULL,
  bytes BIGINT NOT NULL, started_at TIMESTAMP NOT NULL, committed_at TIMESTAMP NOT NULL,
  steps VARCHAR NOT NULL);
CREATE TABLE millrace_internal.reject_log (
  pipeline_id BIGINT NOT NULL, batch_id BIGINT NOT NULL, source_partition INTEGER NOT NULL,
  source_offset BIGINT NOT NULL, reason VARCHAR NOT NULL, detail VARCHAR NOT NULL,
  bytes BLOB NOT NULL, "at" TIMESTAMP NOT NULL);
CREATE TABLE millrace_internal.model_log (
  model_id BIGINT NOT NULL, version BIGINT NOT NULL, global_step BIGINT NOT NULL,
  examples BIGINT NOT NULL, pipeline_id BIGINT NOT NULL, batch_id BIGINT NOT NULL,
  "at" TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, statement VARCHAR NOT NULL);
CREATE TABLE millrace_internal.metric_log (
  model_id BIGINT NOT NULL, batch_id BIGINT NOT NULL, global_step BIGINT NOT NULL,
  examples BIGINT NOT NULL, "at" TIMESTAMP NOT NULL, scope VARCHAR NOT NULL,
  metric VARCHAR NOT NULL, value DOUBLE, version BIGINT NOT NULL);
CREATE TABLE millrace_internal.snapshots (
  model_id BIGINT NOT NULL, version BIGINT NOT NULL, global_step BIGINT NOT NULL,
  examples BIGINT NOT NULL, batch_id BIGINT NOT NULL, created_at BIGINT NOT NULL,
  size BIGINT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE millrace_internal.pipeline_errors (
  error_id BIGINT NOT NULL, pipeline_id BIGINT NOT NULL, "at" BIGINT NOT NULL,
  kind VARCHAR NOT NULL, code INTEGER NOT NULL, message VARCHAR NOT NULL,
  batch_id BIGINT, source_partition INTEGER);
CREATE TABLE millrace_internal.settings (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
)";

// Tables that came later: made where they are not there yet.
constexpr const char* kLaterTables = R"(
CREATE TABLE IF NOT EXISTS millrace_internal.pipeline_files (
  pipeline_id BIGINT NOT NULL, file_number BIGINT NOT NULL, name VARCHAR NOT NULL,
  size BIGINT NOT NULL, skipped BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS millrace_internal.programs (
  checksum VARCHAR NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS millrace_internal.earlier_readings (
  pipeline_id BIGINT NOT NULL, last_batch_id BIGINT NOT NULL, reading VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS millrace_internal.earlier_sources (
  pipeline_id BIGINT NOT NULL, last_batch_id BIGINT NOT NULL, topic VARCHAR NOT NULL,
  topic_id VARCHAR NOT NULL, source VARCHAR NOT NULL);
ALTER TABLE millrace_internal.batch_log ADD COLUMN IF NOT EXISTS transformed_bytes BIGINT;
ALTER TABLE millrace_internal.batch_log ADD COLUMN IF NOT EXISTS records BIGINT;
ALTER TABLE millrace_internal.batch_log ADD COLUMN IF NOT EXISTS program VARCHAR;
ALTER TABLE millrace_internal.batch_log ADD COLUMN IF NOT EXISTS topic_id VARCHAR;
ALTER TABLE millrace_internal.cursors ADD COLUMN IF NOT EXISTS topic_id VARCHAR;
ALTER TABLE millrace_internal.pipeline_errors ADD COLUMN IF NOT EXISTS type VARCHAR DEFAULT 'Error';
ALTER TABLE millrace_internal.pipeline_errors ADD COLUMN IF NOT EXISTS std_error VARCHAR;
ALTER TABLE millrace_internal.pipeline_errors ADD COLUMN IF NOT EXISTS line BLOB;
ALTER TABLE millrace_internal.pipeline_errors ADD COLUMN IF NOT EXISTS line_number BIGINT;
ALTER TABLE millrace_internal.reject_log ADD COLUMN IF NOT EXISTS line BIGINT;
ALTER TABLE millrace_internal.batch_log ADD COLUMN IF NOT EXISTS topic VARCHAR;
ALTER TABLE millrace_internal.reject_log ADD COLUMN IF NOT EXISTS topic VARCHAR;
ALTER TABLE millrace_internal.reject_log ADD COLUMN IF NOT EXISTS topic_id VARCHAR;
)";

// Rows of the logs without a topic are of the one that the pipeline reads.

constexpr const char* kViews = R"(
CREATE OR REPLACE VIEW millrace.rejects AS
SELECT d.database_name, d.name AS pipeline_name, r.batch_id, r.source_partition, r.source_offset,
       r.reason, r.detail, r.bytes, r.at,
       coalesce(r.topic, json_extract_string(d.body, '$.source.topic')) AS topic, r.line,
       CASE WHEN r.topic IS NULL THEN c.topic_id ELSE r.topic_id END AS topic_id
FROM millrace_internal.reject_log r JOIN millrace_internal.definitions d ON d.id = r.pipeline_id
LEFT JOIN (SELECT pipeline_id, max(topic_id) AS topic_id FROM millrace_internal.cursors
           GROUP BY pipeline_id) c ON c.pipeline_id = r.pipeline_id;
CREATE OR REPLACE VIEW millrace.batches AS
SELECT d.database_name, d.name AS pipeline_name, b.batch_id, b.source_partition, b.first_offset,
       b.end_offset, b.messages, b.rows_out, b.rejects, b.started_at, b.committed_at,
       CAST(b.steps AS JSON) AS steps, b.records,
       coalesce(b.topic, json_extract_string(d.body, '$.source.topic')) AS topic, b.topic_id
FROM millrace_internal.batch_log b JOIN millrace_internal.definitions d ON d.id = b.pipeline_id;
CREATE OR REPLACE VIEW millrace.model_versions AS
SELECT d.database_name, d.name AS model_name, m.version, m.global_step, m.examples,
       s.size AS bytes, nullif(m.batch_id, 0) AS batch_id, m.at AS created_at,
       sha256(s.bytes) AS checksum, m.kind AS made_by, p.name AS pipeline_name,
       nullif(m.statement, '') AS statement, b.offsets, v.metrics
FROM millrace_internal.model_log m JOIN millrace_internal.definitions d ON d.id = m.model_id
LEFT JOIN millrace_internal.snapshots s ON s.model_id = m.model_id AND s.version = m.version
LEFT JOIN millrace_internal.definitions p ON p.id = m.pipeline_id
LEFT JOIN (SELECT pipeline_id, batch_id,
                  CAST('{' || string_agg('"' || source_partition || '":[' || first_offset || ','
                       || end_offset || ']', ',' ORDER BY source_partition) || '}' AS JSON)
                    AS offsets
           FROM millrace_internal.batch_log GROUP BY pipeline_id, batch_id) b
  ON b.pipeline_id = m.pipeline_id AND b.batch_id = m.batch_id
LEFT JOIN (SELECT model_id, version,
                  CAST('{' || string_agg(to_json(metric) || ':' || CASE WHEN isfinite(value)
                       THEN CAST(value AS VARCHAR) ELSE 'null' END, ',' ORDER BY metric)
                       || '}' AS JSON) AS metrics
           FROM millrace_internal.metric_log WHERE scope = 'lifetime'
           GROUP BY model_id, version) v
  ON v.model_id = m.model_id AND v.version = m.version;
CREATE OR REPLACE VIEW millrace.model_metrics AS
SELECT d.database_name, d.name AS model_name, nullif(m.batch_id, 0) AS batch_id, m.global_step,
       m.examples, m.at, m.scope, m.metric, m.value, m.version
FROM millrace_internal.metric_log m JOIN millrace_internal.definitions d ON d.id = m.model_id;
)";

// A batch that is in the log has succeeded: it is written in the transaction that made it so.
constexpr const char* kPipelineViews = R"(
CREATE OR REPLACE VIEW millrace_information_schema.pipelines_batches AS
SELECT d.database_name AS "DATABASE_NAME", d.name AS "PIPELINE_NAME", b.batch_id AS "BATCH_ID",
       'Succeeded' AS "BATCH_STATE", b.rows_out AS "BATCH_ROWS_WRITTEN",
       epoch(b.committed_at - b.started_at) AS "BATCH_TIME",
       epoch(b.started_at) AS "BATCH_START_UNIX_TIMESTAMP",
       'Succeeded' AS "BATCH_PARTITION_STATE",
       coalesce(b.records, greatest(b.messages, b.rows_out + b.rejects))
         AS "BATCH_PARTITION_PARSED_ROWS",
       CAST(b.source_partition AS VARCHAR) AS "BATCH_SOURCE_PARTITION_ID",
       CAST(b.first_offset AS VARCHAR) AS "BATCH_EARLIEST_OFFSET",
       CAST(b.end_offset AS VARCHAR) AS "BATCH_LATEST_OFFSET",
       epoch(b.committed_at - b.started_at) AS "BATCH_PARTITION_TIME",
       b.bytes AS "BATCH_PARTITION_EXTRACTED_BYTES",
       b.transformed_bytes AS "BATCH_PARTITION_TRANSFORMED_BYTES",
       CAST(json_extract(b.steps, '$.take') AS DOUBLE) / 1e6
         AS "BATCH_PARTITION_EXTRACTOR_WAIT_TIME",
       CAST(json_extract(b.steps, '$.transform') AS DOUBLE) / 1e6
         AS "BATCH_PARTITION_TRANSFORM_WAIT_TIME",
       CAST(NULL AS VARCHAR) AS "HOST", CAST(NULL AS BIGINT) AS "PORT",
       b.source_partition AS "PARTITION"
FROM millrace_internal.batch_log b JOIN millrace_internal.definitions d ON d.id = b.pipeline_id;
CREATE OR REPLACE VIEW millrace_information_schema.pipelines_batches_summary AS
SELECT "DATABASE_NAME", "PIPELINE_NAME", "BATCH_ID", any_value("BATCH_STATE") AS "BATCH_STATE",
       make_timestamp(CAST(min("BATCH_START_UNIX_TIMESTAMP") * 1000000 AS BIGINT)) AS "START_TIME",
       max("BATCH_PARTITION_EXTRACTOR_WAIT_TIME") AS "EXTRACTION_WAIT_TIME",
       max("BATCH_PARTITION_TRANSFORM_WAIT_TIME") AS "TRANSFORMATION_WAIT_TIME",
       max("BATCH_TIME") AS "BATCH_TIME",
       sum("BATCH_PARTITION_PARSED_ROWS") / nullif(max("BATCH_TIME"), 0) AS "ROWS_PER_SEC",
       CAST(sum("BATCH_PARTITION_PARSED_ROWS") AS BIGINT) AS "ROWS_STREAMED",
       CAST(sum("BATCH_ROWS_WRITTEN") AS BIGINT) AS "ROWS_INSERTED",
       CAST(0 AS BIGINT) AS "ROWS_UPDATED", CAST(0 AS BIGINT) AS "ROWS_DELETED",
       count(*) AS "NUM_PARTITIONS", count(*) AS "NUM_PARTITIONS_FINISHED",
       sum("BATCH_PARTITION_EXTRACTED_BYTES") / 1e6 AS "MB_STREAMED",
       sum("BATCH_PARTITION_EXTRACTED_BYTES") / 1e6 / nullif(max("BATCH_TIME"), 0) AS "MB_PER_SEC"
FROM millrace_information_schema.pipelines_batches
GROUP BY "DATABASE_NAME", "PIPELINE_NAME", "BATCH_ID";
CREATE OR REPLACE VIEW millrace_information_schema.pipelines_batches_metadata AS
SELECT any_value(d.database_name) AS "DATABASE_NAME", b.pipeline_id AS "PIPELINE_ID",
       any_value(d.name) AS "PIPELINE_NAME", b.batch_id AS "BATCH_ID", 'Succeeded' AS "BATCH_STATE",
       CAST(sum(b.rows_out) AS BIGINT) AS "BATCH_ROWS_WRITTEN",
       CAST(sum(b.rows_out) AS BIGINT) AS "BATCH_ROWS_INSERTED",
       CAST(0 AS BIGINT) AS "BATCH_ROWS_UPDATED", CAST(0 AS BIGINT) AS "BATCH_ROWS_DELETED",
       epoch(any_value(b.committed_at - b.started_at)) AS "BATCH_TIME",
       epoch(any_value(b.started_at)) AS "BATCH_START_UNIX_TIMESTAMP"
FROM millrace_internal.batch_log b JOIN millrace_internal.definitions d ON d.id = b.pipeline_id
GROUP BY b.pipeline_id, b.batch_id;
CREATE OR REPLACE VIEW millrace_information_schema.pipelines_errors AS
WITH entries AS (
  SELECT pipeline_id, "at", type, code, message, kind, std_error, line, line_number, batch_id,
         error_id, source_partition
  FROM millrace_internal.pipeline_errors
  UNION ALL
  SELECT pipeline_id, epoch_us("at"), 'Warning', 1366,
         'offset ' || source_offset || ': ' || reason || ': ' || detail, 'Load', NULL, bytes, line,
         batch_id, NULL, source_partition
  FROM millrace_internal.reject_log
  QUALIFY row_number() OVER (PARTITION BY pipeline_id ORDER BY batch_id DESC, rowid DESC) <= 1000)
SELECT d.database_name AS "DATABASE_NAME", d.name AS "PIPELINE_NAME",
       e.at / 1e6 AS "ERROR_UNIX_TIMESTAMP", e.type AS "ERROR_TYPE", e.code AS "ERROR_CODE",
       e.message AS "ERROR_MESSAGE", e.kind AS "ERROR_KIND", e.std_error AS "STD_ERROR",
       left(coalesce(TRY(decode(e.line)), CAST(e.line AS VARCHAR)), 1024) AS "LOAD_DATA_LINE",
       e.line_number AS "LOAD_DATA_LINE_NUMBER", e.batch_id AS "BATCH_ID", e.error_id AS "ERROR_ID",
       CAST(e.source_partition AS VARCHAR) AS "BATCH_SOURCE_PARTITION_ID",
       CAST(b.first_offset AS VARCHAR) AS "BATCH_EARLIEST_OFFSET",
       CAST(b.end_offset AS VARCHAR) AS "BATCH_LATEST_OFFSET", CAST(NULL AS VARCHAR) AS "HOST",
       CAST(NULL AS BIGINT) AS "PORT", e.source_partition AS "PARTITION"
FROM entries e
JOIN millrace_internal.definitions d ON d.id = e.pipeline_id
LEFT JOIN millrace_internal.batch_log b
  ON b.pipeline_id = e.pipeline_id AND b.batch_id = e.batch_id
  AND b.source_partition = e.source_partition;
CREATE OR REPLACE VIEW millrace_information_schema.PIPELINES_FILES AS
SELECT d.database_name AS "DATABASE_NAME", d.name AS "PIPELINE_NAME", 'FS' AS "SOURCE_TYPE",
       f.name AS "FILE_NAME", f.size AS "FILE_SIZE",
       CASE WHEN f.skipped <> 0 THEN 'Skipped'
            WHEN f.file_number < (c.next_offset >> 40) THEN 'Loaded'
            ELSE 'Unloaded' END AS "FILE_STATE"
FROM millrace_internal.pipeline_files f
JOIN millrace_internal.definitions d ON d.id = f.pipeline_id
LEFT JOIN millrace_internal.cursors c
  ON c.pipeline_id = f.pipeline_id AND c.source_partition = 0;
)";

Result<bool> has_tables(duckdb_connection connection) {
  TRY(auto rows, query(connection,
                       "SELECT count(*) FROM duckdb_tables() WHERE database_name = $1 AND "
                       "schema_name = $2 AND table_name = 'version'",
                       {std::string_view(kCatalog), std::string_view(kInternalSchema)}));
  return rows.next() && rows.integer(0) > 0;
}

Status check_version(duckdb_connection connection) {
  TRY(auto rows, query(connection, "SELECT max(version) FROM millrace_internal.version"));
  const int64_t version = rows.next() ? rows.integer(0) : 0;
  if (version == kSchemaVersion) return {};
  Error error(Code::kUnsupported, "the data directory is of format " + std::to_string(version) +
                                      ", and this millrace reads format " +
                                      std::to_string(kSchemaVersion));
  error.hint = version > kSchemaVersion
                   ? "It was written by a newer millrace: start that one."
                   : "It was written by an older millrace: start that one, or a new directory.";
  return error;
}

Status make_tables(duckdb_connection connection) {
  const std::string version = std::to_string(kSchemaVersion);
  TRY_OK(run(connection, "BEGIN"));
  const auto made =
      run(connection, std::string(kSystemTables) +
                          "INSERT INTO millrace_internal.version VALUES (" + version + ");");
  if (made) return run(connection, "COMMIT");
  (void)run(connection, "ROLLBACK");
  return made;
}

}  // namespace

Status ensure_schema(duckdb_connection connection) {
  TRY(const bool there, has_tables(connection));
  if (there)
    TRY_OK(check_version(connection));
  else
    TRY_OK(make_tables(connection));
  TRY_OK(run(connection, kLaterTables));
  TRY_OK(run(connection, kViews));
  TRY_OK(run(connection, information_schema_views()));
  TRY_OK(run(connection, mysql_functions()));
  return run(connection, kPipelineViews);
}

std::string schema_of(const std::string& name) {
  return same_name(name, "information_schema") ? kInformationSchema : name;
}

bool is_reserved_database(const std::string& name) {
  // A schema named as an attached catalog would make every `name.table` ambiguous.
  constexpr std::array<std::string_view, 10> kReserved{"main",
                                                       "millrace",
                                                       "millrace_internal",
                                                       "millrace_information_schema",
                                                       "memory",
                                                       "system",
                                                       "temp",
                                                       "information_schema",
                                                       "mysql",
                                                       "pg_catalog"};
  return same_name(name, kCatalog) ||
         std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view word) { return same_name(word, name); });
}

}  // namespace millrace::store
