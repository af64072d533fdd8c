// The heads: what logits mean. Binary (sigmoid cross entropy), multi-class (softmax cross entropy)
// and regression (squared error), with their losses, gradients and predictions
// (tensorflow_estimator 2.15 head/{binary_class,multi_class,regression}_head.py). Pure functions;
// shapes are [rows, units] row-major.
#pragma once

#include <cstdint>
#include <span>

#include "data/encoded.h"
#include "estimator/estimator.h"

namespace millrace::estimator {

/// Rows [begin, end) of `labels`.
struct LabelRows {
  const Labels& labels;
  size_t begin;
  size_t end;
};

/// 1 / (1 + exp(-x)), without overflow.
float sigmoid(float x);

/// The loss of one element, not weighted: the heads' formulas.
float binary_loss(float logit, float label);
float multi_class_loss(std::span<const float> logits, size_t label);
float squared_loss(float prediction, float label);

/// The weighted loss of the rows, reduced as the spec says, and its gradient by the logits. A
/// binary head also writes each row's loss, not weighted, to `losses` if that is not empty.
float loss_and_gradient(const EstimatorSpec& spec, std::span<const float> logits,
                        const LabelRows& rows, std::span<float> gradient,
                        std::span<float> losses = {});

/// Fills probabilities and class ids from out.logits, out.rows and out.units.
void finish_predictions(const EstimatorSpec& spec, Predictions& out);

}  // namespace millrace::estimator
