// A model that leaves the numbers: found at the step that does it, so that no weight that is an
// infinity or NaN is ever published. TensorFlow's counterpart is NanTensorHook
// (tensorflow/python/training/basic_session_run_hooks.py), which looks at the loss alone, and a
// step later.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/definition.h"
#include "engine/labelled_rows.h"
#include "estimator/estimator.h"

namespace millrace::engine {

struct Divergence {
  int64_t step = 0;      // global
  std::string variable;  // the first one that it concerns; empty: only the loss
  size_t row = 0;        // of the rows given, the one that most likely did it
};

/// The row of a step from row `begin` on that pulled hardest: one whose logits are no numbers, or
/// else the one with the largest product of error and input. `predictions` are the step's own.
size_t row_to_blame(const estimator::Predictions& predictions, const LabelledRows& rows,
                    size_t begin);

/// What a user is told of it. `where` says which row it was: "row 3 of ...".
Error diverged(const ObjectName& model, const Divergence& divergence, const std::string& where);

}  // namespace millrace::engine
