// Gradient descent as Keras's legacy SGD: plain, or with momentum in TensorFlow's
// ApplyKerasMomentum form (a = a * momentum - lr * g; w += a; nesterov: w += a * momentum - lr *
// g). Rows without a gradient keep their momentum as it is.
#include "estimator/row_optimizer.h"

namespace millrace::estimator {
namespace {

class SgdOptimizer : public RowOptimizer<SgdOptimizer> {
 public:
  explicit SgdOptimizer(const OptimizerSpec& spec)
      : RowOptimizer(spec), has_momentum_(spec.momentum > 0) {}

  std::vector<SlotFacts> slots() const override {
    if (!has_momentum_) return {};
    return {{"momentum", 0.0F}};
  }

 private:
  friend RowOptimizer<SgdOptimizer>;

  void move(std::span<float> w, Parameter& parameter, size_t first,
            std::span<const float> gradient) const {
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
