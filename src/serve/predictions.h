// predict() of SQL in the words of TensorFlow Serving: the query for a request's instances, and its
// rows as "predictions", by the names of the outputs that TensorFlow's exported estimators have.
// Pure functions.
//
// Source: TensorFlow Serving's REST API, "Predict API", the row format; the export outputs of
// tf.estimator's heads (tensorflow_estimator 2.15, canned/head.py).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/http_requests.h"
#include "sql/rows.h"

namespace millrace::serve {

/// `classes` is empty for a regressor. Errors: kInvalidArgument for a signature it does not have.
Status check_signature(Signature signature, const std::string& model,
                       const std::vector<std::string>& classes);

/// One row for each instance, in their order, with the members of predict()'s answer as columns.
std::string predict_query(const PredictRequest& request, const std::string& model,
                          std::optional<int64_t> version);

/// {"predictions":[...],"model_versions":[14]}: null for an instance that cannot be predicted.
/// The versions that answered are more than one only when the model was published meanwhile.
std::string predictions_json(Signature signature, const std::vector<std::string>& classes,
                             const sql::Rows& rows);

}  // namespace millrace::serve
