#include "estimator/optimizer_spec.h"

#include <array>
#include <vector>

#include "base/check.h"
#include "data/schema.h"
#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

using Spec = OptimizerSpec;

/// `variable` is its name in checkpoints, if it is there.
constexpr OptimizerArgument number(std::string_view name, float Spec::*member, double least,
                                   double most, std::string_view variable = {}) {
  return {name, member, nullptr, least, most, variable, false, false};
}

constexpr OptimizerArgument saved(std::string_view name, float Spec::*member, double least,
                                  double most) {
  return number(name, member, least, most, name);
}

constexpr OptimizerArgument altered(std::string_view name, float Spec::*member, double least,
                                    double most) {
  return {name, member, nullptr, least, most, name, false, true};
}

constexpr OptimizerArgument flag(std::string_view name, bool Spec::*member) {
  return {name, nullptr, member, 0, 1, {}, false, false};
}

constexpr auto kLearningRate = saved("learning_rate", &Spec::learning_rate, kFloatMin, kFloatMax);
constexpr auto kDecay = saved("decay", &Spec::decay, 0, kFloatMax);
constexpr auto kClipnorm = altered("clipnorm", &Spec::clipnorm, kFloatMin, kFloatMax);
constexpr auto kClipvalue = altered("clipvalue", &Spec::clipvalue, kFloatMin, kFloatMax);
constexpr auto kGlobalClipnorm =
    altered("global_clipnorm", &Spec::global_clipnorm, kFloatMin, kFloatMax);
constexpr auto kEpsilon = altered("epsilon", &Spec::epsilon, 0, kFloatMax);
constexpr auto kAccumulator =
    number("initial_accumulator_value", &Spec::initial_accumulator_value, 0, kFloatMax);
constexpr auto kMomentum = saved("momentum", &Spec::momentum, 0, 1);
constexpr auto kRho = saved("rho", &Spec::rho, 0, 1);
constexpr auto kBeta1 = saved("beta_1", &Spec::beta_1, 0, 1);
constexpr auto kBeta2 = saved("beta_2", &Spec::beta_2, 0, 1);

constexpr OptimizerArgument kFtrl[] = {
    kLearningRate,
    saved("learning_rate_power", &Spec::learning_rate_power, -kFloatMax, 0),
    kAccumulator,
    saved("l1_regularization_strength", &Spec::l1_regularization_strength, 0, kFloatMax),
    saved("l2_regularization_strength", &Spec::l2_regularization_strength, 0, kFloatMax),
    altered("l2_shrinkage_regularization_strength", &Spec::l2_shrinkage_regularization_strength, 0,
            kFloatMax),
    saved("beta", &Spec::beta, 0, kFloatMax),
    kDecay,
    kClipnorm,
    kClipvalue,
    kGlobalClipnorm,
};
constexpr OptimizerArgument kAdagrad[] = {kLearningRate, kAccumulator, kEpsilon,       kDecay,
                                          kClipnorm,     kClipvalue,   kGlobalClipnorm};
constexpr OptimizerArgument kAdam[] = {
    kLearningRate, kBeta1,    kBeta2,     kEpsilon,       flag("amsgrad", &Spec::amsgrad),
    kDecay,        kClipnorm, kClipvalue, kGlobalClipnorm};
constexpr OptimizerArgument kSgd[] = {kLearningRate,  kMomentum, flag("nesterov", &Spec::nesterov),
                                      kDecay,         kClipnorm, kClipvalue,
                                      kGlobalClipnorm};
constexpr OptimizerArgument kRmsprop[] = {
    kLearningRate, kRho,      kMomentum,  kEpsilon,       flag("centered", &Spec::centered),
    kDecay,        kClipnorm, kClipvalue, kGlobalClipnorm};
constexpr OptimizerArgument kAdadelta[] = {kLearningRate, kRho,       kEpsilon,       kDecay,
                                           kClipnorm,     kClipvalue, kGlobalClipnorm};
constexpr OptimizerArgument kAdamax[] = {kLearningRate, kBeta1,    kBeta2,     kEpsilon,
                                         kDecay,        kClipnorm, kClipvalue, kGlobalClipnorm};
constexpr OptimizerArgument kNadam[] = {
    kLearningRate,
    kBeta1,
    kBeta2,
    kEpsilon,
    number("schedule_decay", &Spec::decay, 0, kFloatMax, "decay"),
    kClipnorm,
    kClipvalue,
    kGlobalClipnorm,
    {"momentum_cache", &Spec::momentum_cache, nullptr, 0, 1, "momentum_cache", true, false},
};

constexpr std::array<OptimizerFacts, 8> kOptimizers = {{
    {OptimizerKind::kFtrl, "Ftrl", true, 0.001F, kFtrl},
    {OptimizerKind::kAdagrad, "Adagrad", true, 0.001F, kAdagrad},
    {OptimizerKind::kAdam, "Adam", true, 0.001F, kAdam},
    {OptimizerKind::kSgd, "SGD", true, 0.01F, kSgd},
    {OptimizerKind::kRmsprop, "RMSprop", true, 0.001F, kRmsprop},
    {OptimizerKind::kAdadelta, "Adadelta", false, 0.001F, kAdadelta},
    {OptimizerKind::kAdamax, "Adamax", false, 0.001F, kAdamax},
    {OptimizerKind::kNadam, "Nadam", false, 0.001F, kNadam},
}};

/// What a call without arguments makes.
Spec defaults_of(const OptimizerFacts& facts) {
  constexpr float kAdadeltaRho = 0.95F;
  constexpr float kNadamScheduleDecay = 0.004F;
  Spec spec;
  spec.kind = facts.kind;
  spec.learning_rate = facts.learning_rate;
  if (facts.kind == OptimizerKind::kAdadelta) spec.rho = kAdadeltaRho;
  if (facts.kind == OptimizerKind::kNadam) spec.decay = kNadamScheduleDecay;
  return spec;
}

Result<const OptimizerFacts*> find_optimizer(const Argument& value) {
  std::vector<std::string_view> names;
  for (const auto& facts : kOptimizers) {
    if (same_name(facts.name, value.text)) return &facts;
    names.push_back(facts.name);
  }
  return wrong(value, Code::kNotFound, "optimizer \"" + value.text + "\" does not exist",
               did_you_mean_or_all(value.text, names));
}

Result<const OptimizerArgument*> find_argument(const OptimizerFacts& facts, const Argument& given,
                                               size_t index) {
  std::span<const OptimizerArgument> arguments = facts.arguments;
  while (arguments.back().state) arguments = arguments.first(arguments.size() - 1);
  if (given.name.empty()) {
    if (index < arguments.size()) return &arguments[index];
    return wrong(given, Code::kInvalidArgument,
                 "optimizer " + std::string(facts.name) + " takes at most " +
                     std::to_string(arguments.size()) + " arguments");
  }
  std::vector<std::string_view> names;
  for (const auto& argument : arguments) {
    if (same_name(argument.name, given.name)) return &argument;
    names.push_back(argument.name);
  }
  return wrong(given, Code::kNotFound,
               "optimizer " + std::string(facts.name) + " has no argument \"" + given.name + "\"",
               did_you_mean_or_all(given.name, names));
}

Status read_argument(const OptimizerFacts& facts, const OptimizerArgument& argument,
                     const Argument& given, OptimizerSpec& spec) {
  if (given.form == Argument::Form::kNull) return {};
  const std::string what =
      "argument \"" + std::string(argument.name) + "\" of optimizer " + std::string(facts.name);
  if (argument.flag != nullptr) {
    if (given.form != Argument::Form::kBool) {
      return wrong(given, Code::kTypeMismatch, what + " is true or false, not " + given.to_sql());
    }
    spec.*argument.flag = same_name(given.text, "true");
    return {};
  }
  if (argument.number == &Spec::learning_rate && given.form == Argument::Form::kCall) {
    if (facts.kind == OptimizerKind::kNadam) {
      return wrong(given, Code::kUnsupported, what + " is a number: Nadam takes no schedule");
    }
    TRY(spec.schedule, make_schedule(given));
    return {};
  }
  const auto value = given.as_number();
  if (!value) {
    return wrong(given, Code::kTypeMismatch, what + " is a number, not " + given.to_sql());
  }
  const auto rounded = static_cast<float>(*value);
  if (!(*value >= argument.least && *value <= argument.most) ||
      (argument.least > 0 && rounded <= 0)) {
    const std::string bounds = argument.most <= 0   ? "at most 0"
                               : argument.least > 0 ? "above 0"
                               : argument.most == 1 ? "between 0 and 1"
                                                    : "at least 0";
    return wrong(given, Code::kInvalidArgument, what + " must be " + bounds);
  }
  spec.*argument.number = rounded;
  // Keras takes its own epsilon where 0 is given.
  if (argument.number == &Spec::epsilon && rounded == 0) spec.epsilon = Spec{}.epsilon;
  return {};
}

}  // namespace

const OptimizerFacts& facts_of(OptimizerKind kind) {
  const auto& facts = kOptimizers[static_cast<size_t>(kind)];
  CHECK(facts.kind == kind, "the optimizer table is in the order of the enum");
  return facts;
}

std::vector<const OptimizerArgument*> saved_arguments(const OptimizerSpec& spec) {
  std::vector<const OptimizerArgument*> all;
  for (const auto& argument : facts_of(spec.kind).arguments) {
    if (!argument.variable.empty()) all.push_back(&argument);
  }
  return all;
}

std::vector<std::string> slot_names(const OptimizerSpec& spec) {
  std::vector<std::string> names;
  for (const auto& slot : Optimizer::make(spec)->slots()) names.emplace_back(slot.name);
  return names;
}

Result<OptimizerSpec> make_optimizer_spec(const Argument& value,
                                          std::optional<float> learning_rate) {
  const bool call = value.form == Argument::Form::kCall;
  if (!call && !value.as_word()) {
    return wrong(value, Code::kTypeMismatch, value.to_sql() + " is not an optimizer",
                 "Write Ftrl, or Ftrl(learning_rate => 0.2).");
  }
  TRY(const OptimizerFacts* facts, find_optimizer(value));
  if (!call && !facts->by_name) {
    return wrong(value, Code::kInvalidArgument,
                 "optimizer \"" + std::string(facts->name) + "\" cannot be given by its name alone",
                 "Write " + std::string(facts->name) + "().");
  }
  OptimizerSpec spec = defaults_of(*facts);
  if (!call && learning_rate) spec.learning_rate = *learning_rate;
  std::vector<bool> given(facts->arguments.size(), false);
  for (size_t i = 0; i < value.items.size(); ++i) {
    TRY(const OptimizerArgument* argument, find_argument(*facts, value.items[i], i));
    const auto index = static_cast<size_t>(argument - facts->arguments.data());
    if (given[index]) {
      return wrong(value.items[i], Code::kInvalidArgument,
                   "argument \"" + std::string(argument->name) + "\" is given twice");
    }
    given[index] = true;
    TRY_OK(read_argument(*facts, *argument, value.items[i], spec));
  }
  if (spec.clipnorm > 0 && spec.global_clipnorm > 0) {
    return wrong(
        value, Code::kInvalidArgument,
        "optimizer " + std::string(facts->name) + " takes clipnorm or global_clipnorm, not both");
  }
  return spec;
}

}  // namespace millrace::estimator
