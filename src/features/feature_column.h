// TensorFlow's feature columns as data: what a user wrote in feature_columns => [...]. A tree of
// FeatureColumn nodes is checked once against the input's schema and compiled into an Encoder
// (encoder.h). Names and defaults are those of tf.feature_column in 2.15
// (tensorflow/python/feature_column/feature_column_v2.py).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/argument.h"
#include "data/encoded.h"

namespace millrace::features {

enum class ColumnKind : uint8_t {
  kNumeric,
  kBucketized,
  kVocabularyList,
  kVocabularyFile,
  kHashBucket,
  kIdentity,
  kCrossed,
  kWeightedCategorical,
  kIndicator,
  kEmbedding,
  kSharedEmbeddings,
  kKey,  // only below crossed_column: an input column crossed as it is
};

/// normalizer_fn: what a numeric column does to its numbers first, in float32.
struct Normalizer {
  enum class Kind : uint8_t {
    kNone,
    kMinMax,    // (x - a) / (b - a)
    kZScore,    // (x - a) / b
    kLog,       // ln(x + a)
    kStandard,  // by mean and deviation of the stream, which the model learns (estimator/)
  };
  Kind kind = Kind::kNone;
  double a = 0;
  double b = 0;

  bool operator==(const Normalizer&) const = default;
};

/// What a plain key of a cross is hashed as. TensorFlow takes the dtype of the tensor it is fed; a
/// model that is fed from several places decides once.
enum class PlainKeyType : uint8_t { kAsFed, kText, kInteger };

/// One node. Which members count depends on `kind`; the table in feature_column.cc says which
/// argument sets which, and which kinds are built.
struct FeatureColumn {
  ColumnKind kind = ColumnKind::kNumeric;
  std::string key;                      // the input column, for leaves
  std::vector<FeatureColumn> children;  // crossed: keys; bucketized, indicator, embedding: one;
                                        // a plain key of a cross is a kKey

  // numeric_column
  int64_t shape = 1;
  std::optional<double> default_value;  // numeric default; also vocabulary's and identity's
  Normalizer normalizer;
  // bucketized_column
  std::vector<double> boundaries;
  // categorical_column_with_*
  std::vector<std::string> vocabulary;  // integers as decimal text
  std::string vocabulary_file;          // where the vocabulary was read from
  std::string separator;      // splits a text into the values of a multivalent key; empty: not
  bool integer_keys = false;  // dtype int64: the key is an integer
  int64_t buckets = 0;        // hash_bucket_size, num_buckets
  int64_t oov_buckets = 0;
  // crossed_column
  uint64_t hash_key = 0;                               // 0 = TensorFlow's default 0xDECAFCAFFE
  PlainKeyType plain_key_type = PlainKeyType::kAsFed;  // of a kKey
  // weighted_categorical_column
  std::string weight_key;
  // embedding_column, shared_embeddings
  int64_t dimension = 0;
  Combiner combiner = Combiner::kMean;
  double max_norm = 0;  // 0 = none

  bool operator==(const FeatureColumn&) const = default;

  /// TensorFlow's name: "age_bucketized", "age_bucketized_X_city".
  std::string name() const;
  /// The input columns it reads, each once.
  std::vector<std::string> keys() const;
  /// As the user would write it: `bucketized_column(age, boundaries => [22, 25])`.
  std::string to_sql() const;
};

/// True for the kinds that give ids: what a linear model reads as it is, and a DNN only wrapped.
bool is_categorical(ColumnKind kind);

/// Builds a column from `function(arguments)`. A vocabulary file is read here. Errors name the
/// function and the argument, have the argument's position, and suggest the nearest known word.
Result<FeatureColumn> make_feature_column(const Argument& call);

/// Builds `feature_columns => [...]`. Two columns of one name are an error, as in TensorFlow.
Result<std::vector<FeatureColumn>> make_feature_columns(const Argument& list);

}  // namespace millrace::features
