#include "estimator/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "estimator/optimizer_spec.h"

namespace millrace::estimator {
namespace {

using Form = Argument::Form;

Argument number(std::string name, std::string text) {
  Argument argument;
  argument.name = std::move(name);
  argument.form = Form::kNumber;
  argument.text = std::move(text);
  argument.position = 7;
  return argument;
}

Argument call(std::string function, std::vector<Argument> items, std::string name = {}) {
  Argument argument;
  argument.name = std::move(name);
  argument.form = Form::kCall;
  argument.text = std::move(function);
  argument.items = std::move(items);
  argument.position = 7;
  return argument;
}

std::string schedule_error(const Argument& argument) {
  const auto schedule = make_schedule(argument);
  EXPECT_FALSE(schedule);
  if (schedule) return {};
  EXPECT_EQ(schedule.error().position, 7);
  return schedule.error().to_string();
}

TEST(Schedule, ExponentialDecayIsReadByPlaceAndByName) {
  const auto schedule = make_schedule(
      call("exponentialdecay", {number("", "0.1"), number("", "10"), number("decay_rate", "0.5")}));
  ASSERT_TRUE(schedule);
  EXPECT_EQ(schedule->kind, ScheduleKind::kExponentialDecay);
  EXPECT_FLOAT_EQ(learning_rate_at(*schedule, 0), 0.1F);
  EXPECT_FLOAT_EQ(learning_rate_at(*schedule, 10), 0.05F);
  EXPECT_FLOAT_EQ(learning_rate_at(*schedule, 5), 0.1F * std::sqrt(0.5F));
}

TEST(Schedule, StaircaseStaysUntilTheNextStep) {
  Schedule schedule{ScheduleKind::kInverseTimeDecay, 0.1F, 10, 1};
  schedule.staircase = true;
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 9), 0.1F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 10), 0.05F);
}

TEST(Schedule, PolynomialDecayEndsOrBeginsAgain) {
  Schedule schedule{ScheduleKind::kPolynomialDecay, 0.1F, 10};
  schedule.end_learning_rate = 0.02F;
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 5), 0.06F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 1000), 0.02F);
  schedule.cycle = true;
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 10), 0.02F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 15), 0.02F + 0.08F * 0.25F);
}

TEST(Schedule, CosineDecayWarmsUpFirst) {
  Schedule schedule{ScheduleKind::kCosineDecay, 0.0F, 10};
  schedule.alpha = 0.1F;
  schedule.warmup_target = 1;
  schedule.warmup_steps = 4;
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 1), 0.25F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 4), 1.0F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 9), 0.55F);
  EXPECT_FLOAT_EQ(learning_rate_at(schedule, 1000), 0.1F);
}

TEST(Schedule, ErrorsNameTheScheduleAndTheArgument) {
  EXPECT_EQ(schedule_error(call("ExponentalDecay", {})),
            "learning rate schedule \"ExponentalDecay\" does not exist. Did you mean "
            "ExponentialDecay?");
  EXPECT_EQ(schedule_error(call("CosineDecay", {number("", "0.1")})),
            "argument \"decay_steps\" of CosineDecay is missing");
  EXPECT_EQ(schedule_error(call("CosineDecay", {number("alfa", "0.1")})),
            "CosineDecay has no argument \"alfa\". Did you mean alpha?");
  EXPECT_EQ(schedule_error(call("CosineDecay", {number("alpha", "2")})),
            "argument \"alpha\" of CosineDecay must be between 0 and 1");
  EXPECT_EQ(schedule_error(call("PolynomialDecay", {number("decay_steps", "0")})),
            "argument \"decay_steps\" of PolynomialDecay must be at least 1");
  EXPECT_EQ(schedule_error(
                call("ExponentialDecay", {number("decay_rate", "1"), number("decay_rate", "1")})),
            "argument \"decay_rate\" is given twice");
}

TEST(Schedule, IsAnOptimizersLearningRate) {
  const auto rate = call("ExponentialDecay",
                         {number("", "0.1"), number("", "10"), number("", "0.5")}, "learning_rate");
  const auto spec = make_optimizer_spec(call("Adamax", {rate}), std::nullopt);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->schedule.kind, ScheduleKind::kExponentialDecay);
  const auto nadam = make_optimizer_spec(call("Nadam", {rate}), std::nullopt);
  ASSERT_FALSE(nadam);
  EXPECT_EQ(nadam.error().code, Code::kUnsupported);
}

TEST(Schedule, IsElevenNumbersAndBackAgain) {
  Schedule schedule{ScheduleKind::kPolynomialDecay, 0.3F, 70, 0.5F, true, 0.01F, 2, true};
  schedule.alpha = 0.25F;
  schedule.warmup_target = 0.75F;
  schedule.warmup_steps = 9;
  auto numbers = numbers_of(schedule);
  EXPECT_EQ(schedule_of(numbers), schedule);
  EXPECT_EQ(schedule_of(numbers_of({})), Schedule());
  EXPECT_FALSE(schedule_of(std::span(numbers).first(10)));
  numbers[0] = 77;
  EXPECT_FALSE(schedule_of(numbers));
}

TEST(OptimizerSpec, DefaultsAreKerass) {
  EXPECT_FLOAT_EQ(make_optimizer_spec(call("Adadelta", {}), std::nullopt)->rho, 0.95F);
  EXPECT_FLOAT_EQ(make_optimizer_spec(call("RMSprop", {}), std::nullopt)->rho, 0.9F);
  EXPECT_FLOAT_EQ(make_optimizer_spec(call("Nadam", {}), std::nullopt)->decay, 0.004F);
  const auto epsilon = make_optimizer_spec(call("Adam", {number("epsilon", "0")}), std::nullopt);
  EXPECT_FLOAT_EQ(epsilon->epsilon, 1e-7F);
}

TEST(OptimizerSpec, StateIsNotAnArgument) {
  const auto spec =
      make_optimizer_spec(call("Nadam", {number("momentum_cache", "0.5")}), std::nullopt);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, Code::kNotFound);
}

TEST(OptimizerSpec, ClippingOfTwoNormsAndOfNothingIsRefused) {
  const auto both = make_optimizer_spec(
      call("SGD", {number("clipnorm", "1"), number("global_clipnorm", "1")}), std::nullopt);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().message, "optimizer SGD takes clipnorm or global_clipnorm, not both");
  const auto zero = make_optimizer_spec(call("SGD", {number("clipvalue", "0")}), std::nullopt);
  ASSERT_FALSE(zero);
  EXPECT_EQ(zero.error().message, "argument \"clipvalue\" of optimizer SGD must be above 0");
}

}  // namespace
}  // namespace millrace::estimator
