// Adagrad as TensorFlow 2 computes it (ResourceApplyAdagradV2 and its sparse form): n += g * g;
// w -= (g * lr) / (sqrt(n) + epsilon). Duchi, Hazan, Singer 2011.
#include <cmath>

#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class AdagradOptimizer : public Optimizer {
 public:
  explicit AdagradOptimizer(const OptimizerSpec& spec) : Optimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    return {{"accumulator", spec().initial_accumulator_value}};
  }

 private:
  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    update(parameter.values(), parameter, 0, gradient);
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> rows,
                     std::span<const float> gradient) override {
    const size_t width = parameter.width();
    for (size_t i = 0; i < ids.size(); ++i) {
      update(rows.subspan(i * width, width), parameter, static_cast<size_t>(ids[i]) * width,
             gradient.subspan(i * width, width));
    }
  }

  /// `w`, whose slots begin at `first`.
  void update(std::span<float> w, Parameter& parameter, size_t first,
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
