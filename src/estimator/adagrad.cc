// Adagrad as TensorFlow 2 computes it (ResourceApplyAdagradV2 and its sparse form): n += g * g;
// w -= (g * lr) / (sqrt(n) + epsilon). Duchi, Hazan, Singer 2011.
#include <cmath>

#include "estimator/row_optimizer.h"

namespace millrace::estimator {
namespace {

class AdagradOptimizer : public RowOptimizer<AdagradOptimizer> {
 public:
  explicit AdagradOptimizer(const OptimizerSpec& spec) : RowOptimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    return {{"accumulator", spec().initial_accumulator_value}};
  }

 private:
  friend RowOptimizer<AdagradOptimizer>;

  void move(std::span<float> w, Parameter& parameter, size_t first,
            std::span<const float> gradient) const {
    const auto n = parameter.slot(0).subspan(first);
    for (size_t k = 0; k < gradient.size(); ++k) {
      const float g = gradient[k];
      n[k] += g * g;
      w[k] -= (g * learning_rate()) / (std::sqrt(n[k]) + spec().epsilon);
    }
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_adagrad(const OptimizerSpec& spec) {
  return std::make_unique<AdagradOptimizer>(spec);
}

}  // namespace millrace::estimator
