// What the files of the column kinds share: a CategoricalEncoder gives the ids of a column for all
// rows of a batch, a BlockEncoder writes a column's block of an Encoded. encoder.cc makes one
// BlockEncoder for each feature column; a further kind is one more file and one line in its
// switches. All are immutable after they are made, and shared by the threads that encode.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/encoded.h"
#include "features/encoder.h"
#include "features/feature_column.h"

namespace millrace::features {

/// Ids beyond these bounds are a fault of the row: a cross of long lists must not fill the memory.
inline constexpr uint64_t kRowIdsMax = 1 << 16;
inline constexpr uint64_t kBlockIdsMax = uint64_t{1} << 31;

/// The ids of a column, compressed rows. The ids are as TensorFlow's transform gives them: a word
/// that is not in the vocabulary is -1, an identity may be out of range.
struct IdRows {
  std::vector<uint32_t> offsets;  // [rows + 1]
  std::vector<int64_t> ids;
  std::vector<float> weights;      // beside ids; empty means 1 each
  std::vector<uint32_t> elements;  // beside ids: which element of its row it came from

  void reset(size_t rows);
};

/// Collects at most one fault for a row.
class FaultSink {
 public:
  FaultSink(std::vector<RowFault>& faults, size_t rows) : faults_(faults), rows_(rows) {}

  bool has(size_t row) const { return !seen_.empty() && seen_[row]; }
  void add(size_t row, std::string detail);

 private:
  std::vector<RowFault>& faults_;
  size_t rows_;
  std::vector<bool> seen_;  // made with the first fault
};

class CategoricalEncoder {
 public:
  virtual ~CategoricalEncoder() = default;
  virtual void ids(const Batch& rows, IdRows& out, FaultSink& faults) const = 0;
  /// The same as the finished block (with ids below 0 dropped), for a kind that can write it
  /// without going through IdRows and whose ids are always below its number of buckets. False: use
  /// ids().
  virtual bool write_block(const Batch&, EncodedBlock&, FaultSink&) const { return false; }
};

class BlockEncoder {
 public:
  virtual ~BlockEncoder() = default;
  virtual void encode(const Batch& rows, EncodedBlock& block, FaultSink& faults) const = 0;
};

/// Where a column's values come from, and how a gap looks.
struct Input {
  const Schema& schema;
  Feed feed;
};

/// The input column `key`, or a variable of the column list, `@key`. `column` names who asks.
Result<size_t> find_key(const Input& input, const FeatureColumn& column, const std::string& key);

/// How errors and faults begin: `identity column "day"`.
std::string label_of(const FeatureColumn& column);

using CategoricalResult = Result<std::unique_ptr<CategoricalEncoder>>;
using BlockResult = Result<std::unique_ptr<BlockEncoder>>;

/// Any categorical kind, by its own file.
CategoricalResult make_categorical(const FeatureColumn& column, const Input& input);

CategoricalResult make_bucketized(const FeatureColumn& column, const Input& input);
CategoricalResult make_vocabulary(const FeatureColumn& column, const Input& input);
CategoricalResult make_hash_bucket(const FeatureColumn& column, const Input& input);
CategoricalResult make_identity(const FeatureColumn& column, const Input& input);
CategoricalResult make_crossed(const FeatureColumn& column, const Input& input);
CategoricalResult make_separated(const FeatureColumn& column, const Input& input);
CategoricalResult make_weighted(const FeatureColumn& column, const Input& input);

BlockResult make_numeric(const FeatureColumn& column, const Input& input);

/// What becomes of an id at or above the number of buckets.
enum class BeyondBuckets : uint8_t { kFault, kDrop };

/// The block of ids of a categorical column, with those below 0 dropped.
BlockResult make_id_block(const FeatureColumn& column, const Input& input, BeyondBuckets beyond);

/// How many ids a categorical column has.
int64_t buckets_of(const FeatureColumn& column);

}  // namespace millrace::features
