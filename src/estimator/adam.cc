// Adam as Keras's legacy optimizer computes it (Kingma and Ba, 2015): dense gradients through
// TensorFlow's ResourceApplyAdam kernels; sparse ones let the moments of the whole table fade, so
// that every row moves in every step. With amsgrad the largest second moment so far divides.
#include <algorithm>
#include <cmath>

#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class AdamOptimizer : public Optimizer {
 public:
  explicit AdamOptimizer(const OptimizerSpec& spec) : Optimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    std::vector<SlotFacts> slots = {{"m", 0.0F}, {"v", 0.0F}};
    if (spec().amsgrad) slots.push_back({"vhat", 0.0F});
    return slots;
  }

 private:
  float step_size() const {
    const auto t = static_cast<float>(iterations() + 1);
    const float fade_1 = std::pow(spec().beta_1, t);
    const float fade_2 = std::pow(spec().beta_2, t);
    return learning_rate() * std::sqrt(1 - fade_2) / (1 - fade_1);
  }

  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    const float step = step_size();
    const auto m = parameter.slot(0);
    const auto v = parameter.slot(1);
    for (size_t i = 0; i < gradient.size(); ++i) {
      const float g = gradient[i];
      m[i] += (g - m[i]) * (1 - spec().beta_1);
      v[i] += (g * g - v[i]) * (1 - spec().beta_2);
    }
    move(parameter, step);
  }

  bool moves_all_rows() const override { return true; }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float>,
                     std::span<const float> gradient) override {
    const size_t width = parameter.width();
    const auto m = parameter.slot(0);
    const auto v = parameter.slot(1);
    for (float& value : m) value *= spec().beta_1;
    for (float& value : v) value *= spec().beta_2;
    for (size_t i = 0; i < gradient.size(); ++i) {
      const size_t at = static_cast<size_t>(ids[i / width]) * width + i % width;
      m[at] += gradient[i] * (1 - spec().beta_1);
      v[at] += gradient[i] * gradient[i] * (1 - spec().beta_2);
    }
    move(parameter, step_size());
  }

  void move(Parameter& parameter, float step) const {
    const auto w = parameter.values();
    const auto m = parameter.slot(0);
    auto v = parameter.slot(1);
    if (spec().amsgrad) {
      const auto largest = parameter.slot(2);
      for (size_t i = 0; i < w.size(); ++i) largest[i] = std::max(largest[i], v[i]);
      v = largest;
    }
    for (size_t i = 0; i < w.size(); ++i)
      w[i] -= (m[i] * step) / (std::sqrt(v[i]) + spec().epsilon);
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(const OptimizerSpec& spec) {
  return std::make_unique<AdamOptimizer>(spec);
}

}  // namespace millrace::estimator
