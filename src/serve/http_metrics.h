// /metrics: what the server, its store, its pipelines and its models tell a Prometheus, in its text
// format 0.0.4. What is counted starts at zero with the process. Times are moments in seconds since
// 1970, so that an age is `time() - x` and never stale.
//
// Source: Prometheus, "Exposition formats" and "Metric and label naming".
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "sql/rows.h"
#include "sql/session.h"

namespace millrace::serve {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

struct ServerFacts {
  std::string version;
  int64_t uptime_seconds = 0;
  uint64_t connections = 0;  // of MySQL clients, ever
  uint64_t statements = 0;   // of theirs, ever
  size_t mysql_sessions = 0;
  size_t http_sessions = 0;
};

/// Rows of queries over the system tables; each value's column is one of the names in the queries.
struct MetricRows {
  sql::Rows pipelines;
  sql::Rows partitions;
  sql::Rows models;
  sql::Rows evaluations;  // of the models' newest versions: database, model, scope, metric, value
  sql::Rows store;        // one row; none for who may not know
};
/// With the rights of the session; `account` is its user's.
Result<MetricRows> read_metric_rows(sql::SqlSession& session, const sql::Account& account);

std::string metrics_text(const ServerFacts& facts, const MetricRows& rows);

}  // namespace millrace::serve
