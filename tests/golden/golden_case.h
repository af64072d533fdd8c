// Reading TensorFlow's golden files, those of shared/reference/golden (README.md there) and those
// of make_more.py beside this file: a case's configuration as the Argument tree that CREATE MODEL
// would make of it, the rows as a Batch, the labels. Only for the golden tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/argument.h"
#include "data/batch.h"
#include "data/encoded.h"
#include "estimator/estimator.h"
#include "features/encoder.h"

namespace millrace::golden {

using Json = nlohmann::json;

/// The folder of the golden files: $MILLRACE_SHARED/reference/golden.
std::string folder();

/// The folder of the further cases: $MILLRACE_GOLDEN_CASES, or cases/ beside this file.
std::string more_folder();

/// A file of the shared folder; the test aborts when it is not there.
Json read_json(const std::string& name);
/// Every file of both folders of cases, by name without ".json".
std::vector<std::string> case_names();
Json read_case(const std::string& name);

/// A feature column as a call: {"type":"identity",...} becomes
/// categorical_column_with_identity(...).
Argument column_call(const Json& column);

/// `LinearClassifier(label => y_bin, feature_columns => [...], ...)`.
Argument estimator_call(const Json& golden);

/// The same for a case of tf.compat.v1: the v2 statement that means the same but for Adagrad's
/// epsilon. v1 sums the losses of a batch, and starts its DNN with another learning rate.
Argument estimator_call_of_v1(const Json& golden);

/// The 200 rows, without a case's own columns. In a dense feed gaps are "" and -1 and lists are
/// padded, in an example feed gaps are NULL.
Batch input_rows(features::Feed feed);

/// Labels (and weights) of the 200 rows, as the case names them.
Labels labels_of(const Json& golden, const estimator::EstimatorSpec& spec);

}  // namespace millrace::golden
