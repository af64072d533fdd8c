// What an element of a column's block means, in a person's words: the word of a vocabulary, the
// bounds of a bucket. For explaining predictions (estimator::Contribution::element).
#pragma once

#include <cstdint>
#include <string>

#include "features/feature_column.h"

namespace millrace::features {

/// "red", "[25, 30)", "bucket 17", "element 2: below 0". Empty for a column that is one number, and
/// for an element below 0: the column as a whole.
std::string element_name(const FeatureColumn& column, int64_t element);

}  // namespace millrace::features
