#include "estimator/calibration.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kCalibrationMagic = "MILLCALI";

}  // namespace

void CalibrationBins::add(const Predictions& predictions, const Labels& labels, size_t begin,
                          size_t end) {
  CHECK(predictions.probabilities.size() == 2 * (end - begin),
        "the predictions are of these rows, and binary");
  for (size_t row = begin; row < end; ++row) {
    const float probability = predictions.probabilities[2 * (row - begin) + 1];
    const double weight = labels.weights.empty() ? 1.0 : static_cast<double>(labels.weights[row]);
    const auto place = static_cast<size_t>(static_cast<double>(probability) * kBins);
    double* const sums = sums_.data() + std::min(place, kBins - 1);
    sums[0] += weight;
    sums[kBins] += weight * static_cast<double>(probability);
    sums[2 * kBins] += weight * static_cast<double>(labels.values[row]);
  }
}

CalibrationBins::Bin CalibrationBins::bin(size_t i) const {
  return {static_cast<double>(i) / kBins, static_cast<double>(i + 1) / kBins, sums_[i],
          sums_[kBins + i], sums_[2 * kBins + i]};
}

std::string CalibrationBins::save() const {
  SnapshotWriter writer(kCalibrationMagic);
  for (const double sum : sums_) writer.add_f64(sum);
  return writer.finish();
}

Status CalibrationBins::load(std::string_view bytes) {
  TRY(auto reader, SnapshotReader::open(kCalibrationMagic, bytes));
  auto sums = sums_;
  for (double& sum : sums) sum = reader.f64();
  const bool finite =
      std::all_of(sums.begin(), sums.end(), [](double sum) { return std::isfinite(sum); });
  if (!reader.ok() || !reader.at_end() || !finite)
    return Error(Code::kDataLoss, "the saved calibration is damaged: its size is wrong");
  sums_ = sums;
  return {};
}

}  // namespace millrace::estimator
