#include "serve/http_metrics.h"

#include <vector>

#include "base/clock.h"
#include "serve/http_sessions.h"
#include "sql/quote.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kPipelines = R"(
SELECT p.DATABASE_NAME, p.PIPELINE_NAME, p.STATE, p.BATCHES, p.MESSAGES, p.ROWS_OUT, p.REJECTS,
       p.LAG, p.BYTES, p.ROWS_PER_SEC, p.BYTES_PER_SEC, p.PROGRESS / 100 AS PROGRESS,
       p.ETA_SECONDS, epoch(p.CREATED) AS CREATED,
       (SELECT max(c.UPDATED_UNIX_TIMESTAMP) FROM information_schema.PIPELINES_CURSORS c
        WHERE c.DATABASE_NAME = p.DATABASE_NAME AND c.PIPELINE_NAME = p.PIPELINE_NAME) AS UPDATED
FROM information_schema.PIPELINES p ORDER BY 1, 2)";

constexpr std::string_view kPartitions = R"(
SELECT DATABASE_NAME, PIPELINE_NAME, SOURCE_PARTITION_ID, LAG, LATEST_OFFSET_AGE
FROM information_schema.PIPELINES_CURSORS ORDER BY 1, 2, CAST(SOURCE_PARTITION_ID AS BIGINT))";

constexpr std::string_view kModels = R"(
SELECT database_name, model_name, estimator, state, version, global_step, examples, bytes,
       epoch(created_at) AS created, epoch(updated_at) AS updated, lifetime_loss, window_loss,
       drifts
FROM millrace.models ORDER BY 1, 2)";

constexpr std::string_view kStore = R"(
SELECT (SELECT sum(block_size * total_blocks) FROM pragma_database_size()) AS size,
       (SELECT sum(block_size * free_blocks) FROM pragma_database_size()) AS free,
       (SELECT sum(memory_usage_bytes) FROM duckdb_memory()) AS memory)";

enum class MetricKind : uint8_t { kCounter, kGauge };

/// Writes families: the two comment lines, then the samples.
class MetricWriter {
 public:
  void begin(std::string_view name, MetricKind kind, std::string_view help) {
    name_ = name;
    out_ += "# HELP " + name_ + " ";
    out_ += help;
    out_ += "\n# TYPE " + name_ + (kind == MetricKind::kCounter ? " counter\n" : " gauge\n");
  }

  void add(const std::vector<std::pair<std::string_view, std::string_view>>& labels,
           std::string_view value) {
    out_ += name_;
    const char* before = "{";
    for (const auto& [name, text] : labels) {
      out_ += before;
      out_ += name;
      out_ += "=\"";
      append_label(text);
      out_ += '"';
      before = ",";
    }
    out_ += labels.empty() ? " " : "} ";
    // The words of the store's numbers and those of Prometheus.
    out_ += value == "Infinity" ? "+Inf" : value == "-Infinity" ? "-Inf" : value;
    out_ += '\n';
  }

  std::string take() { return std::move(out_); }

 private:
  void append_label(std::string_view text) {
    for (const char c : text) {
      if (c == '\\' || c == '"') out_ += '\\';
      if (c == '\n')
        out_ += "\\n";
      else
        out_ += c;
    }
  }

  std::string out_;
  std::string name_;
};

/// The place of a column; the queries above name all that are asked for.
size_t column_of(const sql::Rows& rows, std::string_view name) {
  size_t at = 0;
  while (at < rows.columns.size() && rows.columns[at].name != name) ++at;
  return at;
}

/// A family that has one sample for each row, from one column. Labels are the first two columns.
struct RowMetric {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::string_view column;
};

void write_row_metrics(MetricWriter& writer, const sql::Rows& rows, std::string_view object,
                       const std::vector<RowMetric>& metrics) {
  for (const auto& metric : metrics) {
    writer.begin(metric.name, metric.kind, metric.help);
    const size_t column = column_of(rows, metric.column);
    for (const auto& row : rows.rows) {
      if (column < row.size() && row[column])
        writer.add({{"database", *row[0]}, {object, *row[1]}}, *row[column]);
    }
  }
}

void write_server(MetricWriter& writer, const ServerFacts& facts) {
  writer.begin("millrace_build_info", MetricKind::kGauge, "Always 1; the version is a label.");
  writer.add({{"version", facts.version}}, "1");
  writer.begin("millrace_start_time_seconds", MetricKind::kGauge,
               "When the server started, in seconds since 1970.");
  writer.add({}, std::to_string(now_micros() / 1'000'000 - facts.uptime_seconds));
  writer.begin("millrace_sessions", MetricKind::kGauge, "Sessions that are open now.");
  writer.add({{"protocol", "mysql"}}, std::to_string(facts.mysql_sessions));
  writer.add({{"protocol", "http"}}, std::to_string(facts.http_sessions));
  writer.begin("millrace_connections_total", MetricKind::kCounter,
               "Connections of MySQL clients since the start.");
  writer.add({}, std::to_string(facts.connections));
  writer.begin("millrace_statements_total", MetricKind::kCounter,
               "Texts of statements that MySQL clients sent since the start.");
  writer.add({}, std::to_string(facts.statements));
}

void write_store(MetricWriter& writer, const sql::Rows& rows) {
  const std::vector<RowMetric> metrics{
      {"millrace_store_size_bytes", MetricKind::kGauge,
       "Size of the store's file as of its last checkpoint.", "size"},
      {"millrace_store_free_bytes", MetricKind::kGauge,
       "What of the store's file is free to be used again.", "free"},
      {"millrace_store_memory_bytes", MetricKind::kGauge, "Memory that the store uses.", "memory"}};
  for (const auto& metric : metrics) {
    writer.begin(metric.name, metric.kind, metric.help);
    const size_t column = column_of(rows, metric.column);
    for (const auto& row : rows.rows)
      if (column < row.size() && row[column]) writer.add({}, *row[column]);
  }
}

/// A family whose samples say in which of its states each object is: 1 there, 0 elsewhere.
void write_states(MetricWriter& writer, const sql::Rows& rows, std::string_view object,
                  std::string_view column_name, const std::vector<std::string_view>& states) {
  const size_t column = column_of(rows, column_name);
  for (const auto& row : rows.rows) {
    for (const auto state : states)
      writer.add({{"database", *row[0]}, {object, *row[1]}, {"state", state}},
                 column < row.size() && row[column] == state ? "1" : "0");
  }
}

void write_pipelines(MetricWriter& writer, const sql::Rows& rows) {
  writer.begin("millrace_pipeline_state", MetricKind::kGauge,
               "1 for the state that the pipeline is in, 0 for the others.");
  write_states(writer, rows, "pipeline", "STATE", {"Running", "Stopped", "Error"});
  using enum MetricKind;
  write_row_metrics(
      writer, rows, "pipeline",
      {{"millrace_pipeline_batches_total", kCounter, "Batches committed since the start.",
        "BATCHES"},
       {"millrace_pipeline_messages_total", kCounter, "Messages read since the start.", "MESSAGES"},
       {"millrace_pipeline_rows_total", kCounter, "Rows written or learned since the start.",
        "ROWS_OUT"},
       {"millrace_pipeline_rejects_total", kCounter, "Rows rejected since the start.", "REJECTS"},
       {"millrace_pipeline_bytes_total", kCounter, "Bytes of the messages read since the start.",
        "BYTES"},
       {"millrace_pipeline_rows_per_second", kGauge, "Messages read, of the last minute.",
        "ROWS_PER_SEC"},
       {"millrace_pipeline_bytes_per_second", kGauge, "Bytes read, of the last minute.",
        "BYTES_PER_SEC"},
       {"millrace_pipeline_lag", kGauge,
        "Messages (of file pipelines: files) that the source has and the pipeline has not.", "LAG"},
       {"millrace_pipeline_progress_ratio", kGauge,
        "How much of what the source holds is read, 0 to 1.", "PROGRESS"},
       {"millrace_pipeline_eta_seconds", kGauge,
        "When it will have caught up, at the rate of the last minute; none when it does not.",
        "ETA_SECONDS"},
       {"millrace_pipeline_created_timestamp_seconds", kGauge,
        "When the pipeline was created, in seconds since 1970.", "CREATED"},
       {"millrace_pipeline_updated_timestamp_seconds", kGauge,
        "When the pipeline last moved or looked at its source, in seconds since 1970.",
        "UPDATED"}});
}

/// Families of a sample for each partition.
void write_partitions(MetricWriter& writer, const sql::Rows& rows) {
  const std::vector<RowMetric> metrics{
      {"millrace_pipeline_partition_lag", MetricKind::kGauge,
       "Messages of the partition that the source has and the pipeline has not.", "LAG"},
      {"millrace_pipeline_partition_end_age_seconds", MetricKind::kGauge,
       "How long ago the source last told where the partition ends.", "LATEST_OFFSET_AGE"}};
  for (const auto& metric : metrics) {
    writer.begin(metric.name, metric.kind, metric.help);
    const size_t column = column_of(rows, metric.column);
    for (const auto& row : rows.rows) {
      if (column < row.size() && row[column])
        writer.add({{"database", *row[0]}, {"pipeline", *row[1]}, {"partition", *row[2]}},
                   *row[column]);
    }
  }
}

void write_evaluations(MetricWriter& writer, const sql::Rows& rows) {
  const auto write = [&](std::string_view metric) {
    for (const auto& row : rows.rows) {
      if (row[3] == metric && row[4])
        writer.add({{"database", *row[0]}, {"model", *row[1]}, {"scope", *row[2]}}, *row[4]);
    }
  };
  using enum MetricKind;
  writer.begin("millrace_model_auc", kGauge,
               "Area under the ROC curve: over all rows learned (lifetime) or the last 16 versions "
               "(window).");
  write("auc");
  writer.begin("millrace_model_accuracy", kGauge, "Share of rows whose class was predicted.");
  write("accuracy");
  writer.begin("millrace_model_calibration", kGauge, "Mean prediction by mean label.");
  write("calibration");
}

void write_models(MetricWriter& writer, const sql::Rows& rows) {
  using enum MetricKind;
  writer.begin("millrace_model_state", kGauge,
               "1 for the state that the model is in, 0 for the others.");
  write_states(writer, rows, "model", "state", {"untrained", "training", "trained"});
  write_row_metrics(
      writer, rows, "model",
      {{"millrace_model_version", kGauge, "The newest published version.", "version"},
       {"millrace_model_global_step", kGauge, "Steps that this version has learned.",
        "global_step"},
       {"millrace_model_examples", kGauge, "Rows that this version has learned.", "examples"},
       {"millrace_model_snapshot_bytes", kGauge, "Size of the newest kept snapshot.", "bytes"},
       {"millrace_model_created_timestamp_seconds", kGauge,
        "When the model was created, in seconds since 1970.", "created"},
       {"millrace_model_updated_timestamp_seconds", kGauge,
        "When the newest version was published, in seconds since 1970: time() minus it is its age.",
        "updated"},
       {"millrace_model_drifts", kGauge, "How often the loss was found to have changed.",
        "drifts"}});
  writer.begin("millrace_model_loss", kGauge,
               "Average loss: over all rows learned (lifetime) or the last 16 versions (window).");
  const std::vector<std::pair<std::string_view, std::string_view>> scopes{
      {"lifetime", "lifetime_loss"}, {"window", "window_loss"}};
  for (const auto& row : rows.rows) {
    for (const auto& [scope, column] : scopes) {
      const size_t at = column_of(rows, column);
      if (at < row.size() && row[at])
        writer.add({{"database", *row[0]}, {"model", *row[1]}, {"scope", scope}}, *row[at]);
    }
  }
}

}  // namespace

Result<MetricRows> read_metric_rows(sql::SqlSession& session, const sql::Account& account) {
  MetricRows rows;
  TRY(rows.pipelines, rows_of_query(session, kPipelines));
  TRY(rows.partitions, rows_of_query(session, kPartitions));
  TRY(rows.models, rows_of_query(session, kModels));
  if (account.is_admin()) {
    TRY(rows.store, rows_of_query(session, kStore));
  }
  const size_t version = column_of(rows.models, "version");
  for (const auto& model : rows.models.rows) {
    // A query for each, with its version as a constant: the store then skips most of the series.
    TRY(auto found,
        rows_of_query(session,
                      "SELECT database_name, model_name, scope, metric, value FROM "
                      "millrace.model_metrics WHERE version = " +
                          *model[version] + " AND database_name = " + sql::mysql_text(*model[0]) +
                          " AND model_name = " + sql::mysql_text(*model[1]) +
                          " AND scope IN ('lifetime', 'window')"));
    rows.evaluations.columns = found.columns;
    for (auto& row : found.rows) rows.evaluations.rows.push_back(std::move(row));
  }
  return rows;
}

std::string metrics_text(const ServerFacts& facts, const MetricRows& rows) {
  MetricWriter writer;
  write_server(writer, facts);
  write_store(writer, rows.store);
  write_pipelines(writer, rows.pipelines);
  write_partitions(writer, rows.partitions);
  write_models(writer, rows.models);
  write_evaluations(writer, rows.evaluations);
  return writer.take();
}

}  // namespace millrace::serve
