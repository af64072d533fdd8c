// The Encoder turns rows into what an estimator learns from: it is compiled once from feature
// columns and the input's schema, then applied to batch after batch. Integers are exact, hashes are
// FarmHash's Fingerprint64, crosses FingerprintCat64 in TensorFlow's dense-input order (plain
// string keys after the other keys; traps 8-11 of reference/tf_estimators.md). Immutable after
// make(): one thread encodes with its own Encoded, several threads may share the Encoder. Allocates
// nothing per row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/encoded.h"
#include "features/feature_column.h"

namespace millrace::features {

/// Which kind of tower reads the columns: a linear model takes categorical columns as they are, a
/// DNN needs them wrapped (indicator, embedding).
enum class Tower : uint8_t { kLinear, kDnn };

/// How an input of strings arrives: as from CSV (a dense tensor: gaps are dropped by categorical
/// columns and kept by string keys of a cross), or as from tf.Example (sparse: plain key order).
enum class Feed : uint8_t { kDense, kExample };

/// A row that TensorFlow would refuse.
struct RowFault {
  uint32_t row = 0;
  std::string detail;  // names the column: `identity column "day": 9 is not below num_buckets 7`
};

class Encoder {
 public:
  /// Errors: kNotFound (a key that the input lacks, with the nearest), kTypeMismatch, kUnsupported.
  /// Keys are looked up as `key`, then as `@key` (a variable of the column list).
  static Result<std::unique_ptr<Encoder>> make(const std::vector<FeatureColumn>& columns,
                                               Tower tower, const Schema& input,
                                               Feed feed = Feed::kDense);
  virtual ~Encoder() = default;

  /// The blocks, sorted by column name; independent of the input's schema.
  virtual const std::vector<BlockLayout>& layout() const = 0;

  /// Encodes all rows of `rows`. Rows that TensorFlow would refuse get an entry in `faults` and an
  /// encoding without meaning whose ids are still below the block's width: predicting it is safe,
  /// learning it is not (the caller removes the rows and encodes again).
  virtual void encode(const Batch& rows, Encoded& encoded, std::vector<RowFault>& faults) const = 0;
};

/// Whether `tower` can read `columns`, which CREATE MODEL asks before there is an input. Errors:
/// kInvalidArgument (a categorical column that a DNN cannot read unwrapped), kUnsupported.
Status check_columns(const std::vector<FeatureColumn>& columns, Tower tower);

/// The layout without an input, as needed to create a model before its first row; `columns` passed
/// check_columns().
std::vector<BlockLayout> layout_of(const std::vector<FeatureColumn>& columns, Tower tower);

/// `feature_columns => auto`: numbers become numeric_column, text becomes
/// categorical_column_with_hash_bucket; `except` (label, weight) is left out.
std::vector<FeatureColumn> infer_columns(const Schema& input,
                                         const std::vector<std::string>& except);

}  // namespace millrace::features
