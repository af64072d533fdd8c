#include "estimator/optimizer_spec.h"

#include <array>
#include <limits>
#include <vector>

#include "base/check.h"
#include "data/schema.h"

namespace millrace::estimator {
namespace {

using Spec = OptimizerSpec;

constexpr double kMost = std::numeric_limits<float>::max();
constexpr double kTiny = std::numeric_limits<float>::min();

constexpr OptimizerArgument number(std::string_view name, float Spec::*member, double least,
                                   double most, bool saved) {
  return {name, member, nullptr, least, most, saved};
}

constexpr OptimizerArgument flag(std::string_view name, bool Spec::*member) {
  return {name, nullptr, member, 0, 1, false};
}

constexpr auto kLearningRate = number("learning_rate", &Spec::learning_rate, kTiny, kMost, true);
constexpr auto kDecay = number("decay", &Spec::decay, 0, kMost, true);
constexpr auto kClipnorm = number("clipnorm", &Spec::clipnorm, 0, kMost, false);
constexpr auto kClipvalue = number("clipvalue", &Spec::clipvalue, 0, kMost, false);
constexpr auto kEpsilon = number("epsilon", &Spec::epsilon, 0, kMost, false);
constexpr auto kAccumulator =
    number("initial_accumulator_value", &Spec::initial_accumulator_value, 0, kMost, false);
constexpr auto kMomentum = number("momentum", &Spec::momentum, 0, 1, true);
constexpr auto kRho = number("rho", &Spec::rho, 0, 1, true);
constexpr auto kBeta1 = number("beta_1", &Spec::beta_1, 0, 1, true);
constexpr auto kBeta2 = number("beta_2", &Spec::beta_2, 0, 1, true);

constexpr OptimizerArgument kFtrl[] = {
    kLearningRate,
    number("learning_rate_power", &Spec::learning_rate_power, -kMost, 0, true),
    kAccumulator,
    number("l1_regularization_strength", &Spec::l1_regularization_strength, 0, kMost, true),
    number("l2_regularization_strength", &Spec::l2_regularization_strength, 0, kMost, true),
    number("l2_shrinkage_regularization_strength", &Spec::l2_shrinkage_regularization_strength, 0,
           kMost, false),
    number("beta", &Spec::beta, 0, kMost, true),
    kDecay,
    kClipnorm,
    kClipvalue,
};
constexpr OptimizerArgument kAdagrad[] = {kLearningRate, kAccumulator, kEpsilon,
                                          kDecay,        kClipnorm,    kClipvalue};
constexpr OptimizerArgument kAdam[] = {
    kLearningRate, kBeta1,    kBeta2,    kEpsilon, flag("amsgrad", &Spec::amsgrad),
    kDecay,        kClipnorm, kClipvalue};
constexpr OptimizerArgument kSgd[] = {kLearningRate, kMomentum, flag("nesterov", &Spec::nesterov),
                                      kDecay,        kClipnorm, kClipvalue};
constexpr OptimizerArgument kRmsprop[] = {
    kLearningRate, kRho,      kMomentum, kEpsilon, flag("centered", &Spec::centered),
    kDecay,        kClipnorm, kClipvalue};

constexpr std::array<OptimizerFacts, 8> kOptimizers = {{
    {OptimizerKind::kFtrl, "Ftrl", true, 0.001F, kFtrl, true},
    {OptimizerKind::kAdagrad, "Adagrad", true, 0.001F, kAdagrad, true},
    {OptimizerKind::kAdam, "Adam", true, 0.001F, kAdam, true},
    {OptimizerKind::kSgd, "SGD", true, 0.01F, kSgd, true},
    {OptimizerKind::kRmsprop, "RMSprop", true, 0.001F, kRmsprop, true},
    {OptimizerKind::kAdadelta, "Adadelta", false, 0.001F, {}, false},
    {OptimizerKind::kAdamax, "Adamax", false, 0.001F, {}, false},
    {OptimizerKind::kNadam, "Nadam", false, 0.001F, {}, false},
}};

Error wrong(const Argument& at, Code code, std::string message, std::string hint = {}) {
  Error error(code, std::move(message), std::move(hint));
  error.position = at.position;
  return error;
}

Result<const OptimizerFacts*> find_optimizer(const Argument& value) {
  std::vector<std::string_view> names;
  for (const auto& facts : kOptimizers) {
    if (same_name(facts.name, value.text)) {
      if (facts.built) return &facts;
      return wrong(value, Code::kUnsupported,
                   "optimizer \"" + std::string(facts.name) + "\" is not supported");
    }
    names.push_back(facts.name);
  }
  return wrong(value, Code::kNotFound, "optimizer \"" + value.text + "\" does not exist",
               did_you_mean(value.text, names));
}

Result<const OptimizerArgument*> find_argument(const OptimizerFacts& facts, const Argument& given,
                                               size_t index) {
  if (given.name.empty()) {
    if (index < facts.arguments.size()) return &facts.arguments[index];
    return wrong(given, Code::kInvalidArgument,
                 "optimizer " + std::string(facts.name) + " takes at most " +
                     std::to_string(facts.arguments.size()) + " arguments");
  }
  std::vector<std::string_view> names;
  for (const auto& argument : facts.arguments) {
    if (same_name(argument.name, given.name)) return &argument;
    names.push_back(argument.name);
  }
  return wrong(given, Code::kNotFound,
               "optimizer " + std::string(facts.name) + " has no argument \"" + given.name + "\"",
               did_you_mean(given.name, names));
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
  return {};
}

}  // namespace

const OptimizerFacts& facts_of(OptimizerKind kind) {
  const auto& facts = kOptimizers[static_cast<size_t>(kind)];
  CHECK(facts.kind == kind, "the optimizer table is in the order of the enum");
  return facts;
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
  OptimizerSpec spec;
  spec.kind = facts->kind;
  spec.learning_rate = call ? facts->learning_rate : learning_rate.value_or(facts->learning_rate);
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
  return spec;
}

}  // namespace millrace::estimator
