// Ftrl as an Optimizer: Keras's hyperparameters for the kernels of ftrl.h.
#include "estimator/ftrl.h"
#include "estimator/optimizer.h"

namespace millrace::estimator {
namespace {

class FtrlOptimizer : public Optimizer {
 public:
  explicit FtrlOptimizer(const OptimizerSpec& spec) : Optimizer(spec) {}

  std::vector<SlotFacts> slots() const override {
    return {{"accumulator", spec().initial_accumulator_value}, {"linear", 0.0F}};
  }

 private:
  void update_dense(Parameter& parameter, std::span<const float> gradient) override {
    ftrl_dense({parameter.values(), parameter.slot(0), parameter.slot(1)}, gradient, rates());
  }

  void update_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> rows,
                     std::span<const float> gradient) override {
    ftrl_sparse({rows, parameter.slot(0), parameter.slot(1)}, ids, parameter.width(), gradient,
                rates());
  }

  FtrlRates rates() const {
    return {learning_rate(), spec().l1_regularization_strength,
            spec().l2_regularization_strength + spec().beta / (2.0F * learning_rate()),
            spec().l2_shrinkage_regularization_strength, spec().learning_rate_power};
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_ftrl(const OptimizerSpec& spec) {
  return std::make_unique<FtrlOptimizer>(spec);
}

}  // namespace millrace::estimator
