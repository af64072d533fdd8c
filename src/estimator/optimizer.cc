#include "estimator/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "estimator/optimizer_spec.h"

namespace millrace::estimator {

std::unique_ptr<Optimizer> Optimizer::make(const OptimizerSpec& spec) {
  CHECK(facts_of(spec.kind).built, "the table says which optimizers are built");
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
    default:
      return nullptr;
  }
}

void Optimizer::begin_step(int64_t iterations) {
  iterations_ = iterations;
  learning_rate_ = spec_.learning_rate;
  if (spec_.decay > 0) {
    learning_rate_ = spec_.learning_rate / (1.0F + spec_.decay * static_cast<float>(iterations));
  }
}

void Optimizer::apply_dense(Parameter& parameter, std::span<float> gradient) {
  clip(gradient);
  update_dense(parameter, gradient);
  parameter.touch_all();
}

void Optimizer::apply_sparse(Parameter& parameter, std::span<const int32_t> ids,
                             std::span<float> gradient) {
  clip(gradient);
  update_sparse(parameter, ids, gradient);
}

// Keras cuts each variable's gradient by its own norm: tf.clip_by_norm, tf.clip_by_value.
void Optimizer::clip(std::span<float> gradient) const {
  if (spec_.clipnorm > 0) {
    double squares = 0;
    for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
    const auto norm = static_cast<float>(std::sqrt(squares));
    if (norm > spec_.clipnorm) {
      for (float& g : gradient) g = g * spec_.clipnorm / norm;
    }
  }
  if (spec_.clipvalue > 0) {
    for (float& g : gradient) g = std::clamp(g, -spec_.clipvalue, spec_.clipvalue);
  }
}

}  // namespace millrace::estimator
