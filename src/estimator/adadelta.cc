// Adadelta (Zeiler, 2012) as TensorFlow's ResourceApplyAdadelta kernels compute it; sparse
// gradients touch their own rows only.
#include <cmath>

#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class AdadeltaOptimizer : public Optimizer {
 public:
  explicit AdadeltaOptimizer(const OptimizerSpec& spec) : Optimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    return {{"accum_grad", 0.0F}, {"accum_var", 0.0F}};
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
