// The linear tower: logits = the blocks' weighted sums in column-name order + bias. Categorical
// blocks learn through the optimizer's sparse form, which touches only the rows that the step's ids
// name; numbers, indicators, what embeddings give and the bias through the dense form (traps 7 and
// 11 of reference/tf_estimators.md).
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "estimator/embedding.h"
#include "estimator/id_map.h"
#include "estimator/linear_math.h"
#include "estimator/standardizer.h"
#include "estimator/tower.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kScope = "linear/linear_model/";

/// How a block is read.
struct BlockForm {
  bool sparse;
  bool multi_hot;
  Combiner combiner;                       // of a sparse block
  std::optional<EmbeddingForm> embedding;  // the ids are of a table, whose rows are weighted
};

/// Adds embedded vectors [dim] times the weights [dim, units].
template <class Table>
void add_embedding_logits(const Table& weights, const Table& table, const EmbeddingForm& form,
                          const EncodedBlock& block, const TowerRows& rows, std::span<float> logits,
                          std::vector<float>& scratch) {
  const size_t units = weights.width();
  scratch.resize(table.width());
  for (size_t row = rows.begin; row < rows.end; ++row) {
    combine_embedding(table, block, row, form, scratch);
    float* out = logits.data() + (row - rows.begin) * units;
    for (size_t unit = 0; unit < units; ++unit) {
      float sum = 0;
      for (size_t k = 0; k < scratch.size(); ++k) {
        sum += scratch[k] * weights.row(static_cast<int32_t>(k))[unit];
      }
      out[unit] += sum;
    }
  }
}

/// A block's tables: `embedding` is null but for embeddings.
template <class Table>
struct BlockTables {
  const Table* weights;
  const Table* embedding;
  StandardTables<Table> standard;
};

/// The numbers of a dense block as the weights see them; `scratch` holds them if they are not the
/// block's own.
template <class Table>
std::span<const float> numbers_of(const BlockTables<Table>& tables, const EncodedBlock& block,
                                  const TowerRows& rows, std::vector<float>& scratch) {
  const auto x = dense_of(block, rows, tables.weights->rows());
  if (tables.standard.mean == nullptr) return x;
  scratch.resize(x.size());
  standardize(tables.standard, x, scratch.data());
  return scratch;
}

template <class Table>
void add_block_logits(const BlockTables<Table>& tables, const BlockForm& form,
                      const EncodedBlock& block, const TowerRows& rows, std::span<float> logits,
                      std::vector<float>& scratch) {
  const Table& weights = *tables.weights;
  if (form.embedding) {
    add_embedding_logits(weights, *tables.embedding, *form.embedding, block, rows, logits, scratch);
  } else if (form.sparse) {
    add_sparse_logits(weights, block, rows, form.combiner, logits);
  } else {
    add_dense_logits(weights, numbers_of(tables, block, rows, scratch).data(), logits);
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

/// Adds what each value of a row's block adds to the logit of `unit`; `rows` is that row.
void explain_block(const BlockTables<PublishedTable>& tables, const BlockForm& form,
                   const std::string& name, const EncodedBlock& block, const TowerRows& rows,
                   size_t unit, std::vector<Contribution>& contributions) {
  const PublishedTable& weights = *tables.weights;
  if (!form.sparse) {
    std::vector<float> scratch;
    const auto seen = numbers_of(tables, block, rows, scratch);
    const auto given = dense_of(block, rows, weights.rows());
    for (size_t k = 0; k < seen.size(); ++k) {
      const float weight = weights.row(static_cast<int32_t>(k))[unit];
      contributions.push_back({name, static_cast<int64_t>(k), given[k], seen[k] * weight});
    }
    return;
  }
  const size_t row = rows.begin;
  const Divisor divisor = divisor_of(block, row, form.combiner);
  if (divisor.value == 0) return;
  for (uint32_t i = block.offsets[row]; i < block.offsets[row + 1]; ++i) {
    const float weight = block.weights.empty() ? 1.0F : block.weights[i];
    if (!counts(weight, form.combiner)) continue;
    float buffer;
    const float value = *weights.read(block.ids[i], unit, 1, &buffer);
    contributions.push_back({name, block.ids[i], weight, divisor.share(weight * value)});
  }
}

class PublishedLinearTower : public PublishedTower {
 public:
  struct Block {
    std::string name;
    BlockForm form;
    std::shared_ptr<const PublishedTable> weights;
    std::shared_ptr<const PublishedTable> table;
    std::shared_ptr<const PublishedTable> mean;  // of a standardized block, like the next
    std::shared_ptr<const PublishedTable> variance;

    BlockTables<PublishedTable> tables() const {
      return {weights.get(), table.get(), {mean.get(), variance.get()}};
    }
  };

  void add_logits(const TowerRows& rows, std::span<float> logits,
                  std::vector<float>& scratch) const override {
    CHECK(rows.encoded.blocks.size() == blocks.size(), "the input has the tower's columns");
    for (size_t i = 0; i < blocks.size(); ++i) {
      add_block_logits(blocks[i].tables(), blocks[i].form, rows.encoded.blocks[i], rows, logits,
                       scratch);
    }
    add_bias(*bias, logits);
  }

  bool explain(const TowerRows& row, size_t unit,
               std::vector<Contribution>& contributions) const override {
    CHECK(row.encoded.blocks.size() == blocks.size(), "the input has the tower's columns");
    for (size_t i = 0; i < blocks.size(); ++i) {
      const Block& block = blocks[i];
      if (!block.form.embedding) {
        explain_block(block.tables(), block.form, block.name, row.encoded.blocks[i], row, unit,
                      contributions);
        continue;
      }
      std::vector<float> logits(bias->width(), 0.0F);
      std::vector<float> scratch;
      add_block_logits(block.tables(), block.form, row.encoded.blocks[i], row,
                       std::span<float>(logits), scratch);
      contributions.push_back({block.name, -1, 1, logits[unit]});
    }
    contributions.push_back({"bias", -1, 1, bias->row(0)[unit]});
    return true;
  }

  void add_variables(std::vector<Variable>& variables) const override {
    for (const auto& block : blocks) {
      if (block.table) variables.push_back(variable_of(*block.table));
      variables.push_back(variable_of(*block.weights));
      for (const auto& statistic : {block.mean, block.variance})
        if (statistic) variables.push_back(variable_of(*statistic));
    }
    variables.push_back(variable_of(*bias));
  }

  std::vector<Block> blocks;
  std::shared_ptr<const PublishedTable> bias;
};

class LinearTower : public Tower {
 public:
  LinearTower(const EstimatorSpec& spec, const std::vector<BlockLayout>& layouts)
      : units_(static_cast<size_t>(spec.units())),
        optimizer_(Optimizer::make(spec.linear_optimizer)),
        bias_(std::string(kScope) + "bias_weights", {spec.units()}, 1, units_) {
    for (const auto& layout : layouts) blocks_.push_back(make_block(spec, layout));
    for (Parameter* parameter : parameters()) {
      if (is_standard_statistic(parameter->name())) continue;
      for (const auto& slot : optimizer_->slots()) parameter->add_slot(slot.initial);
    }
  }

  void add_logits(const TowerRows& rows, std::span<float> logits) override {
    CHECK(rows.encoded.blocks.size() == blocks_.size(), "the input has the tower's columns");
    for (size_t i = 0; i < blocks_.size(); ++i) {
      add_block_logits(blocks_[i].tables(), blocks_[i].form, rows.encoded.blocks[i], rows, logits,
                       vector_);
    }
    add_bias(bias_, logits);
  }

  void add_training_logits(const TowerRows& rows, std::span<float> logits, int64_t) override {
    for (size_t i = 0; i < blocks_.size(); ++i) {
      Block& block = blocks_[i];
      if (block.standardizer)
        block.standardizer->learn(dense_of(rows.encoded.blocks[i], rows, block.weights.rows()));
    }
    add_logits(rows, logits);
  }

  bool differs_in_training() const override { return false; }

  void learn(const TowerRows& rows, std::span<const float> gradient, int64_t iterations) override {
    optimizer_->begin_step(iterations);
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const EncodedBlock& block = rows.encoded.blocks[i];
      const BlockForm& form = blocks_[i].form;
      if (form.embedding) {
        learn_embedding(blocks_[i], block, rows, gradient);
      } else if (form.multi_hot) {
        learn_multi_hot(blocks_[i].weights, block, rows, gradient);
      } else if (form.sparse) {
        learn_sparse(blocks_[i], block, rows, gradient);
      } else {
        learn_dense(blocks_[i].weights,
                    numbers_of(blocks_[i].tables(), block, rows, vector_).data(), gradient);
      }
    }
    learn_bias(gradient);
    optimizer_->end_step();
  }

  std::shared_ptr<const PublishedTower> publish() override {
    auto tower = std::make_shared<PublishedLinearTower>();
    for (auto& block : blocks_) {
      auto& standardizer = block.standardizer;
      tower->blocks.push_back({block.name, block.form, block.weights.publish(),
                               block.table ? block.table->publish() : nullptr,
                               standardizer ? standardizer->publish_mean() : nullptr,
                               standardizer ? standardizer->publish_variance() : nullptr});
    }
    tower->bias = bias_.publish();
    return tower;
  }

  std::vector<Parameter*> parameters() override {
    std::vector<Parameter*> all;
    for (auto& block : blocks_) {
      if (block.table) all.push_back(block.table.get());
      all.push_back(&block.weights);
      if (block.standardizer) block.standardizer->add_parameters(all);
    }
    all.push_back(&bias_);
    return all;
  }

  Optimizer& optimizer() override { return *optimizer_; }

 private:
  struct Block {
    std::string name;
    BlockForm form;
    Parameter weights;
    std::unique_ptr<Parameter> table;  // of an embedding
    std::unique_ptr<Standardizer> standardizer;

    BlockTables<Parameter> tables() const {
      return {&weights, table.get(),
              standardizer ? standardizer->tables() : StandardTables<Parameter>()};
    }
  };

  static Block make_block(const EstimatorSpec& spec, const BlockLayout& layout) {
    const auto width = static_cast<size_t>(layout.width);
    const std::string scope = std::string(kScope) + scope_of(layout.name);
    BlockForm form{layout.sparse, layout.multi_hot,
                   layout.multi_hot ? Combiner::kSum : spec.sparse_combiner, std::nullopt};
    std::unique_ptr<Parameter> table;
    if (layout.table_rows > 0) {
      form.embedding = EmbeddingForm{layout.combiner, layout.max_norm};
      table = std::make_unique<Parameter>(
          scope + "/embedding_weights", std::vector<int64_t>{layout.table_rows, layout.width},
          static_cast<size_t>(layout.table_rows), width, 0, Written::kByRows);
      fill_embedding(*table, spec.seed);
    }
    const bool by_rows = layout.sparse && !layout.multi_hot && !table;
    return {layout.name, form,
            Parameter(scope + "/weights", {layout.width, spec.units()}, width,
                      static_cast<size_t>(spec.units()), 0,
                      by_rows ? Written::kByRows : Written::kWhole),
            std::move(table),
            layout.standard ? std::make_unique<Standardizer>(scope, width) : nullptr};
  }

  void learn_sparse(Block& to, const EncodedBlock& block, const TowerRows& rows,
                    std::span<const float> gradient) {
    const Combiner combiner = to.form.combiner;
    const bool plain = units_ == 1 && combiner == Combiner::kSum && block.weights.empty();
    if (plain) {
      sum_plain(to.weights, block, rows, gradient);
    } else {
      // The gradient of a weighted sum of rows is that of an embedding of `units` dimensions.
      sum_embedding_gradient(to.weights, block, rows, {combiner, 0}, {gradient.data(), units_},
                             ids_, sums_);
    }
    optimizer_->apply_sparse(to.weights, ids_.ids(), sums_);
  }

  /// What most columns are: one logit, ids without weights, summed.
  void sum_plain(const Parameter& weights, const EncodedBlock& block, const TowerRows& rows,
                 std::span<const float> gradient) {
    const size_t id_count = block.offsets[rows.end] - block.offsets[rows.begin];
    ids_.begin(weights.rows(), id_count + 1);
    sums_.assign(std::min(id_count, weights.rows()) + 1, 0.0F);
    float* const sums = sums_.data();
    for (size_t row = rows.begin; row < rows.end; ++row) {
      const uint32_t begin = block.offsets[row];
      const uint32_t end = block.offsets[row + 1];
      const float g = gradient[row - rows.begin];
      for (uint32_t i = begin; i < end; ++i) sums[ids_.number_of(block.ids[i])] += g;
      // An example without ids looks up id 0 and passes it a gradient of zero.
      if (begin == end) ids_.number_of(0);
    }
    sums_.resize(ids_.ids().size());
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

  /// `x` is the step's rows, side by side.
  void learn_dense(Parameter& weights, const float* x, std::span<const float> gradient) {
    const size_t width = weights.rows();
    sums_.assign(width * units_, 0.0F);
    if (width == 1 && units_ == 1) {
      float sum = 0;
      for (size_t i = 0; i < gradient.size(); ++i) sum += x[i] * gradient[i];
      sums_[0] = sum;
      return optimizer_->apply_dense(weights, sums_);
    }
    for (size_t i = 0; i < gradient.size(); i += units_, x += width) {
      for (size_t k = 0; k < width; ++k) {
        for (size_t unit = 0; unit < units_; ++unit) {
          sums_[k * units_ + unit] += x[k] * gradient[i + unit];
        }
      }
    }
    optimizer_->apply_dense(weights, sums_);
  }

  void learn_embedding(Block& to, const EncodedBlock& block, const TowerRows& rows,
                       std::span<const float> gradient) {
    const size_t width = to.table->width();
    const size_t row_count = rows.end - rows.begin;
    vectors_.resize(row_count * width);
    vector_gradient_.assign(row_count * width, 0.0F);
    for (size_t row = 0; row < row_count; ++row) {
      combine_embedding(*to.table, block, rows.begin + row, *to.form.embedding,
                        std::span(vectors_).subspan(row * width, width));
      for (size_t k = 0; k < width; ++k) {
        const float* weights = to.weights.row(static_cast<int32_t>(k));
        for (size_t unit = 0; unit < units_; ++unit) {
          vector_gradient_[row * width + k] += gradient[row * units_ + unit] * weights[unit];
        }
      }
    }
    sum_embedding_gradient(*to.table, block, rows, *to.form.embedding,
                           {vector_gradient_.data(), width}, ids_, sums_);
    optimizer_->apply_sparse(*to.table, ids_.ids(), sums_);
    learn_dense(to.weights, vectors_.data(), gradient);
  }

  void learn_bias(std::span<const float> gradient) {
    sums_.assign(units_, 0.0F);
    for (size_t i = 0; i < gradient.size(); i += units_) {
      for (size_t unit = 0; unit < units_; ++unit) sums_[unit] += gradient[i + unit];
    }
    optimizer_->apply_dense(bias_, sums_);
  }

  size_t units_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<Block> blocks_;
  Parameter bias_;
  // Of a step: its different ids, gradients, embedded vectors and their gradients.
  IdMap ids_;
  std::vector<float> sums_;
  std::vector<float> vectors_;
  std::vector<float> vector_gradient_;
  std::vector<float> vector_;
};

}  // namespace

Result<std::unique_ptr<Tower>> make_linear_tower(const EstimatorSpec& spec,
                                                 const std::vector<BlockLayout>& layouts) {
  TRY_OK(check_size(layouts, static_cast<size_t>(spec.units()), 0));
  return std::unique_ptr<Tower>(std::make_unique<LinearTower>(spec, layouts));
}

}  // namespace millrace::estimator
