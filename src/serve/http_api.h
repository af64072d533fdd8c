// What /metrics and /api/v1 answer, without a word of HTTP's wire: questions in, answers out. All
// that is asked of data runs as SQL in a session of its own, so that HTTP sees what MySQL clients
// see and may what they may. One per server, thread-safe; it runs on the threads of the HTTP side.
//
// Source for predictions: TensorFlow Serving's REST API, "Predict API".
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "serve/connection.h"
#include "serve/http_sessions.h"

namespace millrace::serve {

inline constexpr const char* kJsonType = "application/json";
inline constexpr const char* kJsonLinesType = "application/x-ndjson";

struct HttpAnswer {
  int status = 200;
  std::string content_type = kJsonType;
  std::string body;
  /// In place of the body: appends its next part, false behind the last. On the request's thread.
  std::function<bool(std::string& part)> next_part;
};

/// An error as an answer: the status of its code, the error as JSON.
HttpAnswer answer_error(const Error& error);

struct HttpQuestion {
  HttpUser user;
  std::string body;
  bool json_lines = false;  // the client accepts NDJSON
};

/// A model as the address names it.
struct AskedModel {
  std::string name;                // "db.m"
  std::optional<int64_t> version;  // none: the newest
};

class HttpApi {
 public:
  /// All outlive it.
  HttpApi(HttpSessions& sessions, Backend& backend, sql::SessionHost& host,
          const ServerCounters& counters)
      : sessions_(sessions), backend_(backend), host_(host), counters_(counters) {}

  /// Statements and their results: gathered, or streamed as NDJSON.
  HttpAnswer sql(const HttpQuestion& question);
  HttpAnswer predict(const HttpQuestion& question, const AskedModel& model);
  HttpAnswer pipelines(const HttpQuestion& question);
  HttpAnswer models(const HttpQuestion& question);
  /// Prometheus' text format.
  HttpAnswer metrics(const HttpQuestion& question);

 private:
  Result<HttpAnswer> run_sql(const HttpQuestion& question);
  Result<HttpAnswer> run_predict(const HttpQuestion& question, const AskedModel& model);
  HttpAnswer list(const HttpQuestion& question, std::string_view member, std::string_view query);

  HttpSessions& sessions_;
  Backend& backend_;
  sql::SessionHost& host_;
  const ServerCounters& counters_;
};

}  // namespace millrace::serve
