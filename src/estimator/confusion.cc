#include "estimator/confusion.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "estimator/ratio.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kConfusionMagic = "MILLCONF";

}  // namespace

ConfusionMatrix::ConfusionMatrix(int64_t classes)
    : classes_(classes), weights_(static_cast<size_t>(classes * classes)) {}

Result<ConfusionMatrix> ConfusionMatrix::create(const EstimatorSpec& spec) {
  if (!spec.is_classifier()) {
    return Error(Code::kInvalidArgument, "a regressor has no confusion matrix");
  }
  if (spec.n_classes > kClassesMax) {
    return Error(Code::kResourceExhausted,
                 "a confusion matrix has at most " + std::to_string(kClassesMax) +
                     " classes, and the model has " + std::to_string(spec.n_classes));
  }
  return ConfusionMatrix(spec.n_classes);
}

size_t ConfusionMatrix::place_of(int64_t label, int64_t predicted) const {
  CHECK(label >= 0 && label < classes_ && predicted >= 0 && predicted < classes_,
        "a class is below the number of classes");
  return static_cast<size_t>(label * classes_ + predicted);
}

double ConfusionMatrix::at(int64_t label, int64_t predicted) const {
  return weights_[place_of(label, predicted)];
}

void ConfusionMatrix::add(const Predictions& predictions, const Labels& labels, size_t begin,
                          size_t end) {
  CHECK(predictions.class_ids.size() == end - begin, "the predictions are of these rows");
  for (size_t row = begin; row < end; ++row) {
    const float value = labels.values[row];
    const int64_t label = classes_ == 2 ? (value != 0) : static_cast<int64_t>(value);
    const double weight = labels.weights.empty() ? 1.0 : static_cast<double>(labels.weights[row]);
    weights_[place_of(label, predictions.class_ids[row - begin])] += weight;
  }
}

double ConfusionMatrix::precision(int64_t class_id) const {
  double predicted = 0;
  for (int64_t label = 0; label < classes_; ++label) predicted += at(label, class_id);
  return ratio(at(class_id, class_id), predicted);
}

double ConfusionMatrix::recall(int64_t class_id) const {
  double rows = 0;
  for (int64_t predicted = 0; predicted < classes_; ++predicted) rows += at(class_id, predicted);
  return ratio(at(class_id, class_id), rows);
}

double ConfusionMatrix::accuracy() const {
  double right = 0;
  double all = 0;
  for (const double weight : weights_) all += weight;
  for (int64_t class_id = 0; class_id < classes_; ++class_id) right += at(class_id, class_id);
  return ratio(right, all);
}

void ConfusionMatrix::reset() {
  std::fill(weights_.begin(), weights_.end(), 0.0);
}

std::string ConfusionMatrix::save() const {
  SnapshotWriter writer(kConfusionMagic);
  writer.add_i64(classes_);
  for (const double weight : weights_) writer.add_f64(weight);
  return writer.finish();
}

Status ConfusionMatrix::load(std::string_view bytes) {
  TRY(auto reader, SnapshotReader::open(kConfusionMagic, bytes));
  const int64_t classes = reader.i64();
  if (reader.ok() && classes != classes_) {
    return Error(Code::kInvalidArgument, "the saved confusion matrix has " +
                                             std::to_string(classes) + " classes, not " +
                                             std::to_string(classes_));
  }
  std::vector<double> weights(weights_.size());
  for (double& weight : weights) weight = reader.f64();
  const bool finite = std::all_of(weights.begin(), weights.end(),
                                  [](double weight) { return std::isfinite(weight); });
  if (!reader.ok() || !reader.at_end() || !finite) {
    return Error(Code::kDataLoss, "the saved confusion matrix is damaged: its size is wrong");
  }
  weights_ = std::move(weights);
  return {};
}

}  // namespace millrace::estimator
