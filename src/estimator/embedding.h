// Embedding lookups: a row's ids become one vector, the combined rows of a table
// (safe_embedding_lookup_sparse), and the vector's gradient becomes that of the table's rows. Both
// towers use them. Free functions over any table with row(id).
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "data/encoded.h"
#include "estimator/id_map.h"
#include "estimator/linear_math.h"
#include "estimator/parameter.h"

namespace millrace::estimator {

struct EmbeddingForm {
  Combiner combiner = Combiner::kMean;
  float max_norm = 0;  // rows longer than this are cut to it before they are combined; 0 = not
};

/// The length of a row.
template <class Table>
float norm_of(const Table& table, int32_t id) {
  float squares = 0;
  each_piece(table, id, [&](size_t, std::span<const float> values) {
    for (const float value : values) squares += value * value;
  });
  return std::sqrt(squares);
}

/// What a row of the table is multiplied by so that it is not longer than max_norm.
template <class Table>
float norm_scale(const Table& table, int32_t id, float max_norm) {
  if (max_norm <= 0) return 1;
  const float norm = norm_of(table, id);
  return norm > max_norm ? max_norm / norm : 1;
}

/// Writes the combined vector of one row of the block; zeros when no id counts.
template <class Table>
void combine_embedding(const Table& table, const EncodedBlock& block, size_t row,
                       const EmbeddingForm& form, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  const Divisor divisor = divisor_of(block, row, form.combiner);
  if (divisor.value == 0) return;
  for (uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
    const float weight = block.weights.empty() ? 1.0F : block.weights[i];
    if (!counts(weight, form.combiner)) continue;
    const float scale = weight * norm_scale(table, block.ids[i], form.max_norm);
    each_piece(table, block.ids[i], [&](size_t first, std::span<const float> values) {
      float* __restrict sum = out.data() + first;
      for (size_t k = 0; k < values.size(); ++k) sum[k] += scale * values[k];
    });
  }
  if (divisor.value == 1) return;  // most rows have one id
  for (float& value : out) value = divisor.share(value);
}

/// The gradient of combined vectors: row r of the step has its `width` values at
/// data + r * stride.
struct VectorGradient {
  const float* data;
  size_t stride;
};

/// Numbers the step's ids in `ids` and sums their gradients, one row of the table for each, in
/// `sums`. Rows without ids pass a gradient of zero to id 0, as TensorFlow's lookup does.
void sum_embedding_gradient(const Parameter& table, const EncodedBlock& block,
                            const TowerRows& rows, const EmbeddingForm& form,
                            const VectorGradient& gradient, IdMap& ids, std::vector<float>& sums);

}  // namespace millrace::estimator
