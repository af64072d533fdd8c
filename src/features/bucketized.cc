// bucketized_column: the number of boundaries that are not above the value. A vector's element k
// has its own ids, after those of the elements before it.
#include "features/column_encoder.h"
#include "features/numeric.h"

namespace millrace::features {
namespace {

/// As std::upper_bound counts, NaN included: it is above all boundaries.
int64_t bucket_of(float value, const std::vector<float>& boundaries) {
  constexpr size_t kShort = 32;
  if (boundaries.size() <= kShort) {
    int64_t bucket = 0;
    for (const float boundary : boundaries) bucket += !(value < boundary);
    return bucket;
  }
  size_t low = 0;
  size_t high = boundaries.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (value < boundaries[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<int64_t>(low);
}

class BucketizedEncoder : public CategoricalEncoder {
 public:
  BucketizedEncoder(NumberReader reader, std::vector<float> boundaries)
      : reader_(std::move(reader)), boundaries_(std::move(boundaries)) {}

  void ids(const Batch& rows, IdRows& out, FaultSink& faults) const override {
    const size_t shape = reader_.shape();
    const size_t count = rows.rows() * shape;
    out.reset(rows.rows());
    out.weights.resize(count);
    reader_.read(rows, out.weights, faults);
    out.ids.resize(count);
    out.elements.resize(count);
    const auto buckets = static_cast<int64_t>(boundaries_.size() + 1);
    for (size_t i = 0; i < count; ++i) {
      const size_t element = i % shape;
      out.ids[i] = bucket_of(out.weights[i], boundaries_) + buckets * static_cast<int64_t>(element);
      out.elements[i] = static_cast<uint32_t>(element);
    }
    out.weights.clear();
    for (size_t row = 0; row <= rows.rows(); ++row) {
      out.offsets[row] = static_cast<uint32_t>(row * shape);
    }
  }

  bool write_block(const Batch& rows, EncodedBlock& block, FaultSink& faults) const override {
    const size_t count = rows.rows();
    if (reader_.shape() != 1) return false;
    // The block is sparse, so that its dense part is free to hold the values.
    block.dense.resize(count);
    reader_.read(rows, block.dense, faults);
    block.offsets.resize(count + 1);
    block.ids.resize(count);
    block.weights.clear();
    block.offsets[0] = 0;
    for (size_t row = 0; row < count; ++row) {
      block.ids[row] = static_cast<int32_t>(bucket_of(block.dense[row], boundaries_));
      block.offsets[row + 1] = static_cast<uint32_t>(row + 1);
    }
    return true;
  }

 private:
  NumberReader reader_;
  std::vector<float> boundaries_;
};

}  // namespace

CategoricalResult make_bucketized(const FeatureColumn& column, const Input& input) {
  TRY(NumberReader reader,
      NumberReader::make(column, column.children[0], input, NumberReader::NotFinite::kKeep));
  std::vector<float> boundaries;
  for (const double boundary : column.boundaries) {
    boundaries.push_back(static_cast<float>(boundary));
  }
  return std::unique_ptr<CategoricalEncoder>(
      std::make_unique<BucketizedEncoder>(std::move(reader), std::move(boundaries)));
}

}  // namespace millrace::features
