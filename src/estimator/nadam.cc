// Nadam (Dozat, 2016) as Keras's legacy optimizer: Adam with Nesterov's momentum, whose strength
// grows with the steps by schedule_decay. Sparse gradients let the moments of the whole table fade,
// and move only their own rows.
#include <cmath>

#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class NadamOptimizer : public Optimizer {
 public:
  explicit NadamOptimizer(const OptimizerSpec& spec) : Optimizer(spec) {}

  std::vector<SlotFacts> slots() const override { return {{"m", 0.0F}, {"v", 0.0F}}; }

 private:
  float momentum_of(int64_t step) const {
    constexpr float kBase = 0.96F;
    return spec().beta_1 * (1 - 0.5F * std::pow(kBase, spec().decay * static_cast<float>(step)));
  }

  void prepare() override {
    momentum_ = momentum_of(iterations() + 1);
    next_momentum_ = momentum_of(iterations() + 2);
    float& cache = mutable_spec().momentum_cache;
    cache *= momentum_;
    gradient_part_ = 1 - cache;
    moment_part_ = 1 - cache * next_momentum_;
    square_part_ = 1 - std::pow(spec().beta_2, static_cast<float>(iterations() + 1));
  }

  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    const auto m = parameter.slot(0);
    const auto v = parameter.slot(1);
    for (size_t i = 0; i < gradient.size(); ++i) {
      m[i] = spec().beta_1 * m[i] + (1 - spec().beta_1) * gradient[i];
      v[i] = spec().beta_2 * v[i] + (1 - spec().beta_2) * (gradient[i] * gradient[i]);
      move(parameter, i, gradient[i], parameter.values()[i]);
    }
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> rows,
                     std::span<const float> gradient) override {
    const size_t width = parameter.width();
    const auto m = parameter.slot(0);
    const auto v = parameter.slot(1);
    for (float& value : m) value *= spec().beta_1;
    for (float& value : v) value *= spec().beta_2;
    for (size_t i = 0; i < gradient.size(); ++i) {
      const auto row = static_cast<size_t>(ids[i / width]);
      const size_t at = row * width + i % width;
      m[at] += gradient[i] * (1 - spec().beta_1);
      v[at] += gradient[i] * gradient[i] * (1 - spec().beta_2);
      move(parameter, at, gradient[i], rows[i]);
    }
  }

  void move(const Parameter& parameter, size_t at, float gradient, float& w) const {
    const float m = (1 - momentum_) * (gradient / gradient_part_) +
                    next_momentum_ * (parameter.slot(0)[at] / moment_part_);
    const float v = parameter.slot(1)[at] / square_part_;
    // decay is the schedule's: the learning rate itself stays as it is.
    w -= spec().learning_rate * m / (std::sqrt(v) + spec().epsilon);
  }

  // Of this step.
  float momentum_ = 0;
  float next_momentum_ = 0;
  float gradient_part_ = 1;
  float moment_part_ = 1;
  float square_part_ = 1;
};

}  // namespace

std::unique_ptr<Optimizer> make_nadam(const OptimizerSpec& spec) {
  return std::make_unique<NadamOptimizer>(spec);
}

}  // namespace millrace::estimator
