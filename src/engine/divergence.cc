#include "engine/divergence.h"

#include <algorithm>
#include <cmath>

namespace millrace::engine {
namespace {

/// The largest number of a row in any dense block; 1, what an id stands for, when none is larger.
double largest_input(const estimator::TowerInputs& inputs, size_t row) {
  double largest = 1;
  for (const Encoded* tower : {&inputs.linear, &inputs.dnn}) {
    for (const auto& block : tower->blocks) {
      const size_t width = tower->rows == 0 ? 0 : block.dense.size() / tower->rows;
      for (size_t i = row * width; i < (row + 1) * width; ++i)
        largest = std::max(largest, std::abs(static_cast<double>(block.dense[i])));
    }
  }
  return largest;
}

}  // namespace

size_t row_to_blame(const estimator::Predictions& predictions, const LabelledRows& rows,
                    size_t begin) {
  const bool classifier = !predictions.probabilities.empty();
  size_t blamed = begin;
  double hardest = 0;
  for (size_t i = 0; i < predictions.logits.size(); ++i) {
    const size_t row = begin + i / predictions.units;
    const double logit = predictions.logits[i];
    if (!std::isfinite(logit)) return row;
    // A probability is never off by more than 1.
    const double error =
        classifier ? 1 : std::abs(rows.labels.values[begin * predictions.units + i] - logit);
    const double pull = error * largest_input(rows.inputs, row);
    if (pull > hardest) {
      hardest = pull;
      blamed = row;
    }
  }
  return blamed;
}

Error diverged(const ObjectName& model, const Divergence& divergence, const std::string& where) {
  const std::string what = divergence.variable.empty()
                               ? "the loss is not finite"
                               : "variable \"" + divergence.variable + "\" left what a float holds";
  Error error(
      Code::kOutOfRange,
      "model \"" + model.name + "\" diverged at step " + std::to_string(divergence.step) + ": " +
          what,
      "The model is what it was before. Lower its learning rate or cut its gradients (ALTER "
      "MODEL), bound the column's values (SET), or go on behind the row (ALTER PIPELINE ... "
      "SET OFFSETS).");
  error.detail = "The row that pulled hardest is " + where + ".";
  return error;
}

}  // namespace millrace::engine
