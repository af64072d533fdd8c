// The input column of a categorical column that reads it directly (vocabulary, hash bucket,
// identity, a plain key of a cross): text or integers, one value or a list. Private to features/.
#pragma once

#include "features/column_encoder.h"

namespace millrace::features {

struct CategoryKey {
  size_t index = 0;      // of the column in the batch
  bool integer = false;  // else text
  Feed feed = Feed::kDense;
};

enum class KeyKind : uint8_t { kAny, kText, kInteger };

/// Finds `key` and checks that it holds what `wanted` says. Errors: kNotFound, kTypeMismatch.
Result<CategoryKey> find_category_key(const Input& input, const FeatureColumn& column,
                                      const std::string& key, KeyKind wanted);

}  // namespace millrace::features
