// The forward pass of a linear tower for one block, over either kind of table [rows, units]: the
// Trainer's Parameter and the scorers' PublishedTable. Free
// functions; float32 sums in the order of the row's ids, as TensorFlow's segment sums.
#pragma once

#include <cmath>
#include <span>

#include "data/encoded.h"
#include "estimator/tower.h"

namespace millrace::estimator {

/// A division as TensorFlow rounds it. Without weights its segment kernels
/// (segment_reduction_ops_impl.h) multiply by the inverse, but for the sums of ten ids and more.
struct Divisor {
  float value;        // 0: no id of the row counts
  float inverse = 0;  // 0: it divides

  float share(float sum) const { return inverse != 0 ? sum * inverse : sum / value; }
};

/// What a row's combined value is divided by. With sum every id counts, otherwise those with a
/// positive weight (safe_embedding_lookup_sparse).
inline Divisor divisor_of(const EncodedBlock& block, size_t row, Combiner combiner) {
  const uint32_t begin = block.offsets[row];
  const uint32_t end = block.offsets[row + 1];
  if (begin == end) return {0};
  if (combiner == Combiner::kSum) return {1};
  if (block.weights.empty()) {
    constexpr uint32_t kInverseMax = 9;
    const auto count = static_cast<float>(end - begin);
    const float divisor = combiner == Combiner::kMean ? count : std::sqrt(count);
    return {divisor, end - begin <= kInverseMax ? 1 / divisor : 0};
  }
  float sum = 0;
  for (uint32_t i = begin; i < end; ++i) {
    const float weight = block.weights[i];
    if (weight > 0) sum += combiner == Combiner::kMean ? weight : weight * weight;
  }
  return {combiner == Combiner::kMean ? sum : std::sqrt(sum)};
}

/// The same of a gradient, on its way back to the row's ids.
inline Divisor gradient_divisor_of(const EncodedBlock& block, size_t row, Combiner combiner) {
  Divisor divisor = divisor_of(block, row, combiner);
  if (combiner == Combiner::kSum || divisor.value == 0 || !block.weights.empty()) return divisor;
  const auto count = static_cast<double>(block.offsets[row + 1] - block.offsets[row]);
  divisor.inverse =
      static_cast<float>(1 / (combiner == Combiner::kMean ? count : std::sqrt(count)));
  return divisor;
}

inline bool counts(float weight, Combiner combiner) {
  return combiner == Combiner::kSum || weight > 0;
}

/// Adds a sparse block's weighted sums to `logits` [rows, units].
template <class Table>
void add_sparse_logits(const Table& table, const EncodedBlock& block, const TowerRows& rows,
                       Combiner combiner, std::span<float> logits) {
  const size_t units = table.width();
  const bool plain = units == 1 && combiner == Combiner::kSum && block.weights.empty();
  if (plain) {
    constexpr size_t kGroup = 64;
    float sums[kGroup];
    for (size_t first = rows.begin; first < rows.end; first += kGroup) {
      const size_t count = std::min(kGroup, rows.end - first);
      table.sum_rows({block.ids, std::span(block.offsets).subspan(first, count + 1)}, sums);
      float* const to = logits.data() + (first - rows.begin);
      for (size_t i = 0; i < count; ++i) to[i] += sums[i];
    }
    return;
  }
  for (size_t row = rows.begin; row < rows.end; ++row) {
    const Divisor divisor = divisor_of(block, row, combiner);
    if (divisor.value == 0) continue;
    float* out = logits.data() + (row - rows.begin) * units;
    for (size_t first = 0; first < units; first += kRowPiece) {
      const size_t count = std::min(kRowPiece, units - first);
      float buffer[kRowPiece];
      float sums[kRowPiece] = {};
      for (uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
        const float weight = block.weights.empty() ? 1.0F : block.weights[i];
        if (!counts(weight, combiner)) continue;
        const float* values = table.read(block.ids[i], first, count, buffer);
        for (size_t k = 0; k < count; ++k) sums[k] += weight * values[k];
      }
      for (size_t k = 0; k < count; ++k) out[first + k] += divisor.share(sums[k]);
    }
  }
}

/// Adds a dense block's numbers x [rows, width] times the table [width, units] to `logits`.
template <class Table>
void add_dense_logits(const Table& table, const float* x, std::span<float> logits) {
  const size_t units = table.width();
  const size_t width = table.rows();
  if (width == 1 && units == 1) {
    const float weight = *table.row(0);
    for (size_t i = 0; i < logits.size(); ++i) logits[i] += x[i] * weight;
    return;
  }
  for (size_t at = 0; at < logits.size(); at += units, x += width) {
    for (size_t unit = 0; unit < units; ++unit) {
      float sum = 0;
      for (size_t k = 0; k < width; ++k) sum += x[k] * table.row(static_cast<int32_t>(k))[unit];
      logits[at + unit] += sum;
    }
  }
}

}  // namespace millrace::estimator
