// Runs the statements of an HTTP request, one after another, and writes their results as JSON in
// parts of a chunk of rows: who gathers the parts has one JSON document, who sends them has NDJSON.
// It holds one chunk and no result. Belongs to the request and its thread; it ends the lease.
//
// NDJSON: for each statement a line {"columns":[...]}, a line [...] for each row, and a line
// {"rows":N,"rows_changed":N,"warnings":N}. An error is a line {"error":{...}}, the last one.
#pragma once

#include <memory>
#include <string>

#include "serve/http_requests.h"
#include "serve/http_sessions.h"

namespace millrace::serve {

enum class JsonLayout : uint8_t { kDocument, kLines };

class StatementPump {
 public:
  StatementPump(std::unique_ptr<HttpSessions::Lease> lease, JsonLayout layout)
      : lease_(std::move(lease)), layout_(layout) {}

  /// Makes the database current and reads the text. Errors: kNotFound, kSyntax.
  Status begin(const SqlRequest& request);
  /// Appends the next part: a statement's beginning, a chunk of its rows, its end. False when
  /// nothing is left. An error ends it all; what was appended before it stands.
  Result<bool> step(std::string& out);

 private:
  Status begin_statement(std::string& out);
  Status write_chunk(std::string& out);
  void end_statement(std::string& out);

  std::unique_ptr<HttpSessions::Lease> lease_;
  const JsonLayout layout_;
  std::unique_ptr<sql::Execution> execution_;
  bool inside_ = false;  // a statement
  size_t statements_ = 0;
  size_t rows_ = 0;  // of the statement
  sql::StatementResult result_;
  std::unique_ptr<store::ResultChunk> chunk_;
};

}  // namespace millrace::serve
