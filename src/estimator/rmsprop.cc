// RMSprop as Keras's legacy optimizer (Hinton's lecture 6e; Graves 2013 for the centered form).
// Without momentum it is Keras's own arithmetic, epsilon outside the root, and the mean squares of
// a whole table fade in every step; with momentum it is TensorFlow's ApplyRMSProp kernels, epsilon
// inside the root, and only the rows with a gradient change.
#include <cmath>

#include "estimator/row_optimizer.h"

namespace millrace::estimator {
namespace {

class RmspropOptimizer : public RowOptimizer<RmspropOptimizer> {
 public:
  explicit RmspropOptimizer(const OptimizerSpec& spec)
      : RowOptimizer(spec), has_momentum_(spec.momentum > 0) {}

  std::vector<SlotFacts> slots() const override {
    std::vector<SlotFacts> slots = {{"rms", 0.0F}};
    if (spec().centered) slots.push_back({"mg", 0.0F});
    if (has_momentum_) slots.push_back({"momentum", 0.0F});
    return slots;
  }

 private:
  friend RowOptimizer<RmspropOptimizer>;

  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    if (!has_momentum_) fade(parameter);
    RowOptimizer::update_dense(parameter, gradient);
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> rows,
                     std::span<const float> gradient) override {
    if (!has_momentum_) fade(parameter);
    RowOptimizer::update_sparse(parameter, ids, rows, gradient);
  }

  void fade(Parameter& parameter) const {
    for (float& value : parameter.slot(0)) value *= spec().rho;
    if (!spec().centered) return;
    for (float& value : parameter.slot(1)) value *= spec().rho;
  }

  void move(std::span<float> w, Parameter& parameter, size_t first,
            std::span<const float> gradient) const {
    const auto squares = parameter.slot(0).subspan(first);
    const auto means = spec().centered ? parameter.slot(1).subspan(first) : std::span<float>();
    const auto moving = has_momentum_ ? parameter.slot(parameter.slot_count() - 1).subspan(first)
                                      : std::span<float>();
    const float fresh = 1 - spec().rho;
    for (size_t k = 0; k < gradient.size(); ++k) {
      const float g = gradient[k];
      squares[k] += has_momentum_ ? (g * g - squares[k]) * fresh : g * g * fresh;
      float variance = squares[k];
      if (spec().centered) {
        means[k] += has_momentum_ ? (g - means[k]) * fresh : g * fresh;
        variance -= means[k] * means[k];
      }
      if (!has_momentum_) {
        w[k] -= learning_rate() * g / (std::sqrt(variance) + spec().epsilon);
        continue;
      }
      moving[k] = moving[k] * spec().momentum +
                  (g * learning_rate()) / std::sqrt(variance + spec().epsilon);
      w[k] -= moving[k];
    }
  }

  bool has_momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_rmsprop(const OptimizerSpec& spec) {
  return std::make_unique<RmspropOptimizer>(spec);
}

}  // namespace millrace::estimator
