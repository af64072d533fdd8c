// The bodies of HTTP requests, read from JSON and checked: what is asked, in plain values. Members
// that nobody knows are errors, so that a misspelt one is not overlooked. Pure functions.
//
// Source for predictions: TensorFlow Serving's REST API, "Predict API", the row format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/packet.h"

namespace millrace::serve {

/// {"sql":"...","database":"...","timeout_seconds":30}
struct SqlRequest {
  std::string sql;
  std::string database;  // empty: none
  Milliseconds time = Milliseconds::max();
};
/// Errors: kSyntax for what is no JSON, kInvalidArgument.
Result<SqlRequest> read_sql_request(std::string_view body);

/// What is wanted of a model, by the names of TensorFlow's exported estimators.
enum class Signature : uint8_t { kPredict, kClassify, kRegress };

/// {"signature_name":"predict","instances":[{"age":30,"field":"law"},...]}
struct PredictRequest {
  Signature signature = Signature::kPredict;
  std::string instances;  // JSON: an array of objects that have the same members
  std::string structure;  // JSON, for the store's from_json: the type of each member
};
/// A member's type is that of its values: BIGINT, UBIGINT, DOUBLE (whole numbers too, where others
/// are not), VARCHAR, BOOLEAN, or a list of one of them. Errors: kSyntax for what is no JSON,
/// kTypeMismatch for instances that differ, kInvalidArgument.
Result<PredictRequest> read_predict_request(std::string_view body);

}  // namespace millrace::serve
