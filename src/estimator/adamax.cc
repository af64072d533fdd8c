// Adamax (Kingma and Ba, 2015, section 7) as Keras's legacy optimizer: Adam with the largest
// gradient, fading, in place of the second moment. Sparse gradients touch their own rows only.
#include <algorithm>
#include <cmath>

#include "estimator/row_optimizer.h"

namespace millrace::estimator {
namespace {

class AdamaxOptimizer : public RowOptimizer<AdamaxOptimizer> {
 public:
  explicit AdamaxOptimizer(const OptimizerSpec& spec) : RowOptimizer(spec) {}

  std::vector<SlotFacts> slots() const override { return {{"m", 0.0F}, {"v", 0.0F}}; }

 private:
  friend RowOptimizer<AdamaxOptimizer>;

  void prepare() override {
    const auto t = static_cast<float>(iterations() + 1);
    step_ = learning_rate() / (1 - std::pow(spec().beta_1, t));
  }

  void move(std::span<float> w, Parameter& parameter, size_t first,
            std::span<const float> gradient) const {
    const auto m = parameter.slot(0).subspan(first);
    const auto v = parameter.slot(1).subspan(first);
    for (size_t k = 0; k < gradient.size(); ++k) {
      m[k] += (gradient[k] - m[k]) * (1 - spec().beta_1);
      v[k] = std::max(spec().beta_2 * v[k], std::abs(gradient[k]));
      w[k] -= step_ * (m[k] / (v[k] + spec().epsilon));
    }
  }

  float step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make_adamax(const OptimizerSpec& spec) {
  return std::make_unique<AdamaxOptimizer>(spec);
}

}  // namespace millrace::estimator
