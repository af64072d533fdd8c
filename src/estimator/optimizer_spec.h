// The optimizers by name: which arguments each takes with which defaults and bounds, and what a
// checkpoint calls them (tf.keras.optimizers.legacy of 2.15). One table in optimizer_spec.cc;
// CREATE MODEL, variables() and the snapshot all read it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/argument.h"
#include "estimator/estimator.h"

namespace millrace::estimator {

/// One argument: a number or a flag of OptimizerSpec.
struct OptimizerArgument {
  std::string_view name;
  float OptimizerSpec::*number = nullptr;
  bool OptimizerSpec::*flag = nullptr;
  double least = 0;
  double most = 0;
  std::string_view variable;  // of the checkpoint, training/Ftrl/beta; empty if it is none
  bool state = false;         // what the optimizer counts; not for people to give
  bool altered = false;       // may be altered, though no checkpoint has it; `variable` names it
};

struct OptimizerFacts {
  OptimizerKind kind;
  std::string_view name;  // as in checkpoints: "RMSprop"
  bool by_name;           // the estimators accept it as a plain name
  float learning_rate;    // when called without one: Ftrl()
  std::span<const OptimizerArgument> arguments;
};

const OptimizerFacts& facts_of(OptimizerKind kind);

/// The numbers of `spec` that are kept with what was learned. Where there is a schedule, the
/// learning rate is one that nobody looks at.
std::vector<const OptimizerArgument*> saved_arguments(const OptimizerSpec& spec);

/// The arrays that the optimizer keeps beside each variable.
std::vector<std::string> slot_names(const OptimizerSpec& spec);

/// Reads `Ftrl`, 'Ftrl' or `Ftrl(learning_rate => 0.1)`. A plain name gets `learning_rate`, if the
/// estimator gives one; otherwise, and for a call that does not say, it is Keras's default. Errors
/// are about the optimizer and have positions.
Result<OptimizerSpec> make_optimizer_spec(const Argument& value,
                                          std::optional<float> learning_rate);

}  // namespace millrace::estimator
