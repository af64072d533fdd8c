#include "serve/http_api.h"

#include "engine/encoder_cache.h"
#include "serve/http_json.h"
#include "serve/http_metrics.h"
#include "serve/http_requests.h"
#include "serve/predictions.h"
#include "serve/statement_pump.h"
#include "serve/version.h"
#include "sql/access.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kPipelinesQuery = R"(
SELECT p.DATABASE_NAME AS "database", p.PIPELINE_NAME AS "pipeline", p.STATE AS "state",
       p.BATCHES AS "batches", p.MESSAGES AS "messages", p.ROWS_OUT AS "rows",
       p.REJECTS AS "rejects", p.BYTES AS "bytes", p.ROWS_PER_SEC AS "rows_per_second",
       p.BYTES_PER_SEC AS "bytes_per_second", p.LAG AS "lag", p.PROGRESS AS "progress",
       p.ETA_SECONDS AS "eta_seconds", p.ERROR_MESSAGE AS "error", p.CREATED AS "created_at",
       (SELECT list({'partition': c.SOURCE_PARTITION_ID, 'next_offset': c.CURSOR_OFFSET,
                     'earliest_offset': c.EARLIEST_OFFSET, 'end_offset': c.LATEST_OFFSET,
                     'end_offset_age_seconds': c.LATEST_OFFSET_AGE, 'lag': c.LAG}
                    ORDER BY c.SOURCE_PARTITION_ID)
        FROM information_schema.PIPELINES_CURSORS c
        WHERE c.DATABASE_NAME = p.DATABASE_NAME AND c.PIPELINE_NAME = p.PIPELINE_NAME)
         AS "partitions"
FROM information_schema.PIPELINES p ORDER BY 1, 2)";

constexpr std::string_view kModelsQuery = R"(
SELECT database_name AS "database", model_name AS "model", estimator, state, version, global_step,
       examples, bytes, created_at, updated_at, lifetime_loss, window_loss, drifts, definition
FROM millrace.models ORDER BY 1, 2)";

HttpAnswer answered(Result<HttpAnswer> answer) {
  return answer ? std::move(*answer) : answer_error(answer.error());
}

/// Appends what the pump has next; an error is the last line.
bool stream_part(StatementPump& pump, std::string& part) {
  const auto more = pump.step(part);
  if (more) return *more;
  part += json_error(more.error()) + "\n";
  return false;
}

/// The statements' results as the lines come. What fails at once, fails with its status.
Result<HttpAnswer> stream_lines(std::shared_ptr<StatementPump> pump) {
  auto first = std::make_shared<std::string>();
  TRY(const bool more, pump->step(*first));
  HttpAnswer answer;
  answer.content_type = kJsonLinesType;
  answer.next_part = [pump = std::move(pump), first = std::move(first), more](std::string& part) {
    if (first->empty()) return more && stream_part(*pump, part);
    part += *first;
    first->clear();
    return more;
  };
  return answer;
}

Status check_size(const std::string& body, size_t bytes_max) {
  if (body.size() <= bytes_max) return {};
  return Error(Code::kResourceExhausted,
               "the result has more than " + std::to_string(bytes_max) + " bytes",
               "Ask with \"Accept: application/x-ndjson\", which streams, or for less.");
}

}  // namespace

HttpAnswer answer_error(const Error& error) {
  HttpAnswer answer;
  answer.status = facts(error.code).http_status;
  answer.body = json_error(error);
  return answer;
}

HttpAnswer HttpApi::sql(const HttpQuestion& question) {
  return answered(run_sql(question));
}

Result<HttpAnswer> HttpApi::run_sql(const HttpQuestion& question) {
  TRY(const auto request, read_sql_request(question.body));
  TRY(auto lease, sessions_.open(question.user, request.sql, request.time));
  auto pump = std::make_shared<StatementPump>(
      std::move(lease), question.json_lines ? JsonLayout::kLines : JsonLayout::kDocument);
  TRY_OK(pump->begin(request));
  if (question.json_lines) return stream_lines(std::move(pump));
  HttpAnswer answer;
  answer.body = "{\"results\":[";
  bool more = true;
  while (more) {
    TRY(more, pump->step(answer.body));
    TRY_OK(check_size(answer.body, sessions_.limits().answer_bytes_max));
  }
  answer.body += "]}";
  return answer;
}

HttpAnswer HttpApi::predict(const HttpQuestion& question, const AskedModel& model) {
  return answered(run_predict(question, model));
}

Result<HttpAnswer> HttpApi::run_predict(const HttpQuestion& question, const AskedModel& model) {
  TRY(const auto request, read_predict_request(question.body));
  const auto account = host_.accounts().find(question.user.user);
  if (!account) return Error(Code::kAuthentication, "the user was dropped");
  TRY_OK(sql::check_model(*account, engine::name_of_model(model.name, "")));
  TRY(const auto classes, backend_.classes(model.name));
  TRY_OK(check_signature(request.signature, model.name, classes));
  TRY(const auto lease, sessions_.open(question.user, "PREDICT WITH MODEL " + model.name));
  auto rows = rows_of_query(lease->session(), predict_query(request, model.name, model.version));
  if (!rows) {
    Error error = lease->explained(std::move(rows).error());
    if (error.position >= 0) error.detail.clear();  // a place in the query, which nobody has seen
    error.position = -1;
    return error;
  }
  HttpAnswer answer;
  answer.body = predictions_json(request.signature, classes, *rows);
  return answer;
}

HttpAnswer HttpApi::pipelines(const HttpQuestion& question) {
  return list(question, "pipelines", kPipelinesQuery);
}

HttpAnswer HttpApi::models(const HttpQuestion& question) {
  return list(question, "models", kModelsQuery);
}

/// {"member":[an object for each row]}
HttpAnswer HttpApi::list(const HttpQuestion& question, std::string_view member,
                         std::string_view query) {
  const auto write = [&]() -> Result<HttpAnswer> {
    TRY(const auto lease, sessions_.open(question.user, query));
    TRY(const auto execution, lease->session().execute(query));
    TRY(const auto result, execution->next());
    HttpAnswer answer;
    answer.body = "{\"" + std::string(member) + "\":[";
    bool first = true;
    while (result.stream) {
      TRY(const auto chunk, result.stream->next());
      if (!chunk) break;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        if (!first) answer.body += ',';
        first = false;
        append_json_object(*chunk, result.stream->columns(), row, answer.body);
      }
    }
    answer.body += "]}";
    return answer;
  };
  return answered(write());
}

HttpAnswer HttpApi::metrics(const HttpQuestion& question) {
  const auto write = [&]() -> Result<HttpAnswer> {
    ServerFacts facts;
    facts.version = kVersion;
    facts.uptime_seconds = host_.uptime_seconds();
    facts.connections = counters_.connections;
    facts.statements = counters_.questions;
    facts.http_sessions = sessions_.processes().size();
    facts.mysql_sessions = host_.processes().size() - facts.http_sessions;
    const auto account = host_.accounts().find(question.user.user);
    if (!account) return Error(Code::kAuthentication, "the user was dropped");
    TRY(const auto lease, sessions_.open(question.user, "SHOW METRICS"));
    TRY(const auto stored, read_metric_rows(lease->session(), *account));
    HttpAnswer answer;
    answer.content_type = kMetricsType;
    answer.body = metrics_text(facts, stored);
    return answer;
  };
  return answered(write());
}

}  // namespace millrace::serve
