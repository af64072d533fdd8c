#include "estimator/optimizer.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::estimator {
namespace {

constexpr uint32_t kExponent = 0x7F800000;          // all of it set: an infinity or a NaN
constexpr uint32_t kTooLargeToSquare = 0x5F800000;  // the exponent of 2^64

/// No value has an exponent from `limit` on. Without a branch or a comparison, as it looks at each
/// value that training reads and writes: an exponent from the limit on carries into the sign.
bool all_below(std::span<const float> values, uint32_t limit) {
  constexpr uint32_t kSign = 0x80000000;
  uint32_t carries = 0;
  for (const float value : values)
    carries |= (std::bit_cast<uint32_t>(value) & kExponent) + (kSign - limit);
  return (carries & kSign) == 0;
}

}  // namespace

bool all_finite(std::span<const float> values) {
  return all_below(values, kExponent);
}

std::unique_ptr<Optimizer> Optimizer::make(const OptimizerSpec& spec) {
  switch (spec.kind) {
    case OptimizerKind::kFtrl:
      return make_ftrl(spec);
    case OptimizerKind::kAdagrad:
      return make_adagrad(spec);
    case OptimizerKind::kAdam:
      return make_adam(spec);
    case OptimizerKind::kSgd:
      return make_sgd(spec);
    case OptimizerKind::kRmsprop:
      return make_rmsprop(spec);
    case OptimizerKind::kAdadelta:
      return make_adadelta(spec);
    case OptimizerKind::kAdamax:
      return make_adamax(spec);
    case OptimizerKind::kNadam:
      return make_nadam(spec);
  }
  return nullptr;
}

void Optimizer::begin_step(int64_t iterations) {
  iterations_ = iterations;
  not_finite_ = nullptr;
  learning_rate_ = spec_.schedule.kind == ScheduleKind::kNone
                       ? spec_.learning_rate
                       : learning_rate_at(spec_.schedule, iterations);
  if (spec_.decay > 0) {
    learning_rate_ = learning_rate_ / (1.0F + spec_.decay * static_cast<float>(iterations));
  }
  prepare();
}

void Optimizer::apply_dense(Parameter& parameter, std::span<float> gradient) {
  apply(parameter, false, {}, gradient);
}

void Optimizer::apply_sparse(Parameter& parameter, std::span<const int32_t> ids,
                             std::span<float> gradient) {
  apply(parameter, true, ids, gradient);
}

void Optimizer::apply(Parameter& parameter, bool sparse, std::span<const int32_t> ids,
                      std::span<float> gradient) {
  clip(gradient);
  if (spec_.global_clipnorm > 0) {
    waiting_.push_back(
        {&parameter, sparse, {ids.begin(), ids.end()}, {gradient.begin(), gradient.end()}});
    return;
  }
  update(parameter, sparse, ids, gradient);
}

void Optimizer::update(Parameter& parameter, bool sparse, std::span<const int32_t> ids,
                       std::span<const float> gradient) {
  bool finite = all_below(gradient, kTooLargeToSquare);
  if (sparse && !moves_all_rows()) {
    const auto rows = parameter.take(ids, rows_);
    update_sparse(parameter, ids, rows, gradient);
    parameter.put(ids, rows);
    finite &= all_finite(rows);
  } else {
    parameter.touch_all();
    if (sparse) {
      update_sparse(parameter, ids, {}, gradient);
    } else {
      update_dense(parameter, gradient);
    }
    finite &= all_finite(std::as_const(parameter).values());
  }
  if (!finite && not_finite_ == nullptr) not_finite_ = &parameter;
}

// tf.clip_by_global_norm: every gradient is multiplied, by about 1 when there is nothing to cut.
void Optimizer::end_step() {
  if (waiting_.empty()) return;
  double squares = 0;
  for (const auto& each : waiting_) {
    for (const float g : each.gradient) squares += static_cast<double>(g) * static_cast<double>(g);
  }
  const auto norm = static_cast<float>(std::sqrt(squares));
  const float limit = spec_.global_clipnorm;
  const float scale = limit * std::min(1 / norm, 1 / limit);
  for (auto& each : waiting_) {
    for (float& g : each.gradient) g *= scale;
    update(*each.parameter, each.sparse, each.ids, each.gradient);
  }
  waiting_.clear();
}

// Keras cuts the elements first, then each variable's gradient by its own norm: tf.clip_by_value,
// tf.clip_by_norm.
void Optimizer::clip(std::span<float> gradient) const {
  if (spec_.clipvalue > 0) {
    for (float& g : gradient) g = std::clamp(g, -spec_.clipvalue, spec_.clipvalue);
  }
  if (spec_.clipnorm > 0) {
    double squares = 0;
    for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
    const auto norm = static_cast<float>(std::sqrt(squares));
    if (norm > spec_.clipnorm) {
      for (float& g : gradient) g = g * spec_.clipnorm / norm;
    }
  }
}

}  // namespace millrace::estimator
