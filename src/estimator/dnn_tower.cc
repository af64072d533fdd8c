// The DNN tower: the blocks side by side as the input layer, hidden layers, a logits layer without
// activation. Embedding tables learn through the optimizer's sparse form, everything else through
// the dense one. Tables of shared embeddings never learn: TensorFlow's v2 estimators do not train
// them (reference/golden/README.md).
#include <deque>

#include "base/check.h"
#include "estimator/dnn_layer.h"
#include "estimator/tower.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kInputScope = "dnn/input_from_feature_columns/input_layer/";

std::string input_scope(const BlockLayout& layout) {
  return std::string(kInputScope) + scope_of(layout.name);
}

class PublishedDnnTower : public PublishedTower {
 public:
  void add_logits(const TowerRows& rows, std::span<float> logits,
                  std::vector<float>& scratch) const override {
    add_dnn_logits(*shape, tables, rows, logits, scratch);
  }

  void add_variables(std::vector<Variable>& variables) const override {
    for (const auto& table : kept) variables.push_back(variable_of(*table));
  }

  std::shared_ptr<const DnnShape> shape;
  DnnTables<PublishedTable> tables;
  std::vector<std::shared_ptr<const PublishedTable>> kept;  // what `tables` points to
};

class DnnTower : public Tower {
 public:
  DnnTower(const EstimatorSpec& spec, const std::vector<BlockLayout>& layouts)
      : optimizer_(Optimizer::make(spec.dnn_optimizer)),
        differs_in_training_(spec.dropout > 0 || spec.batch_norm) {
    auto shape = std::make_shared<DnnShape>();
    shape->activation = spec.activation;
    shape->batch_norm = spec.batch_norm;
    for (const auto& layout : layouts) add_input(spec, layout, *shape);
    size_t width = shape->input_width;
    for (size_t i = 0; i < spec.hidden_units.size(); ++i) {
      const auto units = static_cast<size_t>(spec.hidden_units[i]);
      layers_.emplace_back(
          "dnn/hiddenlayer_" + std::to_string(i), "batchnorm_" + std::to_string(i),
          LayerOptions{width, units, spec.activation, spec.dropout, spec.batch_norm, spec.seed,
                       i > 0 || has_own_embedding(), i == 0 && shape->sparse_input});
      width = units;
      shape->widest = std::max(shape->widest, units);
    }
    const auto units = static_cast<size_t>(spec.units());
    layers_.emplace_back(
        "dnn/logits", "",
        LayerOptions{width, units, Activation::kLinear, 0, false, spec.seed, true, false});
    shape->widest = std::max(shape->widest, units);
    shape_ = std::move(shape);
    add_slots();
    addresses_.embeddings.assign(tables_.begin(), tables_.end());
    for (const auto& one : standardizers_)
      addresses_.standards.push_back(one ? one->tables() : StandardTables<Parameter>());
    for (const auto& layer : layers_) addresses_.layers.push_back(layer.tables());
  }

  void add_logits(const TowerRows& rows, std::span<float> logits) override {
    add_dnn_logits(*shape_, addresses_, rows, logits, scratch_);
  }

  void add_training_logits(const TowerRows& rows, std::span<float> logits,
                           int64_t iterations) override {
    CHECK(rows.encoded.blocks.size() == shape_->inputs.size(), "the input has the tower's columns");
    for (size_t i = 0; i < standardizers_.size(); ++i) {
      if (!standardizers_[i]) continue;
      standardizers_[i]->learn(dense_of(rows.encoded.blocks[i], rows, shape_->inputs[i].width));
    }
    input_.resize((rows.end - rows.begin) * shape_->input_width);
    fill_input(*shape_, addresses_, rows, input_);
    std::span<const float> x = input_;
    for (auto& layer : layers_) x = layer.forward(x, iterations);
    for (size_t i = 0; i < logits.size(); ++i) logits[i] += x[i];
  }

  bool differs_in_training() const override { return differs_in_training_; }

  void learn(const TowerRows& rows, std::span<const float> gradient, int64_t iterations) override {
    optimizer_->begin_step(iterations);
    for (size_t i = layers_.size(); i-- > 0;) gradient = layers_[i].learn(gradient, *optimizer_);
    for (size_t i = 0; i < shape_->inputs.size(); ++i) {
      if (!learns(i)) continue;
      const InputForm& form = shape_->inputs[i];
      sum_embedding_gradient(*tables_[i], rows.encoded.blocks[i], rows, form.embedding,
                             {gradient.data() + form.offset, shape_->input_width}, ids_, sums_);
      optimizer_->apply_sparse(*tables_[i], ids_.ids(), sums_);
    }
    optimizer_->end_step();
  }

  std::shared_ptr<const PublishedTower> publish() override {
    auto tower = std::make_shared<PublishedDnnTower>();
    tower->shape = shape_;
    for (Parameter* table : tables_) {
      if (table == nullptr) {
        tower->tables.embeddings.push_back(nullptr);
        continue;
      }
      const auto published = table->publish();
      tower->tables.embeddings.push_back(published.get());
      const bool again =
          std::find(tower->kept.begin(), tower->kept.end(), published) != tower->kept.end();
      if (!again) tower->kept.push_back(published);
    }
    for (auto& one : standardizers_) {
      auto& tables = tower->tables.standards.emplace_back();
      if (!one) continue;
      tower->kept.push_back(one->publish_mean());
      tables.mean = tower->kept.back().get();
      tower->kept.push_back(one->publish_variance());
      tables.variance = tower->kept.back().get();
    }
    for (auto& layer : layers_) tower->tables.layers.push_back(layer.publish(tower->kept));
    return tower;
  }

  std::vector<Parameter*> parameters() override {
    std::vector<Parameter*> all;
    for (auto& table : owned_tables_) all.push_back(&table);
    for (auto& one : standardizers_)
      if (one) one->add_parameters(all);
    for (auto& layer : layers_) layer.add_parameters(all);
    return all;
  }

  Optimizer& optimizer() override { return *optimizer_; }

 private:
  bool learns(size_t block) const { return tables_[block] != nullptr && !shared_[block]; }
  bool has_own_embedding() const {
    for (size_t block = 0; block < tables_.size(); ++block)
      if (learns(block)) return true;
    return false;
  }

  void add_input(const EstimatorSpec& spec, const BlockLayout& layout, DnnShape& shape) {
    using InputKind = InputForm::Kind;
    const auto width = static_cast<size_t>(layout.width);
    const bool embedding = layout.table_rows > 0;
    const InputKind kind = embedding       ? InputKind::kEmbedding
                           : layout.sparse ? InputKind::kMultiHot
                                           : InputKind::kNumbers;
    shape.inputs.push_back({kind, shape.input_width, width, {layout.combiner, layout.max_norm}});
    shape.input_width += width;
    shape.sparse_input |= kind == InputKind::kMultiHot;
    shared_.push_back(!layout.table.empty());
    standardizers_.push_back(
        layout.standard ? std::make_unique<Standardizer>(input_scope(layout), width) : nullptr);
    tables_.push_back(embedding ? &table_of(spec, layout) : nullptr);
  }

  /// The block's own table, or the one of that name.
  Parameter& table_of(const EstimatorSpec& spec, const BlockLayout& layout) {
    const std::string name =
        layout.table.empty() ? input_scope(layout) + "/embedding_weights" : scope_of(layout.table);
    for (auto& table : owned_tables_) {
      if (table.name() == name) return table;
    }
    owned_tables_.emplace_back(name, std::vector<int64_t>{layout.table_rows, layout.width},
                               static_cast<size_t>(layout.table_rows),
                               static_cast<size_t>(layout.width), 0, Written::kByRows);
    fill_embedding(owned_tables_.back(), spec.seed);
    return owned_tables_.back();
  }

  void add_slots() {
    std::vector<Parameter*> trained;
    for (size_t i = 0; i < tables_.size(); ++i) {
      if (learns(i)) trained.push_back(tables_[i]);
    }
    for (auto& layer : layers_) layer.add_trained(trained);
    for (Parameter* parameter : trained) {
      for (const auto& slot : optimizer_->slots()) parameter->add_slot(slot.initial);
    }
  }

  std::unique_ptr<Optimizer> optimizer_;
  bool differs_in_training_;
  std::shared_ptr<const DnnShape> shape_;
  std::deque<Parameter> owned_tables_;  // their addresses stay
  std::vector<Parameter*> tables_;      // of the blocks; null where there is none
  std::vector<bool> shared_;            // of the blocks
  std::vector<std::unique_ptr<Standardizer>> standardizers_;  // of the blocks; null, likewise
  std::deque<DnnLayer> layers_;                               // hidden ones, then the logits
  DnnTables<Parameter> addresses_;                            // of all of them, which stay
  // Of a step.
  std::vector<float> input_;
  IdMap ids_;
  std::vector<float> sums_;
  std::vector<float> scratch_;
};

}  // namespace

Result<std::unique_ptr<Tower>> make_dnn_tower(const EstimatorSpec& spec,
                                              const std::vector<BlockLayout>& layouts) {
  if (spec.hidden_units.empty()) {
    return Error(Code::kInvalidArgument, "a DNN needs hidden units");
  }
  uint64_t others = 0;
  for (size_t i = 0; i < spec.hidden_units.size(); ++i) {
    const auto units = static_cast<uint64_t>(spec.hidden_units[i]);
    const bool last = i + 1 == spec.hidden_units.size();
    others += units * static_cast<uint64_t>(last ? spec.units() : spec.hidden_units[i + 1]);
  }
  TRY_OK(check_size(layouts, static_cast<size_t>(spec.hidden_units[0]), others));
  return std::unique_ptr<Tower>(std::make_unique<DnnTower>(spec, layouts));
}

}  // namespace millrace::estimator
