// The linear tower: logits = the blocks' weighted sums in column-name order + bias. Categorical
// blocks learn through the optimizer's sparse form, which touches only the rows that the step's ids
// name; numbers, indicators and the bias through the dense form (traps 7 and 11 of
// reference/tf_estimators.md).
#include <algorithm>

#include "base/check.h"
#include "estimator/id_map.h"
#include "estimator/linear_math.h"
#include "estimator/tower.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kScope = "linear/linear_model/";

/// TensorFlow's variable scopes allow fewer characters than column names.
std::string sanitized(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!allowed) c = '_';
  }
  return result;
}

/// How a block is read.
struct BlockForm {
  bool sparse;
  bool multi_hot;
  Combiner combiner;  // of a sparse block
};

template <class Table>
void add_block_logits(const Table& table, const BlockForm& form, const EncodedBlock& block,
                      const TowerRows& rows, std::span<float> logits) {
  if (form.sparse) {
    add_sparse_logits(table, block, rows, form.combiner, logits);
  } else {
    add_dense_logits(table, block, rows, logits);
  }
}

template <class Table>
void add_bias(const Table& bias, std::span<float> logits) {
  const float* values = bias.row(0);
  const size_t units = bias.width();
  for (size_t i = 0; i < logits.size(); i += units) {
    for (size_t unit = 0; unit < units; ++unit) logits[i + unit] += values[unit];
  }
}

class PublishedLinearTower : public PublishedTower {
 public:
  void add_logits(const TowerRows& rows, std::span<float> logits) const override {
    CHECK(rows.encoded.blocks.size() == weights.size(), "the input has the tower's columns");
    for (size_t i = 0; i < weights.size(); ++i) {
      add_block_logits(*weights[i], forms[i], rows.encoded.blocks[i], rows, logits);
    }
    add_bias(*bias, logits);
  }

  void add_variables(std::vector<Variable>& variables) const override {
    for (const auto& table : weights) variables.push_back(variable_of(*table));
    variables.push_back(variable_of(*bias));
  }

  std::vector<BlockForm> forms;
  std::vector<std::shared_ptr<const PublishedTable>> weights;
  std::shared_ptr<const PublishedTable> bias;
};

class LinearTower : public Tower {
 public:
  LinearTower(const EstimatorSpec& spec, const std::vector<BlockLayout>& layouts)
      : units_(static_cast<size_t>(spec.units())),
        optimizer_(Optimizer::make(spec.linear_optimizer)) {
    const auto units = static_cast<int64_t>(units_);
    for (const auto& layout : layouts) {
      weights_.emplace_back(std::string(kScope) + sanitized(layout.name) + "/weights",
                            std::vector<int64_t>{layout.width, units},
                            static_cast<size_t>(layout.width), units_);
      forms_.push_back({layout.sparse, layout.multi_hot,
                        layout.multi_hot ? Combiner::kSum : spec.sparse_combiner});
    }
    weights_.emplace_back(std::string(kScope) + "bias_weights", std::vector<int64_t>{units}, 1U,
                          units_);
    for (auto& parameter : weights_) {
      for (const auto& slot : optimizer_->slots()) parameter.add_slot(slot.initial);
    }
  }

  void add_logits(const TowerRows& rows, std::span<float> logits) override {
    CHECK(rows.encoded.blocks.size() == forms_.size(), "the input has the tower's columns");
    for (size_t i = 0; i < forms_.size(); ++i) {
      add_block_logits(weights_[i], forms_[i], rows.encoded.blocks[i], rows, logits);
    }
    add_bias(weights_.back(), logits);
  }

  void learn(const TowerRows& rows, std::span<const float> gradient, int64_t iterations) override {
    optimizer_->begin_step(iterations);
    for (size_t i = 0; i < forms_.size(); ++i) {
      const EncodedBlock& block = rows.encoded.blocks[i];
      if (forms_[i].sparse && !forms_[i].multi_hot) {
        learn_sparse(weights_[i], block, rows, forms_[i].combiner, gradient);
      } else if (forms_[i].sparse) {
        learn_multi_hot(weights_[i], block, rows, gradient);
      } else {
        learn_dense(weights_[i], block, rows, gradient);
      }
    }
    learn_bias(gradient);
  }

  std::shared_ptr<const PublishedTower> publish() override {
    auto tower = std::make_shared<PublishedLinearTower>();
    tower->forms = forms_;
    for (size_t i = 0; i < forms_.size(); ++i) tower->weights.push_back(weights_[i].publish());
    tower->bias = weights_.back().publish();
    return tower;
  }

  std::vector<Parameter*> parameters() override {
    std::vector<Parameter*> all;
    for (auto& parameter : weights_) all.push_back(&parameter);
    return all;
  }

  Optimizer& optimizer() override { return *optimizer_; }

 private:
  void learn_sparse(Parameter& weights, const EncodedBlock& block, const TowerRows& rows,
                    Combiner combiner, std::span<const float> gradient) {
    const size_t row_count = rows.end - rows.begin;
    const size_t id_count = block.offsets[rows.end] - block.offsets[rows.begin];
    ids_.begin(weights.rows(), id_count + 1);
    sums_.assign((std::min(id_count, weights.rows()) + 1) * units_, 0.0F);
    const bool plain = units_ == 1 && combiner == Combiner::kSum && block.weights.empty();
    for (size_t row = 0; row < row_count; ++row) {
      const uint32_t begin = block.offsets[rows.begin + row];
      const uint32_t end = block.offsets[rows.begin + row + 1];
      if (plain) {
        for (uint32_t i = begin; i < end; ++i) {
          sums_[ids_.number_of(block.ids[i])] += gradient[row];
        }
        if (begin == end) ids_.number_of(0);
        continue;
      }
      const float divisor = divisor_of(block, rows.begin + row, combiner);
      if (divisor == 0) {
        // An example without ids looks up id 0 and passes it a gradient of zero.
        ids_.number_of(0);
        continue;
      }
      for (uint32_t i = begin; i < end; ++i) {
        const float weight = block.weights.empty() ? 1.0F : block.weights[i];
        if (!counts(weight, combiner)) continue;
        float* sum = sums_.data() + ids_.number_of(block.ids[i]) * units_;
        for (size_t unit = 0; unit < units_; ++unit) {
          sum[unit] += weight * (gradient[row * units_ + unit] / divisor);
        }
      }
    }
    const std::span<float> sums(sums_);
    optimizer_->apply_sparse(weights, ids_.ids(), sums.first(ids_.ids().size() * units_));
  }

  void learn_multi_hot(Parameter& weights, const EncodedBlock& block, const TowerRows& rows,
                       std::span<const float> gradient) {
    sums_.assign(weights.values().size(), 0.0F);
    for (size_t row = rows.begin; row < rows.end; ++row) {
      const float* g = gradient.data() + (row - rows.begin) * units_;
      for (uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
        const float weight = block.weights.empty() ? 1.0F : block.weights[i];
        float* sum = sums_.data() + static_cast<size_t>(block.ids[i]) * units_;
        for (size_t unit = 0; unit < units_; ++unit) sum[unit] += weight * g[unit];
      }
    }
    optimizer_->apply_dense(weights, sums_);
  }

  void learn_dense(Parameter& weights, const EncodedBlock& block, const TowerRows& rows,
                   std::span<const float> gradient) {
    const size_t width = weights.rows();
    sums_.assign(width * units_, 0.0F);
    for (size_t row = rows.begin; row < rows.end; ++row) {
      const float* x = block.dense.data() + row * width;
      const float* g = gradient.data() + (row - rows.begin) * units_;
      for (size_t k = 0; k < width; ++k) {
        for (size_t unit = 0; unit < units_; ++unit) sums_[k * units_ + unit] += x[k] * g[unit];
      }
    }
    optimizer_->apply_dense(weights, sums_);
  }

  void learn_bias(std::span<const float> gradient) {
    sums_.assign(units_, 0.0F);
    for (size_t i = 0; i < gradient.size(); i += units_) {
      for (size_t unit = 0; unit < units_; ++unit) sums_[unit] += gradient[i + unit];
    }
    optimizer_->apply_dense(weights_.back(), sums_);
  }

  size_t units_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<BlockForm> forms_;
  std::vector<Parameter> weights_;  // of the blocks, then the bias
  IdMap ids_;
  std::vector<float> sums_;  // gradients of a step
};

}  // namespace

Variable variable_of(const PublishedTable& table) {
  Variable variable{table.name(), table.shape(), {}};
  variable.values.reserve(table.rows() * table.width());
  for (size_t row = 0; row < table.rows(); ++row) {
    const float* values = table.row(static_cast<int32_t>(row));
    variable.values.insert(variable.values.end(), values, values + table.width());
  }
  return variable;
}

Result<std::unique_ptr<Tower>> make_linear_tower(const EstimatorSpec& spec,
                                                 const std::vector<BlockLayout>& layouts) {
  uint64_t floats = 0;
  for (const auto& layout : layouts) {
    if (layout.table_rows > 0) {
      return Error(Code::kUnsupported,
                   "embedding column \"" + layout.name + "\" is not supported in a linear model");
    }
    // The weight, its copy for scorers and two slots.
    floats += 4 * static_cast<uint64_t>(layout.width) * static_cast<uint64_t>(spec.units());
    if (floats <= kModelFloatsMax) continue;
    return Error(Code::kResourceExhausted,
                 "feature column \"" + layout.name + "\" makes the model larger than " +
                     std::to_string(kModelFloatsMax * sizeof(float) >> 30) + " GiB",
                 "Use fewer buckets.");
  }
  return std::unique_ptr<Tower>(std::make_unique<LinearTower>(spec, layouts));
}

}  // namespace millrace::estimator
