// Adadelta (Zeiler, 2012) as TensorFlow's ResourceApplyAdadelta kernels compute it; sparse
// gradients touch their own rows only.
#include <cmath>

#include "estimator/row_optimizer.h"

namespace millrace::estimator {
namespace {

class AdadeltaOptimizer : public RowOptimizer<AdadeltaOptimizer> {
 public:
  explicit AdadeltaOptimizer(const OptimizerSpec& spec) : RowOptimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    return {{"accum_grad", 0.0F}, {"accum_var", 0.0F}};
  }

 private:
  friend RowOptimizer<AdadeltaOptimizer>;

  void move(std::span<float> w, Parameter& parameter, size_t first,
            std::span<const float> gradient) const {
    const auto squares = parameter.slot(0).subspan(first);
    const auto moves = parameter.slot(1).subspan(first);
    const float rho = spec().rho;
    const float epsilon = spec().epsilon;
    for (size_t k = 0; k < gradient.size(); ++k) {
      const float g = gradient[k];
      squares[k] = squares[k] * rho + g * g * (1 - rho);
      const float move = std::sqrt(moves[k] + epsilon) * (1 / std::sqrt(squares[k] + epsilon)) * g;
      w[k] -= move * learning_rate();
      moves[k] = moves[k] * rho + move * move * (1 - rho);
    }
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_adadelta(const OptimizerSpec& spec) {
  return std::make_unique<AdadeltaOptimizer>(spec);
}

}  // namespace millrace::estimator
