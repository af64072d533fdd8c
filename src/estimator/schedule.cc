#include "estimator/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <span>
#include <vector>

#include "data/schema.h"

namespace millrace::estimator {
namespace {

constexpr float Schedule::*kNumbers[] = {
    &Schedule::initial_learning_rate, &Schedule::decay_steps, &Schedule::decay_rate,
    &Schedule::end_learning_rate,     &Schedule::power,       &Schedule::alpha,
    &Schedule::warmup_target,         &Schedule::warmup_steps};
constexpr bool Schedule::*kFlags[] = {&Schedule::staircase, &Schedule::cycle};
static_assert(1 + std::size(kNumbers) + std::size(kFlags) == kScheduleNumbers);
constexpr float kPi = 3.14159265358979F;

/// One argument: a number or a flag of Schedule.
struct ScheduleArgument {
  std::string_view name;
  float Schedule::*number = nullptr;
  bool Schedule::*flag = nullptr;
  double least = 0;
  double most = kFloatMax;
  bool required = false;
};

constexpr ScheduleArgument kInitial = {
    "initial_learning_rate", &Schedule::initial_learning_rate, nullptr, 0, kFloatMax, true};
constexpr ScheduleArgument kSteps = {"decay_steps", &Schedule::decay_steps, nullptr, 1, kFloatMax,
                                     true};
constexpr ScheduleArgument kRate = {"decay_rate", &Schedule::decay_rate, nullptr, 0, kFloatMax,
                                    true};
constexpr ScheduleArgument kStaircase = {"staircase", nullptr, &Schedule::staircase};

constexpr ScheduleArgument kExponential[] = {kInitial, kSteps, kRate, kStaircase};
constexpr ScheduleArgument kPolynomial[] = {
    kInitial,
    kSteps,
    {"end_learning_rate", &Schedule::end_learning_rate, nullptr},
    {"power", &Schedule::power, nullptr, kFloatMin},
    {"cycle", nullptr, &Schedule::cycle}};
constexpr ScheduleArgument kCosine[] = {kInitial,
                                        kSteps,
                                        {"alpha", &Schedule::alpha, nullptr, 0, 1},
                                        {"warmup_target", &Schedule::warmup_target, nullptr},
                                        {"warmup_steps", &Schedule::warmup_steps, nullptr}};

struct ScheduleFacts {
  ScheduleKind kind;
  std::string_view name;
  std::span<const ScheduleArgument> arguments;
};

constexpr std::array<ScheduleFacts, 4> kSchedules = {{
    {ScheduleKind::kExponentialDecay, "ExponentialDecay", kExponential},
    {ScheduleKind::kInverseTimeDecay, "InverseTimeDecay", kExponential},
    {ScheduleKind::kPolynomialDecay, "PolynomialDecay", kPolynomial},
    {ScheduleKind::kCosineDecay, "CosineDecay", kCosine},
}};

Result<const ScheduleFacts*> find_schedule(const Argument& call) {
  std::vector<std::string_view> names;
  for (const auto& facts : kSchedules) {
    if (same_name(facts.name, call.text)) return &facts;
    names.push_back(facts.name);
  }
  return wrong(call, Code::kNotFound, "learning rate schedule \"" + call.text + "\" does not exist",
               did_you_mean_or_all(call.text, names));
}

/// The argument that the call's item `index` is for.
Result<size_t> find_argument(const ScheduleFacts& facts, const Argument& given, size_t index) {
  if (given.name.empty()) {
    if (index < facts.arguments.size()) return index;
    return wrong(given, Code::kInvalidArgument,
                 std::string(facts.name) + " takes at most " +
                     std::to_string(facts.arguments.size()) + " arguments");
  }
  std::vector<std::string_view> names;
  for (size_t i = 0; i < facts.arguments.size(); ++i) {
    if (same_name(facts.arguments[i].name, given.name)) return i;
    names.push_back(facts.arguments[i].name);
  }
  return wrong(given, Code::kNotFound,
               std::string(facts.name) + " has no argument \"" + given.name + "\"",
               did_you_mean_or_all(given.name, names));
}

std::string bounds_of(const ScheduleArgument& argument) {
  if (argument.most == 1) return "between 0 and 1";
  if (argument.least == 1) return "at least 1";
  return argument.least > 0 ? "above 0" : "at least 0";
}

Status read_argument(const ScheduleFacts& facts, const ScheduleArgument& argument,
                     const Argument& given, Schedule& schedule) {
  if (given.form == Argument::Form::kNull && !argument.required) return {};
  const std::string what =
      "argument \"" + std::string(argument.name) + "\" of " + std::string(facts.name);
  if (argument.flag != nullptr) {
    if (given.form != Argument::Form::kBool) {
      return wrong(given, Code::kTypeMismatch, what + " is true or false, not " + given.to_sql());
    }
    schedule.*argument.flag = same_name(given.text, "true");
    return {};
  }
  const auto value = given.as_number();
  if (!value) {
    return wrong(given, Code::kTypeMismatch, what + " is a number, not " + given.to_sql());
  }
  if (!(*value >= argument.least && *value <= argument.most)) {
    return wrong(given, Code::kInvalidArgument, what + " must be " + bounds_of(argument));
  }
  schedule.*argument.number = static_cast<float>(*value);
  return {};
}

float exponent_of(const Schedule& schedule, float step) {
  const float p = step / schedule.decay_steps;
  return schedule.staircase ? std::floor(p) : p;
}

float polynomial_at(const Schedule& schedule, float step) {
  float steps = schedule.decay_steps;
  if (schedule.cycle) {
    // The first multiple of decay_steps that is not below the step.
    steps *= step == 0 ? 1.0F : std::ceil(step / schedule.decay_steps);
  } else {
    step = std::min(step, steps);
  }
  return (schedule.initial_learning_rate - schedule.end_learning_rate) *
             std::pow(1 - step / steps, schedule.power) +
         schedule.end_learning_rate;
}

float cosine_at(const Schedule& schedule, float step) {
  const bool warms_up = schedule.warmup_target >= 0;
  const float warmup = warms_up ? schedule.warmup_steps : 0;
  step = std::min(step, schedule.decay_steps + warmup);
  if (step < warmup) {
    return (schedule.warmup_target - schedule.initial_learning_rate) * (step / warmup) +
           schedule.initial_learning_rate;
  }
  const float done = (step - warmup) / schedule.decay_steps;
  const float decayed = 0.5F * (1 + std::cos(kPi * done));
  const float from = warms_up ? schedule.warmup_target : schedule.initial_learning_rate;
  return from * ((1 - schedule.alpha) * decayed + schedule.alpha);
}

}  // namespace

float learning_rate_at(const Schedule& schedule, int64_t iterations) {
  const auto step = static_cast<float>(iterations);
  const float first = schedule.initial_learning_rate;
  switch (schedule.kind) {
    case ScheduleKind::kNone:
      break;
    case ScheduleKind::kExponentialDecay:
      return first * std::pow(schedule.decay_rate, exponent_of(schedule, step));
    case ScheduleKind::kInverseTimeDecay:
      return first / (1 + schedule.decay_rate * exponent_of(schedule, step));
    case ScheduleKind::kPolynomialDecay:
      return polynomial_at(schedule, step);
    case ScheduleKind::kCosineDecay:
      return cosine_at(schedule, step);
  }
  return first;
}

std::array<float, kScheduleNumbers> numbers_of(const Schedule& schedule) {
  std::array<float, kScheduleNumbers> numbers{static_cast<float>(schedule.kind)};
  size_t at = 1;
  for (const auto member : kNumbers) numbers[at++] = schedule.*member;
  for (const auto member : kFlags) numbers[at++] = schedule.*member ? 1.0F : 0.0F;
  return numbers;
}

std::optional<Schedule> schedule_of(std::span<const float> numbers) {
  if (numbers.size() != kScheduleNumbers) return std::nullopt;
  Schedule schedule;
  for (const auto kind : {ScheduleKind::kExponentialDecay, ScheduleKind::kInverseTimeDecay,
                          ScheduleKind::kPolynomialDecay, ScheduleKind::kCosineDecay}) {
    if (numbers[0] == static_cast<float>(kind)) schedule.kind = kind;
  }
  size_t at = 1;
  for (const auto member : kNumbers) schedule.*member = numbers[at++];
  for (const auto member : kFlags) schedule.*member = numbers[at++] != 0;
  const auto again = numbers_of(schedule);
  if (!std::equal(again.begin(), again.end(), numbers.begin())) return std::nullopt;
  return schedule;
}

Result<Schedule> make_schedule(const Argument& call) {
  TRY(const ScheduleFacts* facts, find_schedule(call));
  Schedule schedule;
  schedule.kind = facts->kind;
  std::vector<bool> given(facts->arguments.size(), false);
  for (size_t i = 0; i < call.items.size(); ++i) {
    TRY(const size_t index, find_argument(*facts, call.items[i], i));
    if (given[index]) {
      return wrong(call.items[i], Code::kInvalidArgument,
                   "argument \"" + std::string(facts->arguments[index].name) + "\" is given twice");
    }
    given[index] = true;
    TRY_OK(read_argument(*facts, facts->arguments[index], call.items[i], schedule));
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] || !facts->arguments[i].required) continue;
    return wrong(call, Code::kInvalidArgument,
                 "argument \"" + std::string(facts->arguments[i].name) + "\" of " +
                     std::string(facts->name) + " is missing");
  }
  return schedule;
}

}  // namespace millrace::estimator
