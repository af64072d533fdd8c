#include "estimator/embedding.h"

namespace millrace::estimator {
namespace {

/// The gradient through x * max_norm / |x|, for a row that is longer than max_norm.
void pull_through_norm(const Parameter& table, int32_t id, float max_norm,
                       std::span<float> gradient) {
  const float norm = norm_of(table, id);
  if (norm <= max_norm) return;
  const float* row = table.row(id);
  float along = 0;
  for (size_t k = 0; k < gradient.size(); ++k) along += gradient[k] * row[k];
  along /= norm * norm;
  const float scale = max_norm / norm;
  for (size_t k = 0; k < gradient.size(); ++k) gradient[k] = scale * (gradient[k] - along * row[k]);
}

}  // namespace

void sum_embedding_gradient(const Parameter& table, const EncodedBlock& block,
                            const TowerRows& rows, const EmbeddingForm& form,
                            const VectorGradient& gradient, IdMap& ids, std::vector<float>& sums) {
  const size_t width = table.width();
  const size_t id_count = block.offsets[rows.end] - block.offsets[rows.begin];
  ids.begin(table.rows(), id_count + 1);
  sums.assign((std::min(id_count, table.rows()) + 1) * width, 0.0F);
  for (size_t row = rows.begin; row < rows.end; ++row) {
    const Divisor divisor = gradient_divisor_of(block, row, form.combiner);
    if (divisor.value == 0) {
      ids.number_of(0);
      continue;
    }
    const float* g = gradient.data + (row - rows.begin) * gradient.stride;
    for (uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
      const float weight = block.weights.empty() ? 1.0F : block.weights[i];
      if (!counts(weight, form.combiner)) continue;
      float* __restrict sum = sums.data() + ids.number_of(block.ids[i]) * width;
      if (divisor.value == 1) {  // most rows have one id
        for (size_t k = 0; k < width; ++k) sum[k] += weight * g[k];
      } else {
        for (size_t k = 0; k < width; ++k) sum[k] += weight * divisor.share(g[k]);
      }
    }
  }
  sums.resize(ids.ids().size() * width);
  if (form.max_norm <= 0) return;
  for (size_t i = 0; i < ids.ids().size(); ++i) {
    pull_through_norm(table, ids.ids()[i], form.max_norm,
                      std::span(sums).subspan(i * width, width));
  }
}

}  // namespace millrace::estimator
