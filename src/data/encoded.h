// Encoded features: what features/ makes of a Batch and estimator/ learns from. Each feature column
// is a block for all rows of the batch, either dense (a matrix of floats) or sparse (ids, as
// compressed rows). Blocks are in TensorFlow's order: sorted by column name. Row-major float32; ids
// are 0-based and below the block's `width`; -1 never appears (pruned by the encoder), but a row
// may be empty.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace millrace {

/// How the values of one row of a multivalent block become one: their sum, their weighted mean, or
/// their sum divided by the root of the sum of squared weights.
enum class Combiner : uint8_t { kSum, kMean, kSqrtn };

/// The shape of one block, known when the model is created.
struct BlockLayout {
  std::string name;  // the feature column's name, as TensorFlow's: "age_bucketized", "a_X_b"
  bool sparse = false;
  /// A sparse block that stands for a dense vector of `width` counts (indicator columns; bucketized
  /// ones in a DNN): the ids' weights are its elements that are not 0, equal ids add up.
  bool multi_hot = false;
  /// A dense block that the tower standardizes by what it has seen so far.
  bool standard = false;
  int64_t width = 1;  // sparse: number of buckets; dense: number of elements of a row
  /// For embeddings and the like: a table [table_rows, width] the tower learns. 0 = none. The block
  /// is sparse then, and its ids are below `table_rows`.
  int64_t table_rows = 0;
  Combiner combiner = Combiner::kMean;  // of a table's rows
  float max_norm = 0;                   // rows of the table are cut to this l2 norm; 0 = not
  std::string table;                    // the name of a table that blocks share; empty = own

  bool operator==(const BlockLayout&) const = default;
};

struct EncodedBlock {
  std::vector<float> dense;       // [rows, width] when dense
  std::vector<uint32_t> offsets;  // [rows + 1] when sparse
  std::vector<int32_t> ids;       // the ids of row r are [offsets[r], offsets[r + 1])
  std::vector<float> weights;     // beside ids; empty means 1 each
};

/// All blocks of one tower for `rows` rows. Reused from batch to batch.
struct Encoded {
  size_t rows = 0;
  std::vector<EncodedBlock> blocks;
};

/// Labels and weights of the same rows. For classifiers a label is the class id (binary: in [0, 1],
/// fractions allowed); for regressors [rows, label_dimension].
struct Labels {
  std::vector<float> values;
  std::vector<float> weights;  // [rows], empty means 1 each
};

}  // namespace millrace
