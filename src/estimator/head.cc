#include "estimator/head.h"

#include <algorithm>
#include <cmath>

namespace millrace::estimator {
namespace {

float weight_of(const LabelRows& rows, size_t row) {
  return rows.labels.weights.empty() ? 1.0F : rows.labels.weights[rows.begin + row];
}

/// TensorFlow's sums are in packets, more exact than one float after another; a double is too.
class LossSum {
 public:
  void add(float weighted) { sum_ += static_cast<double>(weighted); }
  float total() const { return static_cast<float>(sum_); }

 private:
  double sum_ = 0;
};

/// Softmax of one row, with the largest logit subtracted first.
void softmax(std::span<const float> logits, std::span<float> out) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    out[i] = std::exp(logits[i] - largest);
    sum += out[i];
  }
  for (float& value : out) value /= sum;
}

/// What sigmoid, loss and both probabilities have in common: exp(-|logit|).
float decay_of(float logit) {
  const float size = std::abs(logit);
  // Below the smallest float; exp() would say the same, and take its time to report an underflow.
  if (size > 104.0F) return 0;
  return std::exp(-size);
}

/// 1 / (1 + exp(-logit)), without overflow.
float sigmoid_of(float logit, float decay) {
  return logit >= 0 ? 1 / (1 + decay) : decay / (1 + decay);
}

float binary_loss_of(float logit, float label, float decay) {
  const float relu = logit >= 0 ? logit : 0;
  return (relu - logit * label) + std::log1p(decay);
}

float binary_rows(std::span<const float> logits, const LabelRows& rows, float scale,
                  std::span<float> gradient, std::span<float> losses) {
  LossSum loss;
  for (size_t row = 0; row < logits.size(); ++row) {
    const float label = rows.labels.values[rows.begin + row];
    const float weight = weight_of(rows, row);
    const float decay = decay_of(logits[row]);
    const float loss_of_row = binary_loss_of(logits[row], label, decay);
    loss.add(loss_of_row * weight);
    if (!losses.empty()) losses[row] = loss_of_row;
    gradient[row] = (sigmoid_of(logits[row], decay) - label) * (weight * scale);
  }
  return loss.total();
}

float multi_class_rows(std::span<const float> logits, size_t units, const LabelRows& rows,
                       float scale, std::span<float> gradient) {
  LossSum loss;
  for (size_t row = 0; row < rows.end - rows.begin; ++row) {
    const auto label = static_cast<size_t>(rows.labels.values[rows.begin + row]);
    const auto x = logits.subspan(row * units, units);
    const auto g = gradient.subspan(row * units, units);
    const float weight = weight_of(rows, row);
    loss.add(multi_class_loss(x, label) * weight);
    softmax(x, g);
    g[label] -= 1;
    for (float& value : g) value *= weight * scale;
  }
  return loss.total();
}

float regression_rows(std::span<const float> logits, size_t units, const LabelRows& rows,
                      float scale, std::span<float> gradient) {
  LossSum loss;
  for (size_t i = 0; i < logits.size(); ++i) {
    const float label = rows.labels.values[rows.begin * units + i];
    const float weight = weight_of(rows, i / units);
    loss.add(squared_loss(logits[i], label) * weight);
    gradient[i] = 2 * (logits[i] - label) * (weight * scale);
  }
  return loss.total();
}

}  // namespace

float sigmoid(float x) {
  return sigmoid_of(x, decay_of(x));
}

float binary_loss(float logit, float label) {
  return binary_loss_of(logit, label, decay_of(logit));
}

float multi_class_loss(std::span<const float> logits, size_t label) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) - (logits[label] - largest);
}

float squared_loss(float prediction, float label) {
  return (prediction - label) * (prediction - label);
}

float loss_and_gradient(const EstimatorSpec& spec, std::span<const float> logits,
                        const LabelRows& rows, std::span<float> gradient, std::span<float> losses) {
  const auto units = static_cast<size_t>(spec.units());
  const size_t count = (rows.end - rows.begin) * (spec.is_classifier() ? 1 : units);
  const bool mean = spec.loss_reduction == LossReduction::kSumOverBatchSize && count > 0;
  const float elements = mean ? static_cast<float>(count) : 1.0F;
  const float scale = 1 / elements;
  float sum = 0;
  if (!spec.is_classifier()) {
    sum = regression_rows(logits, units, rows, scale, gradient);
  } else if (units == 1) {
    sum = binary_rows(logits, rows, scale, gradient, losses);
  } else {
    sum = multi_class_rows(logits, units, rows, scale, gradient);
  }
  return sum / elements;
}

double loss_of(const EstimatorSpec& spec, const Predictions& predictions, const Labels& labels,
               size_t begin, size_t end) {
  std::vector<float> gradient(predictions.logits.size());
  return static_cast<double>(
      loss_and_gradient(spec, predictions.logits, {labels, begin, end}, gradient));
}

void finish_predictions(const EstimatorSpec& spec, Predictions& out) {
  out.probabilities.clear();
  out.class_ids.clear();
  if (!spec.is_classifier()) return;
  out.class_ids.resize(out.rows);
  if (out.units == 1) {
    // softmax([0, logit]) and its argmax, where a tie is class 0.
    out.probabilities.resize(2 * out.rows);
    for (size_t row = 0; row < out.rows; ++row) {
      const float decay = decay_of(out.logits[row]);
      out.probabilities[2 * row] = sigmoid_of(-out.logits[row], decay);
      out.probabilities[2 * row + 1] = sigmoid_of(out.logits[row], decay);
      out.class_ids[row] = out.logits[row] > 0;
    }
    return;
  }
  out.probabilities.resize(out.rows * out.units);
  for (size_t row = 0; row < out.rows; ++row) {
    const auto x = std::span<const float>(out.logits).subspan(row * out.units, out.units);
    softmax(x, std::span(out.probabilities).subspan(row * out.units, out.units));
    out.class_ids[row] = std::max_element(x.begin(), x.end()) - x.begin();
  }
}

}  // namespace millrace::estimator
