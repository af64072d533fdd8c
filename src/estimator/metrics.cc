#include "estimator/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/check.h"
#include "estimator/auc.h"
#include "estimator/head.h"
#include "estimator/ratio.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kMetricsMagic = "MILLMETR";

double weight_of(const Labels& labels, size_t row) {
  return labels.weights.empty() ? 1.0 : static_cast<double>(labels.weights[row]);
}

/// The sums that heads share; each head uses those it reports.
struct Sums {
  double weight = 0;  // of rows; regression: of elements
  double loss = 0;    // weighted, by element
  double correct = 0;
  double labels = 0;
  double predictions = 0;
  double true_positives = 0;
  double false_positives = 0;
  double false_negatives = 0;
  double step_losses = 0;
  double steps = 0;

  static constexpr double Sums::*kAll[] = {
      &Sums::weight,      &Sums::loss,           &Sums::correct,         &Sums::labels,
      &Sums::predictions, &Sums::true_positives, &Sums::false_positives, &Sums::false_negatives,
      &Sums::step_losses, &Sums::steps};
};

/// What a threshold other than a half makes of a binary classifier.
struct AtThreshold {
  float threshold = 0;
  double correct = 0;
  double true_positives = 0;
  double false_positives = 0;
  double false_negatives = 0;

  static constexpr double AtThreshold::*kAll[] = {
      &AtThreshold::correct, &AtThreshold::true_positives, &AtThreshold::false_positives,
      &AtThreshold::false_negatives};

  void add(float probability, float label, double weight) {
    const bool chosen = probability > threshold;
    if (label == (chosen ? 1.0F : 0.0F)) correct += weight;
    if (chosen) (label != 0 ? true_positives : false_positives) += weight;
    if (!chosen && label != 0) false_negatives += weight;
  }
};

/// "accuracy/positive_threshold_0.25", with Python's %g.
std::string name_at(std::string_view metric, float threshold) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%g", static_cast<double>(threshold));
  return std::string(metric) + "/positive_threshold_" + buffer;
}

class HeadMetrics : public Metrics {
 public:
  explicit HeadMetrics(const EstimatorSpec& spec)
      : classifier_(spec.is_classifier()), units_(static_cast<size_t>(spec.units())) {
    for (const float threshold : spec.thresholds) at_thresholds_.push_back({threshold});
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, value] : result()) names.push_back(name);
    return names;
  }

  void add(const Predictions& predictions, const Labels& labels, size_t begin, size_t end,
           double loss) override {
    CHECK(predictions.rows == end - begin && predictions.units == units_,
          "the predictions are of these rows");
    for (size_t row = begin; row < end; ++row) {
      if (!classifier_) {
        add_regression(predictions, labels, begin, row);
      } else if (units_ == 1) {
        add_binary(predictions, labels, begin, row);
      } else {
        add_multi_class(predictions, labels, begin, row);
      }
    }
    sums_.step_losses += loss;
    sums_.steps += 1;
  }

  void merge(const Metrics& other) override {
    const auto& from = static_cast<const HeadMetrics&>(other);  // there is no other kind
    CHECK(from.classifier_ == classifier_ && from.units_ == units_ &&
              from.at_thresholds_.size() == at_thresholds_.size(),
          "metrics of one kind of model are merged");
    for (const auto member : Sums::kAll) sums_.*member += from.sums_.*member;
    for (size_t i = 0; i < auc_.sums().size(); ++i) auc_.sums()[i] += from.auc_.sums()[i];
    for (size_t i = 0; i < at_thresholds_.size(); ++i) {
      for (const auto member : AtThreshold::kAll) {
        at_thresholds_[i].*member += from.at_thresholds_[i].*member;
      }
    }
  }

  NamedValues result() const override {
    const double average = ratio(sums_.loss, sums_.weight);
    const double loss = ratio(sums_.step_losses, sums_.steps);
    const double label_mean = ratio(sums_.labels, sums_.weight);
    const double prediction_mean = ratio(sums_.predictions, sums_.weight);
    if (!classifier_) {
      return {{"average_loss", average},
              {"label/mean", label_mean},
              {"loss", loss},
              {"prediction/mean", prediction_mean}};
    }
    const double accuracy = ratio(sums_.correct, sums_.weight);
    if (units_ > 1) return {{"accuracy", accuracy}, {"average_loss", average}, {"loss", loss}};
    const double tp = sums_.true_positives;
    NamedValues values = {
        {"accuracy", accuracy},
        {"accuracy_baseline", std::max(label_mean, sums_.weight == 0 ? 0 : 1 - label_mean)},
        {"auc", auc_.roc()},
        {"auc_precision_recall", auc_.precision_recall()},
        {"average_loss", average},
        {"label/mean", label_mean},
        {"loss", loss},
        {"precision", ratio(tp, tp + sums_.false_positives)},
        {"prediction/mean", prediction_mean},
        {"recall", ratio(tp, tp + sums_.false_negatives)}};
    add_at_thresholds(values);
    return values;
  }

  void reset() override {
    sums_ = {};
    auc_ = {};
    for (auto& at : at_thresholds_) at = {at.threshold};
  }

  std::string save() const override {
    SnapshotWriter writer(kMetricsMagic);
    writer.add_u64(classifier_ ? 1 : 0);
    writer.add_u64(units_);
    for (const auto member : Sums::kAll) writer.add_f64(sums_.*member);
    for (const double sum : auc_.sums()) writer.add_f64(sum);
    writer.add_u64(at_thresholds_.size());
    for (const auto& at : at_thresholds_) {
      writer.add_f32(at.threshold);
      for (const auto member : AtThreshold::kAll) writer.add_f64(at.*member);
    }
    return writer.finish();
  }

  Status load(std::string_view bytes) override {
    TRY(auto reader, SnapshotReader::open(kMetricsMagic, bytes));
    const bool same_head = reader.u64() == (classifier_ ? 1U : 0U) && reader.u64() == units_;
    if (reader.ok() && !same_head) {
      return Error(Code::kInvalidArgument, "the saved metrics are of another kind of model");
    }
    Sums sums;
    AucBuckets auc;
    for (const auto member : Sums::kAll) sums.*member = reader.f64();
    for (double& sum : auc.sums()) sum = reader.f64();
    auto at_thresholds = at_thresholds_;
    bool same_thresholds = reader.u64() == at_thresholds.size();
    for (auto& at : at_thresholds) {
      same_thresholds = same_thresholds && reader.f32() == at.threshold;
      for (const auto member : AtThreshold::kAll) at.*member = reader.f64();
    }
    if (reader.ok() && !same_thresholds) {
      return Error(Code::kInvalidArgument, "the saved metrics are of other thresholds");
    }
    if (!reader.ok() || !reader.at_end()) {
      return Error(Code::kDataLoss, "the saved metrics are damaged: their size is wrong");
    }
    sums_ = sums;
    auc_ = auc;
    at_thresholds_ = std::move(at_thresholds);
    return {};
  }

 private:
  /// Puts them where the alphabet has them.
  void add_at_thresholds(NamedValues& values) const {
    for (const auto& at : at_thresholds_) {
      const double tp = at.true_positives;
      values.emplace_back(name_at("accuracy", at.threshold), ratio(at.correct, sums_.weight));
      values.emplace_back(name_at("precision", at.threshold), ratio(tp, tp + at.false_positives));
      values.emplace_back(name_at("recall", at.threshold), ratio(tp, tp + at.false_negatives));
    }
    std::sort(values.begin(), values.end());
  }

  void add_binary(const Predictions& predictions, const Labels& labels, size_t begin, size_t row) {
    const float logit = predictions.logits[row - begin];
    const float label = labels.values[row];
    const double weight = weight_of(labels, row);
    const float probability = predictions.probabilities[2 * (row - begin) + 1];
    const float loss =
        predictions.losses.empty() ? binary_loss(logit, label) : predictions.losses[row - begin];
    const bool chosen = predictions.class_ids[row - begin] == 1;
    // Keras takes any label but 0 as positive here; accuracy compares it with the class id.
    const bool positive = label != 0;
    sums_.weight += weight;
    sums_.loss += weight * static_cast<double>(loss);
    sums_.labels += weight * static_cast<double>(label);
    sums_.predictions += weight * static_cast<double>(probability);
    if (label == (chosen ? 1.0F : 0.0F)) sums_.correct += weight;
    if (chosen) (positive ? sums_.true_positives : sums_.false_positives) += weight;
    if (!chosen && positive) sums_.false_negatives += weight;
    auc_.add(probability, positive, weight);
    for (auto& at : at_thresholds_) at.add(probability, label, weight);
  }

  void add_multi_class(const Predictions& predictions, const Labels& labels, size_t begin,
                       size_t row) {
    const auto label = static_cast<size_t>(labels.values[row]);
    const double weight = weight_of(labels, row);
    const auto logits =
        std::span<const float>(predictions.logits).subspan((row - begin) * units_, units_);
    sums_.weight += weight;
    sums_.loss += weight * static_cast<double>(multi_class_loss(logits, label));
    if (std::cmp_equal(predictions.class_ids[row - begin], label)) sums_.correct += weight;
  }

  void add_regression(const Predictions& predictions, const Labels& labels, size_t begin,
                      size_t row) {
    const double weight = weight_of(labels, row);
    for (size_t unit = 0; unit < units_; ++unit) {
      const float prediction = predictions.logits[(row - begin) * units_ + unit];
      const float label = labels.values[row * units_ + unit];
      sums_.weight += weight;
      sums_.loss += weight * static_cast<double>(squared_loss(prediction, label));
      sums_.labels += weight * static_cast<double>(label);
      sums_.predictions += weight * static_cast<double>(prediction);
    }
  }

  bool classifier_;
  size_t units_;
  Sums sums_;
  AucBuckets auc_;
  std::vector<AtThreshold> at_thresholds_;
};

}  // namespace

std::unique_ptr<Metrics> Metrics::create(const EstimatorSpec& spec) {
  return std::make_unique<HeadMetrics>(spec);
}

}  // namespace millrace::estimator
