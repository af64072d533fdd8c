// The forward pass of a DNN tower over any kind of tables (the Trainer's flat ones, the scorers'
// pages): the input layer from encoded blocks, affine layers, and the whole inference. Free
// functions; matrices are row-major [rows, width] float32.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/check.h"
#include "data/encoded.h"
#include "estimator/activation.h"
#include "estimator/embedding.h"
#include "estimator/products.h"
#include "estimator/standardizer.h"
#include "estimator/tower.h"

namespace millrace::estimator {

inline constexpr float kBatchNormEpsilon = 0.001F;

/// Where a block goes in the input layer.
struct InputForm {
  enum class Kind : uint8_t { kNumbers, kMultiHot, kEmbedding };
  Kind kind;
  size_t offset;
  size_t width;
  EmbeddingForm embedding;
};

struct DnnShape {
  std::vector<InputForm> inputs;  // of the blocks
  size_t input_width = 0;
  bool sparse_input = false;  // part of it is multi-hot
  size_t widest = 0;          // layer, the logits included
  Activation activation = Activation::kRelu;
  bool batch_norm = false;
};

/// A layer's tables; the last four are null without batch normalization and in the logits layer.
template <class Table>
struct LayerTables {
  const Table* kernel;
  const Table* bias;
  const Table* gamma;
  const Table* beta;
  const Table* moving_mean;
  const Table* moving_variance;
};

template <class Table>
struct DnnTables {
  std::vector<const Table*> embeddings;          // of the blocks; null where there is none
  std::vector<StandardTables<Table>> standards;  // of the blocks, likewise
  std::vector<LayerTables<Table>> layers;        // hidden ones, then the logits
};

/// Writes the input layer of rows [begin, end) to `x` [rows, input_width].
template <class Table>
void fill_input(const DnnShape& shape, const DnnTables<Table>& tables, const TowerRows& rows,
                std::span<float> x) {
  if (shape.sparse_input) std::fill(x.begin(), x.end(), 0.0F);
  for (size_t i = 0; i < shape.inputs.size(); ++i) {
    const InputForm& form = shape.inputs[i];
    const EncodedBlock& block = rows.encoded.blocks[i];
    for (size_t row = rows.begin; row < rows.end; ++row) {
      const auto to = x.subspan((row - rows.begin) * shape.input_width + form.offset, form.width);
      if (form.kind == InputForm::Kind::kEmbedding) {
        combine_embedding(*tables.embeddings[i], block, row, form.embedding, to);
      } else if (form.kind == InputForm::Kind::kNumbers) {
        const auto numbers = std::span(block.dense).subspan(row * form.width, form.width);
        if (tables.standards[i].mean != nullptr) {
          standardize(tables.standards[i], numbers, to.data());
        } else {
          std::copy(numbers.begin(), numbers.end(), to.begin());
        }
      } else {
        for (uint32_t k = block.offsets[row]; k < block.offsets[row + 1]; ++k) {
          to[static_cast<size_t>(block.ids[k])] += block.weights.empty() ? 1 : block.weights[k];
        }
      }
    }
  }
}

/// sums [rows, kernel.width()] = x [rows, kernel.rows()] * kernel + bias. A `sparse` x is mostly
/// zeros.
template <class Table>
void apply_layer(const LayerTables<Table>& layer, std::span<const float> x, bool sparse,
                 std::span<float> sums) {
  const size_t in_width = layer.kernel->rows();
  const size_t width = layer.kernel->width();
  const float* kernel = layer.kernel->row(0);  // in one piece
  const float* bias = layer.bias->row(0);
  std::fill(sums.begin(), sums.end(), 0.0F);
  (sparse ? add_sparse_products : add_products)({x.data(), sums.size() / width, in_width, in_width},
                                                kernel, width, sums.data());
  for (size_t first = 0; first < sums.size(); first += width)
    for (size_t j = 0; j < width; ++j) sums[first + j] += bias[j];
}

/// Batch normalization by the moving statistics, in place.
template <class Table>
void normalize_by_moving(const LayerTables<Table>& layer, std::span<float> h) {
  const size_t width = layer.kernel->width();
  const float* gamma = layer.gamma->row(0);
  const float* beta = layer.beta->row(0);
  const float* mean = layer.moving_mean->row(0);
  const float* variance = layer.moving_variance->row(0);
  for (size_t i = 0; i < h.size(); ++i) {
    const size_t j = i % width;
    const float scale = gamma[j] / std::sqrt(variance[j] + kBatchNormEpsilon);
    h[i] = (h[i] - mean[j]) * scale + beta[j];
  }
}

/// Adds the logits of rows as a scorer sees them; works through the rows in small groups, whose
/// layers stay in the cache.
template <class Table>
void add_dnn_logits(const DnnShape& shape, const DnnTables<Table>& tables, const TowerRows& rows,
                    std::span<float> logits, std::vector<float>& scratch) {
  CHECK(rows.encoded.blocks.size() == shape.inputs.size(), "the input has the tower's columns");
  constexpr size_t kGroup = 64;
  scratch.resize(kGroup * (std::max(shape.input_width, shape.widest) + shape.widest));
  const size_t units = tables.layers.back().kernel->width();
  for (size_t first = rows.begin; first < rows.end; first += kGroup) {
    const size_t count = std::min(kGroup, rows.end - first);
    std::span<float> x(scratch.data(), count * shape.input_width);
    std::span<float> out(scratch.data() + scratch.size() - kGroup * shape.widest,
                         kGroup * shape.widest);
    fill_input(shape, tables, {rows.encoded, first, first + count}, x);
    for (size_t i = 0; i < tables.layers.size(); ++i) {
      const auto h = out.first(count * tables.layers[i].kernel->width());
      apply_layer(tables.layers[i], x, i == 0 && shape.sparse_input, h);
      if (i + 1 == tables.layers.size()) break;
      activate(shape.activation, h, h);
      if (shape.batch_norm) normalize_by_moving(tables.layers[i], h);
      // The next layer reads what this one wrote.
      x = {scratch.data(), h.size()};
      std::copy(h.begin(), h.end(), x.begin());
    }
    const size_t at = (first - rows.begin) * units;
    for (size_t i = 0; i < count * units; ++i) logits[at + i] += out[i];
  }
}

}  // namespace millrace::estimator
