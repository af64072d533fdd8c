// An Optimizer applies one step's gradients to Parameters: the rule (ftrl.cc, adagrad.cc, ...), its
// slots and its decaying learning rate. A tower owns one; the Trainer's thread calls it. A further
// optimizer is one more file, one case in make() and one row in optimizer_spec.cc's table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/estimator.h"
#include "estimator/parameter.h"

namespace millrace::estimator {

struct SlotFacts {
  std::string_view name;  // as in checkpoints: "accumulator"
  float initial;
};

class Optimizer {
 public:
  static std::unique_ptr<Optimizer> make(const OptimizerSpec& spec);
  virtual ~Optimizer() = default;

  /// The arrays that every Parameter of this optimizer carries.
  virtual std::vector<SlotFacts> slots() const = 0;

  /// Hyperparameters as they are now: a warm start may have replaced them.
  const OptimizerSpec& spec() const { return spec_; }
  OptimizerSpec& mutable_spec() { return spec_; }

  /// Starts the step after `iterations` steps: what decays is computed once.
  void begin_step(int64_t iterations);

  /// Between begin_step() and end_step(). Gradients may be overwritten by clipping. Dense: one
  /// value for each element.
  void apply_dense(Parameter& parameter, std::span<float> gradient);
  /// Sparse: `ids` are different rows, `gradient` their rows side by side.
  void apply_sparse(Parameter& parameter, std::span<const int32_t> ids, std::span<float> gradient);

  /// The step's last call: applies what global_clipnorm made wait for all gradients.
  void end_step();

  /// The first variable that the step left with a value that is not finite, or moved by a gradient
  /// whose square, which slots gather, is none; null when there is none.
  const Parameter* not_finite() const { return not_finite_; }

 protected:
  explicit Optimizer(const OptimizerSpec& spec) : spec_(spec) {}

  virtual void update_dense(Parameter& parameter, std::span<const float> gradient) = 0;
  /// What a step computes once, for all of its variables.
  virtual void prepare() {}
  /// Moves `rows`, the values of the rows `ids` side by side.
  virtual void update_sparse(Parameter& parameter, std::span<const int32_t> ids,
                             std::span<float> rows, std::span<const float> gradient) = 0;
  /// Whether a sparse step moves other rows too. update_sparse() then works on the Parameter's
  /// values, and `rows` is empty.
  virtual bool moves_all_rows() const { return false; }

  float learning_rate() const { return learning_rate_; }
  int64_t iterations() const { return iterations_; }

 private:
  /// A gradient that waits for the others of its step.
  struct Waiting {
    Parameter* parameter;
    bool sparse;
    std::vector<int32_t> ids;
    std::vector<float> gradient;
  };

  void clip(std::span<float> gradient) const;
  void apply(Parameter& parameter, bool sparse, std::span<const int32_t> ids,
             std::span<float> gradient);
  void update(Parameter& parameter, bool sparse, std::span<const int32_t> ids,
              std::span<const float> gradient);

  OptimizerSpec spec_;
  std::vector<Waiting> waiting_;
  std::vector<float> rows_;  // of a sparse step
  float learning_rate_ = 0;  // of this step
  int64_t iterations_ = 0;
  const Parameter* not_finite_ = nullptr;
};

/// Whether none of them is an infinity or NaN.
bool all_finite(std::span<const float> values);

std::unique_ptr<Optimizer> make_ftrl(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adagrad(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adam(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_sgd(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_rmsprop(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adadelta(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_adamax(const OptimizerSpec& spec);
std::unique_ptr<Optimizer> make_nadam(const OptimizerSpec& spec);

}  // namespace millrace::estimator
