// Learning rates that change with the steps: tf.keras.optimizers.schedules of 2.15 by their names
// and arguments, in float32 as TensorFlow computes them. A schedule replaces an optimizer's
// learning_rate; the step it is asked for is the optimizer's number of updates. Values only.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "data/argument.h"

namespace millrace::estimator {

/// The greatest and the least positive number that an argument can be: what float32 holds.
inline constexpr double kFloatMax = std::numeric_limits<float>::max();
inline constexpr double kFloatMin = std::numeric_limits<float>::min();

enum class ScheduleKind : uint8_t {
  kNone,
  kExponentialDecay,
  kInverseTimeDecay,
  kPolynomialDecay,
  kCosineDecay
};

/// The table in schedule.cc says which members belong to which kind.
struct Schedule {
  ScheduleKind kind = ScheduleKind::kNone;
  float initial_learning_rate = 0;
  float decay_steps = 0;
  float decay_rate = 0;
  bool staircase = false;
  float end_learning_rate = 0.0001F;
  float power = 1;
  bool cycle = false;
  float alpha = 0;
  float warmup_target = -1;  // below 0 = no warm-up
  float warmup_steps = 0;

  bool operator==(const Schedule&) const = default;
};

/// The learning rate of the step that `iterations` steps came before.
float learning_rate_at(const Schedule& schedule, int64_t iterations);

/// A schedule as numbers, as snapshots and ALTER MODEL have it. The other way: nothing where they
/// are no schedule's.
inline constexpr size_t kScheduleNumbers = 11;
std::array<float, kScheduleNumbers> numbers_of(const Schedule& schedule);
std::optional<Schedule> schedule_of(std::span<const float> numbers);

/// Reads `ExponentialDecay(0.1, decay_steps => 1000, decay_rate => 0.96)`. Errors name the schedule
/// and the argument, and have positions.
Result<Schedule> make_schedule(const Argument& call);

}  // namespace millrace::estimator
