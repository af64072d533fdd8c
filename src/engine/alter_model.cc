#include "engine/alter_model.h"

#include <algorithm>
#include <charconv>

#include "data/schema.h"
#include "estimator/optimizer_spec.h"

namespace millrace::engine {
namespace {

using estimator::OptimizerSpec;

constexpr std::string_view kRetention[] = {"keep_versions", "keep_for"};

/// An optimizer of the model, under the argument that gives it.
struct OptimizerOf {
  std::string argument;
  const OptimizerSpec* spec;
};

std::vector<OptimizerOf> optimizers_of(const ModelEntry& model) {
  using Kind = estimator::EstimatorKind;
  const auto& spec = model.spec();
  switch (spec.kind) {
    case Kind::kLinearClassifier:
    case Kind::kLinearRegressor:
      return {{"optimizer", &spec.linear_optimizer}};
    case Kind::kDnnClassifier:
    case Kind::kDnnRegressor:
      return {{"optimizer", &spec.dnn_optimizer}};
    case Kind::kDnnLinearCombinedClassifier:
    case Kind::kDnnLinearCombinedRegressor:
      break;
  }
  return {{"linear_optimizer", &spec.linear_optimizer}, {"dnn_optimizer", &spec.dnn_optimizer}};
}

/// Sets a named item of a call, in its place or behind the others.
Argument& named_item(Argument& call, const std::string& name) {
  const auto at = std::find_if(call.items.begin(), call.items.end(),
                               [&](const auto& item) { return same_name(item.name, name); });
  if (at != call.items.end()) return *at;
  Argument item;
  item.name = name;
  call.items.push_back(std::move(item));
  return call.items.back();
}

void set_value(Argument& item, const Argument& value) {
  const std::string name = item.name;
  item = value;
  item.name = name;
}

std::string number_text(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

class Alteration {
 public:
  explicit Alteration(const ModelEntry& model)
      : model_(model), definition_(model.definition()), optimizers_(optimizers_of(model)) {}

  Status apply(const ModelSetting& setting);
  const ModelDefinition& definition() const { return definition_; }

 private:
  Status apply_to(const OptimizerOf& optimizer, std::string_view name, const ModelSetting& setting);
  Error unknown(const ModelSetting& setting) const;
  /// What stands before an optimizer's settings where there are two.
  std::string prefix_of(const OptimizerOf& optimizer) const {
    return optimizers_.size() > 1 ? optimizer.argument + "." : "";
  }

  const ModelEntry& model_;
  ModelDefinition definition_;
  std::vector<OptimizerOf> optimizers_;
};

Error Alteration::unknown(const ModelSetting& setting) const {
  const std::string what = "setting \"" + setting.name + "\" of model \"" + model_.name().name;
  bool argument = definition_.estimator.find(setting.name) != nullptr;
  for (const auto& optimizer : optimizers_) {
    for (const auto& one : estimator::facts_of(optimizer.spec->kind).arguments) {
      const std::string name = prefix_of(optimizer) + std::string(one.name);
      argument |= !one.state && same_name(name, setting.name);
    }
  }
  if (argument)
    return Error(Code::kUnsupported, what + "\" cannot be altered",
                 "It is what the model is; CREATE OR REPLACE MODEL makes another one.");
  std::vector<std::string> names(std::begin(kRetention), std::end(kRetention));
  for (const auto& optimizer : optimizers_) {
    for (const auto* one : estimator::saved_arguments(*optimizer.spec)) {
      if (!one->state) names.push_back(prefix_of(optimizer) + std::string(one->name));
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::string hint = did_you_mean(setting.name, known);
  if (hint.empty()) {
    hint = "There are";
    for (const auto& name : names) hint += (name == names.front() ? " " : ", ") + name;
    hint += ".";
  }
  return Error(Code::kNotFound, what + "\" does not exist", hint);
}

Status Alteration::apply(const ModelSetting& setting) {
  for (const auto name : kRetention) {
    if (!same_name(name, setting.name)) continue;
    set_value(named_item(definition_.estimator, std::string(name)), setting.value);
    return {};
  }
  const size_t dot = setting.name.find('.');
  if (dot == std::string::npos && optimizers_.size() == 1)
    return apply_to(optimizers_[0], setting.name, setting);
  for (const auto& optimizer : optimizers_) {
    if (dot == std::string::npos || !same_name(setting.name.substr(0, dot), optimizer.argument))
      continue;
    return apply_to(optimizer, std::string_view(setting.name).substr(dot + 1), setting);
  }
  return unknown(setting);
}

/// Ftrl(0.2, beta => 0.1): the argument may stand there by its place, by its name, or not at all;
/// and the optimizer as a bare name, or not at all.
Status Alteration::apply_to(const OptimizerOf& optimizer, std::string_view name,
                            const ModelSetting& setting) {
  const auto saved = estimator::saved_arguments(*optimizer.spec);
  const bool known = std::any_of(saved.begin(), saved.end(), [&](const auto* argument) {
    return !argument->state && same_name(argument->name, name);
  });
  if (!known) return unknown(setting);
  const auto& facts = estimator::facts_of(optimizer.spec->kind);
  Argument& call = named_item(definition_.estimator, optimizer.argument);
  const std::string argument_name = call.name;
  if (call.form != Argument::Form::kCall) {
    call = Argument();
    call.name = argument_name;
    call.form = Argument::Form::kCall;
    call.text = facts.name;
    // A bare name has the learning rate that the estimator gives it; a call would have Keras's.
    Argument rate;
    rate.form = Argument::Form::kNumber;
    rate.text = number_text(optimizer.spec->learning_rate);
    set_value(named_item(call, "learning_rate"), rate);
  }
  for (size_t place = 0; place < call.items.size() && place < facts.arguments.size(); ++place) {
    if (!call.items[place].name.empty() || !same_name(facts.arguments[place].name, name)) continue;
    set_value(call.items[place], setting.value);
    return {};
  }
  set_value(named_item(call, std::string(name)), setting.value);
  return {};
}

/// momentum: an optimizer has an array for it, or has none.
Status check_slots(const ModelEntry& before, const ModelEntry& after) {
  const auto old_ones = optimizers_of(before);
  const auto new_ones = optimizers_of(after);
  for (size_t i = 0; i < old_ones.size(); ++i) {
    if (estimator::slot_names(*old_ones[i].spec) == estimator::slot_names(*new_ones[i].spec))
      continue;
    return Error(Code::kUnsupported,
                 "momentum of model \"" + before.name().name + "\" cannot be altered " +
                     (old_ones[i].spec->momentum > 0 ? "to 0" : "from 0"),
                 "With momentum an optimizer keeps an array beside the weights; CREATE OR REPLACE "
                 "MODEL makes a model that has it or has it not.");
  }
  return {};
}

Result<std::vector<estimator::Variable>> hyperparameters_of(const ModelEntry& model) {
  TRY(const auto trainer, estimator::Trainer::create(model.spec(), model.columns().layouts()));
  return trainer->settings();
}

/// Checked as CREATE MODEL checks it.
Result<std::shared_ptr<ModelEntry>> entry_altered(const ModelDefinition& definition) {
  constexpr std::string_view kCreate = "cannot create";
  auto entry = ModelEntry::make(definition);
  if (entry) return entry;
  Error error = std::move(entry).error();
  if (error.message.starts_with(kCreate)) error.message.replace(0, kCreate.size(), "cannot alter");
  return error;
}

}  // namespace

Result<std::vector<estimator::Variable>> hyperparameters_of(const ModelDefinition& definition) {
  TRY(const auto entry, ModelEntry::make(definition));
  return hyperparameters_of(*entry);
}

Result<AlteredModel> alter_model(const ModelEntry& model,
                                 const std::vector<ModelSetting>& settings) {
  Alteration alteration(model);
  for (const auto& setting : settings) TRY_OK(alteration.apply(setting));
  AlteredModel altered;
  altered.definition = alteration.definition();
  TRY(const auto after, entry_altered(altered.definition));
  altered.retention = after->retention();
  TRY_OK(check_slots(model, *after));
  TRY(const auto old_values, hyperparameters_of(model.definition()));
  TRY(auto new_values, hyperparameters_of(*after));
  CHECK(old_values.size() == new_values.size(), "a setting changes numbers, not the optimizer");
  for (size_t i = 0; i < new_values.size(); ++i) {
    if (new_values[i].values != old_values[i].values)
      altered.variables.push_back(std::move(new_values[i]));
  }
  return altered;
}

}  // namespace millrace::engine
