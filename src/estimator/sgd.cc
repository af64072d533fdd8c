// Gradient descent as Keras's legacy SGD: plain, or with momentum in TensorFlow's
// ApplyKerasMomentum form (a = a * momentum - lr * g; w += a; nesterov: w += a * momentum - lr *
// g). Rows without a gradient keep their momentum as it is.
#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class SgdOptimizer : public Optimizer {
 public:
  explicit SgdOptimizer(const OptimizerSpec& spec)
      : Optimizer(spec), has_momentum_(spec.momentum > 0) {}

  std::vector<SlotFacts> slots() const override {
    if (!has_momentum_) return {};
    return {{"momentum", 0.0F}};
  }

 private:
  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    update(parameter, 0, gradient);
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids,
                     std::span<const float> gradient) override {
    const size_t width = parameter.width();
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto row = static_cast<size_t>(ids[i]);
      update(parameter, row * width, gradient.subspan(i * width, width));
      parameter.touch(row);
    }
  }

  void update(Parameter& parameter, size_t first, std::span<const float> gradient) const {
    const auto w = parameter.values().subspan(first);
    if (!has_momentum_) {
      for (size_t k = 0; k < gradient.size(); ++k) w[k] -= gradient[k] * learning_rate();
      return;
    }
    const auto a = parameter.slot(0).subspan(first);
    for (size_t k = 0; k < gradient.size(); ++k) {
      const float step = gradient[k] * learning_rate();
      a[k] = a[k] * spec().momentum - step;
      w[k] += spec().nesterov ? a[k] * spec().momentum - step : a[k];
    }
  }

  bool has_momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const OptimizerSpec& spec) {
  return std::make_unique<SgdOptimizer>(spec);
}

}  // namespace millrace::estimator
