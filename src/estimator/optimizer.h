// An Optimizer applies one step's gradients to Parameters: the rule (ftrl.cc, adagrad.cc, ...), its
// slots and its decaying learning rate. A tower owns one; the Trainer's thread calls it. A further
// optimizer is one more file, one line in make() and one row in optimizer_spec.cc's table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "estimator/estimator.h"
#include "estimator/parameter.h"

namespace millrace::estimator {

struct SlotFacts {
  std::string_view name;  // as in checkpoints: "accumulator"
  float initial;
};

class Optimizer {
 public:
  /// `spec` is of a kind that is built.
  static std::unique_ptr<Optimizer> make(const OptimizerSpec& spec);
  virtual ~Optimizer() = default;

  /// The arrays that every Parameter of this optimizer carries.
  virtual std::vector<SlotFacts> slots() const = 0;

  /// Hyperparameters as they are now: a warm start may have replaced them.
  const OptimizerSpec& spec() const { return spec_; }
  OptimizerSpec& mutable_spec() { return spec_; }

  /// Starts the step after `iterations` steps: what decays is computed once.
  void begin_step(int64_t iterations);

  /// Gradients may be overwritten by clipping. Dense: one value for each element.
  void apply_dense(Parameter& parameter, std::span<float> gradient);
  /// Sparse: `ids` are different rows, `gradient` their rows side by side.
  void apply_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> gradient);

 protected:
  explicit Optimizer(const OptimizerSpec& spec) : spec_(spec) {}

  virtual void update_dense(Parameter& parameter, std::span<const float> gradient) = 0;
  /// The update says which rows it wrote (Parameter::touch).
  virtual void update_sparse(Parameter& parameter, std::span<const int32_t> ids,
                             std::span<const float> gradient) = 0;

  float learning_rate() const { return learning_rate_; }
  int64_t iterations() const { return iterations_; }

 private:
  void clip(std::span<float> gradient) const;

  OptimizerSpec spec_;
  float learning_rate_ = 0;  // of this step
  int64_t iterations_ = 0;
};

std::unique_ptr<Optimizer> make_ftrl(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adagrad(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adam(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_sgd(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_rmsprop(const OptimizerSpec& spec);

}  // namespace millrace::estimator
