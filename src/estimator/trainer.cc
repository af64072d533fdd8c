// The Trainer and the Model it publishes: towers, a head, the two counters, and the snapshot of all
// of it.
#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "data/schema.h"
#include "estimator/estimator.h"
#include "estimator/head.h"
#include "estimator/optimizer_spec.h"
#include "estimator/snapshot.h"
#include "estimator/standardizer.h"
#include "estimator/tower.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kModelMagic = "MILLMODL";
constexpr std::string_view kSchedule = "learning_rate_schedule";  // not TensorFlow's to save

const Encoded& input_of(const TowerInputs& inputs, bool dnn) {
  return dnn ? inputs.dnn : inputs.linear;
}

void begin_predictions(size_t rows, size_t units, Predictions& out) {
  out.rows = rows;
  out.units = units;
  out.logits.assign(rows * units, 0.0F);
  out.losses.clear();
}

class PublishedModel : public Model {
 public:
  const EstimatorSpec& spec() const override { return *spec_; }
  int64_t global_step() const override { return global_step_; }
  int64_t examples() const override { return examples_; }

  void predict(const TowerInputs& inputs, size_t begin, size_t end,
               Predictions& out) const override {
    begin_predictions(end - begin, static_cast<size_t>(spec_->units()), out);
    for (const auto& part : parts_) {
      part.tower->add_logits({input_of(inputs, part.dnn), begin, end}, out.logits, out.scratch);
    }
    finish_predictions(*spec_, out);
  }

  Result<std::vector<Contribution>> explain(const TowerInputs& inputs, size_t row,
                                            size_t unit) const override {
    CHECK(unit < static_cast<size_t>(spec_->units()), "a unit is one of the model's");
    std::vector<Contribution> all;
    bool linear = false;
    for (const auto& part : parts_) {
      const TowerRows rows{input_of(inputs, part.dnn), row, row + 1};
      if (part.tower->explain(rows, unit, all)) {
        linear = true;
        continue;
      }
      std::vector<float> logits(static_cast<size_t>(spec_->units()), 0.0F);
      std::vector<float> scratch;
      part.tower->add_logits(rows, logits, scratch);
      all.push_back({"dnn", -1, 1, logits[unit]});
    }
    if (linear) return all;
    return Error(Code::kUnsupported, "a DNN's predictions are not sums of its features'",
                 "Explain a linear or a combined model.");
  }

  std::vector<Variable> variables() const override {
    std::vector<Variable> all;
    for (const auto& part : parts_) part.tower->add_variables(all);
    return all;
  }

 private:
  friend class EstimatorTrainer;
  struct Part {
    std::shared_ptr<const PublishedTower> tower;
    bool dnn;
  };

  std::shared_ptr<const EstimatorSpec> spec_;
  std::vector<Part> parts_;
  int64_t global_step_ = 0;
  int64_t examples_ = 0;
};

/// Its kind and the arrays it keeps.
std::string optimizer_identity(const OptimizerSpec& spec) {
  std::string text(facts_of(spec.kind).name);
  for (const auto& slot : slot_names(spec)) text += " " + slot;
  return text;
}

/// What makes two models the same but for what they learned, one `name=value` a line.
std::string identity_of(const EstimatorSpec& spec, const TowerLayouts& layouts) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += std::string(name) + "=" + value + "\n";
  };
  line("kind", std::to_string(static_cast<int>(spec.kind)));
  line("n_classes", std::to_string(spec.n_classes));
  line("label_dimension", std::to_string(spec.label_dimension));
  line("loss_reduction", std::to_string(static_cast<int>(spec.loss_reduction)));
  line("sparse_combiner", std::to_string(static_cast<int>(spec.sparse_combiner)));
  line("linear_optimizer", optimizer_identity(spec.linear_optimizer));
  if (!layouts.dnn.empty()) {
    line("dnn_optimizer", optimizer_identity(spec.dnn_optimizer));
    for (const int64_t units : spec.hidden_units) line("hidden_units", std::to_string(units));
    line("activation", std::to_string(static_cast<int>(spec.activation)));
    line("batch_norm", spec.batch_norm ? "1" : "0");
  }
  for (const auto& word : spec.label_vocabulary) {
    line("label_vocabulary", std::to_string(word.size()) + ":" + word);
  }
  for (const auto* tower : {&layouts.linear, &layouts.dnn}) {
    for (const auto& block : *tower) {
      line(tower == &layouts.linear ? "linear" : "dnn",
           block.name + (block.sparse ? " sparse " : " dense ") +
               (block.multi_hot ? "multi-hot " : "") + (block.standard ? "standard " : "") +
               std::to_string(block.width) + " " + std::to_string(block.table_rows) + " " +
               std::to_string(static_cast<int>(block.combiner)) + " " + block.table);
    }
  }
  return text;
}

/// The first line in which two identities differ, for a message.
std::string first_difference(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const auto line_a = a.substr(0, a.find('\n'));
    const auto line_b = b.substr(0, b.find('\n'));
    if (line_a != line_b) {
      const auto shown = [](std::string_view line) {
        return line.empty() ? std::string("nothing") : "\"" + std::string(line) + "\"";
      };
      return "it has " + shown(line_a) + " where the model has " + shown(line_b);
    }
    a.remove_prefix(std::min(a.size(), line_a.size() + 1));
    b.remove_prefix(std::min(b.size(), line_b.size() + 1));
  }
  return {};
}

bool is_moving_statistic(std::string_view name) {
  return name.ends_with("/moving_mean") || name.ends_with("/moving_variance");
}

bool is_statistic(std::string_view name) {
  return is_moving_statistic(name) || is_standard_statistic(name);
}

Status assign_schedule(OptimizerSpec& optimizer, const Variable& variable) {
  const auto schedule = schedule_of(variable.values);
  if (!schedule)
    return Error(Code::kInvalidArgument, "variable \"" + variable.name + "\" is no schedule");
  optimizer.schedule = *schedule;
  return {};
}

class EstimatorTrainer : public Trainer {
 public:
  struct Part {
    std::unique_ptr<Tower> tower;
    bool dnn;
    std::string scope;  // of its optimizer's variables: "training/Ftrl/"
  };

  EstimatorTrainer(const EstimatorSpec& spec, const TowerLayouts& layouts, std::vector<Part> parts)
      : spec_(std::make_shared<EstimatorSpec>(spec)),
        identity_(identity_of(spec, layouts)),
        parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      for (const Parameter* parameter : part.tower->parameters())
        if (is_statistic(parameter->name())) statistics_.push_back(parameter);
    }
  }

  const EstimatorSpec& spec() const override { return *spec_; }
  int64_t global_step() const override { return global_step_; }
  int64_t examples() const override { return examples_; }

  double learn(const TowerInputs& inputs, const Labels& labels, size_t begin, size_t end,
               Predictions& out) override {
    CHECK(begin < end, "a step has rows");
    begin_predictions(end - begin, static_cast<size_t>(spec_->units()), out);
    // First, since a training pass moves the statistics of batch normalization.
    const bool differs = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
      return part.tower->differs_in_training();
    });
    for (const auto& part : parts_) {
      if (differs) part.tower->add_logits({input_of(inputs, part.dnn), begin, end}, out.logits);
    }
    training_logits_.assign(out.logits.size(), 0.0F);
    for (const auto& part : parts_) {
      part.tower->add_training_logits({input_of(inputs, part.dnn), begin, end}, training_logits_,
                                      global_step_);
    }
    if (!differs) out.logits = training_logits_;
    // What the step computes of these very logits need not be computed again for the metrics.
    const bool binary = spec_->is_classifier() && out.units == 1;
    if (!differs && binary) out.losses.resize(out.rows);
    gradient_.resize(out.logits.size());
    const float loss =
        loss_and_gradient(*spec_, training_logits_, {labels, begin, end}, gradient_, out.losses);
    for (const auto& part : parts_) {
      part.tower->learn({input_of(inputs, part.dnn), begin, end}, gradient_, global_step_);
    }
    finish_predictions(*spec_, out);
    ++global_step_;
    examples_ += static_cast<int64_t>(end - begin);
    return static_cast<double>(loss);
  }

  std::string not_finite() const override {
    for (const auto& part : parts_) {
      if (const Parameter* parameter = part.tower->optimizer().not_finite(); parameter != nullptr)
        return parameter->name();
    }
    for (const Parameter* parameter : statistics_)
      if (!all_finite(parameter->values())) return parameter->name();
    return {};
  }

  std::shared_ptr<const Model> publish() override {
    auto model = std::make_shared<PublishedModel>();
    model->spec_ = spec_;
    model->global_step_ = global_step_;
    model->examples_ = examples_;
    for (const auto& part : parts_) model->parts_.push_back({part.tower->publish(), part.dnn});
    return model;
  }

  std::string save() const override;
  Status load(std::string_view bytes) override;
  std::vector<Variable> variables() const override;
  std::vector<Variable> settings() const override;
  std::vector<std::string> trained_names() const override;
  Status assign(const Variable& variable) override;

 private:
  /// A hyperparameter by its checkpoint name, or null.
  float* hyperparameter(std::string_view name);
  /// A weight or a slot by its checkpoint name; `*slot` is -1 for the weight itself.
  Parameter* find_array(std::string_view name, int* slot);
  void read_state(SnapshotReader& reader, bool keep);

  std::shared_ptr<const EstimatorSpec> spec_;
  std::string identity_;
  std::vector<Part> parts_;
  std::vector<const Parameter*> statistics_;  // what no optimizer writes
  int64_t global_step_ = 0;
  int64_t examples_ = 0;
  std::vector<float> training_logits_;
  std::vector<float> gradient_;
};

std::string EstimatorTrainer::save() const {
  SnapshotWriter writer(kModelMagic);
  writer.add_text(identity_);
  writer.add_i64(global_step_);
  writer.add_i64(examples_);
  for (const auto& part : parts_) {
    const OptimizerSpec& optimizer = part.tower->optimizer().spec();
    for (const auto* argument : saved_arguments(optimizer)) {
      writer.add_f32(optimizer.*argument->number);
    }
    for (const float number : numbers_of(optimizer.schedule)) writer.add_f32(number);
    const auto slots = part.tower->optimizer().slots();
    for (const Parameter* parameter : part.tower->parameters()) {
      writer.add_text(parameter->name());
      writer.add_floats(parameter->values(), 0);
      for (size_t i = 0; i < parameter->slot_count(); ++i) {
        writer.add_floats(parameter->slot(i), slots[i].initial);
      }
    }
  }
  return writer.finish();
}

void EstimatorTrainer::read_state(SnapshotReader& reader, bool keep) {
  const int64_t global_step = reader.i64();
  const int64_t examples = reader.i64();
  if (keep) {
    global_step_ = global_step;
    examples_ = examples;
  }
  for (const auto& part : parts_) {
    OptimizerSpec& optimizer = part.tower->optimizer().mutable_spec();
    for (const auto* argument : saved_arguments(optimizer)) {
      const float value = reader.f32();
      if (keep) optimizer.*argument->number = value;
    }
    std::array<float, kScheduleNumbers> numbers;
    for (float& number : numbers) number = reader.f32();
    const auto schedule = schedule_of(numbers);
    if (!schedule) reader.fail();
    if (keep && schedule) optimizer.schedule = *schedule;
    const auto slots = part.tower->optimizer().slots();
    for (Parameter* parameter : part.tower->parameters()) {
      reader.text();  // its name, for people who look into the bytes; the identity was compared
      const size_t count = parameter->values().size();
      if (!keep) {
        for (size_t i = 0; i <= parameter->slot_count(); ++i) {
          reader.skip_floats(count, i == 0 ? 0.0F : slots[i - 1].initial);
        }
        continue;
      }
      parameter->touch_all();
      reader.floats(parameter->values(), 0);
      for (size_t i = 0; i < parameter->slot_count(); ++i) {
        reader.floats(parameter->slot(i), slots[i].initial);
      }
    }
  }
}

Status EstimatorTrainer::load(std::string_view bytes) {
  TRY(auto reader, SnapshotReader::open(kModelMagic, bytes));
  const auto identity = reader.text();
  if (reader.ok() && identity != identity_) {
    return Error(Code::kInvalidArgument,
                 "the snapshot is of another model: " + first_difference(identity, identity_));
  }
  // Read once without keeping anything, so that a damaged snapshot leaves the model as it is.
  SnapshotReader check = reader;
  read_state(check, false);
  if (!check.ok() || !check.at_end()) {
    return Error(Code::kDataLoss, "the snapshot is damaged: its arrays do not fit the model");
  }
  read_state(reader, true);
  return {};
}

std::vector<Variable> EstimatorTrainer::variables() const {
  std::vector<Variable> all;
  const auto copied = [](std::span<const float> values) {
    return std::vector<float>(values.begin(), values.end());
  };
  for (const auto& part : parts_) {
    const std::string& scope = part.scope;
    const OptimizerSpec& optimizer = part.tower->optimizer().spec();
    for (const auto* argument : saved_arguments(optimizer)) {
      // As in a checkpoint.
      const bool scheduled = argument->number == &OptimizerSpec::learning_rate &&
                             optimizer.schedule.kind != ScheduleKind::kNone;
      if (argument->altered || scheduled) continue;
      all.push_back({scope + std::string(argument->variable), {}, {optimizer.*argument->number}});
    }
    const auto slots = part.tower->optimizer().slots();
    for (const Parameter* parameter : part.tower->parameters()) {
      all.push_back({parameter->name(), parameter->shape(), copied(parameter->values())});
      for (size_t i = 0; i < parameter->slot_count(); ++i) {
        all.push_back({scope + parameter->name() + "/" + std::string(slots[i].name),
                       parameter->shape(), copied(parameter->slot(i))});
      }
    }
  }
  return all;
}

std::vector<Variable> EstimatorTrainer::settings() const {
  std::vector<Variable> all;
  for (const auto& part : parts_) {
    const OptimizerSpec& optimizer = part.tower->optimizer().spec();
    for (const auto* argument : saved_arguments(optimizer)) {
      if (argument->state) continue;
      all.push_back(
          {part.scope + std::string(argument->variable), {}, {optimizer.*argument->number}});
    }
    const auto schedule = numbers_of(optimizer.schedule);
    all.push_back({part.scope + std::string(kSchedule),
                   {static_cast<int64_t>(schedule.size())},
                   {schedule.begin(), schedule.end()}});
  }
  return all;
}

std::vector<std::string> EstimatorTrainer::trained_names() const {
  std::vector<std::string> names;
  for (const auto& part : parts_) {
    for (const Parameter* parameter : part.tower->parameters()) {
      if (!is_moving_statistic(parameter->name())) names.push_back(parameter->name());
    }
  }
  return names;
}

float* EstimatorTrainer::hyperparameter(std::string_view name) {
  for (const auto& part : parts_) {
    OptimizerSpec& optimizer = part.tower->optimizer().mutable_spec();
    for (const auto* argument : saved_arguments(optimizer)) {
      const bool same = name == part.scope + std::string(argument->variable);
      if (same) return &(optimizer.*argument->number);
    }
  }
  return nullptr;
}

Parameter* EstimatorTrainer::find_array(std::string_view name, int* slot) {
  for (const auto& part : parts_) {
    const std::string& scope = part.scope;
    const auto slots = part.tower->optimizer().slots();
    for (Parameter* parameter : part.tower->parameters()) {
      *slot = -1;
      if (name == parameter->name()) return parameter;
      for (size_t i = 0; i < parameter->slot_count(); ++i) {
        *slot = static_cast<int>(i);
        if (name == scope + parameter->name() + "/" + std::string(slots[i].name)) return parameter;
      }
    }
  }
  return nullptr;
}

Status EstimatorTrainer::assign(const Variable& variable) {
  if (float* number = hyperparameter(variable.name); number != nullptr) {
    if (!variable.shape.empty() || variable.values.size() != 1) {
      return Error(Code::kInvalidArgument, "variable \"" + variable.name + "\" is one number");
    }
    *number = variable.values[0];
    return {};
  }
  for (const auto& part : parts_) {
    if (variable.name == part.scope + std::string(kSchedule))
      return assign_schedule(part.tower->optimizer().mutable_spec(), variable);
  }
  int slot = -1;
  Parameter* parameter = find_array(variable.name, &slot);
  if (parameter == nullptr) {
    return Error(Code::kNotFound, "variable \"" + variable.name + "\" does not exist");
  }
  if (variable.shape != parameter->shape() ||
      variable.values.size() != parameter->values().size()) {
    return Error(Code::kInvalidArgument, "variable \"" + variable.name + "\" has another shape");
  }
  parameter->touch_all();
  const auto to = slot < 0 ? parameter->values() : parameter->slot(static_cast<size_t>(slot));
  std::copy(variable.values.begin(), variable.values.end(), to.begin());
  return {};
}

}  // namespace

Result<std::unique_ptr<Trainer>> Trainer::create(const EstimatorSpec& spec,
                                                 const TowerLayouts& layouts) {
  // TensorFlow makes the DNN's optimizer first; a second one of the same kind gets a number.
  std::vector<EstimatorTrainer::Part> parts;
  const bool has_dnn = !layouts.dnn.empty();
  if (has_dnn) {
    TRY(auto dnn, make_dnn_tower(spec, layouts.dnn));
    const std::string name(facts_of(spec.dnn_optimizer.kind).name);
    parts.push_back({std::move(dnn), true, "training/" + name + "/"});
  }
  if (!layouts.linear.empty() || !has_dnn) {
    TRY(auto linear, make_linear_tower(spec, layouts.linear));
    const std::string name(facts_of(spec.linear_optimizer.kind).name);
    const bool second = has_dnn && spec.dnn_optimizer.kind == spec.linear_optimizer.kind;
    parts.push_back({std::move(linear), false, "training/" + name + (second ? "_1/" : "/")});
  }
  return std::unique_ptr<Trainer>(
      std::make_unique<EstimatorTrainer>(spec, layouts, std::move(parts)));
}

Status warm_start(Trainer& trainer, const std::vector<Variable>& from) {
  std::vector<std::string_view> known;
  for (const auto& variable : from) known.push_back(variable.name);
  std::map<std::string, std::vector<int64_t>, std::less<>> shapes;
  for (const auto& variable : trainer.variables()) shapes[variable.name] = variable.shape;
  std::vector<const Variable*> taken;
  for (const auto& name : trainer.trained_names()) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      // Its other variables have their own counterparts here.
      std::erase_if(known, [&](std::string_view other) { return shapes.contains(other); });
      return Error(Code::kNotFound, "the model to start from has no variable \"" + name + "\"",
                   did_you_mean(name, known));
    }
    const Variable& variable = from[static_cast<size_t>(found - known.begin())];
    size_t elements = 1;
    for (const int64_t extent : variable.shape) elements *= static_cast<size_t>(extent);
    if (variable.shape != shapes[name] || variable.values.size() != elements) {
      return Error(Code::kInvalidArgument,
                   "variable \"" + name + "\" has another shape in the model to start from");
    }
    taken.push_back(&variable);
  }
  for (const Variable* variable : taken) TRY_OK(trainer.assign(*variable));
  return {};
}

}  // namespace millrace::estimator
