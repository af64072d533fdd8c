#include "estimator/adwin.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr std::string_view kAdwinMagic = "MILLADWN";
constexpr size_t kBucketsOfRow = 5;  // M of the paper: more = finer places for a cut
constexpr int64_t kCheckEvery = 32;  // numbers between two looks for a cut
constexpr int64_t kWindowMin = 10;   // a shorter window is not cut
constexpr double kPartMin = 5;       // nor is a part that short
constexpr size_t kRowsMax = 62;      // 2^62 numbers

double size_of_row(size_t row) {
  return static_cast<double>(uint64_t{1} << row);
}

}  // namespace

Adwin::Adwin(double delta) : delta_(delta), rows_(1) {
  CHECK(delta > 0 && delta < 1, "delta is a probability");
}

bool Adwin::add(double value) {
  CHECK(value >= 0 && value <= 1, "ADWIN's bound holds for numbers in [0, 1]");
  insert(value);
  compress();
  ++added_;
  if (added_ % kCheckEvery != 0 || width_ <= kWindowMin) return false;
  bool drift = false;
  while (width_ > kWindowMin && find_cut()) {
    drop_oldest();
    drift = true;
  }
  if (drift) {
    ++drifts_;
    last_drift_at_ = added_;
  }
  return drift;
}

void Adwin::insert(double value) {
  rows_[0].push_back({value, 0});
  if (width_ > 0) {
    const auto n = static_cast<double>(width_);
    const double distance = value - total_ / n;
    variance_ += n * distance * distance / (n + 1);
  }
  ++width_;
  total_ += value;
}

void Adwin::compress() {
  for (size_t row = 0; rows_[row].size() > kBucketsOfRow; ++row) {
    if (row + 1 == rows_.size()) rows_.emplace_back();
    auto& buckets = rows_[row];
    const double n = size_of_row(row);
    const double distance = (buckets[0].total - buckets[1].total) / n;
    rows_[row + 1].push_back(
        {buckets[0].total + buckets[1].total,
         buckets[0].variance + buckets[1].variance + n * distance * distance / 2});
    buckets.erase(buckets.begin(), buckets.begin() + 2);
  }
}

/// Whether some place between two buckets has parts of different means beside it.
bool Adwin::find_cut() const {
  double n_old = 0;
  double total_old = 0;
  const auto n = static_cast<double>(width_);
  for (size_t row = rows_.size(); row-- > 0;) {
    for (const auto& bucket : rows_[row]) {
      n_old += size_of_row(row);
      total_old += bucket.total;
      if (n - n_old < kPartMin) return false;
      if (n_old >= kPartMin && differ(n_old, total_old, n - n_old, total_ - total_old)) return true;
    }
  }
  return false;
}

bool Adwin::differ(double n_old, double total_old, double n_new, double total_new) const {
  const auto n = static_cast<double>(width_);
  const double inverse_m = 1 / n_old + 1 / n_new;  // m of the paper: half the harmonic mean
  const double confidence = std::log(2 * std::log(n) / delta_);
  const double variance = std::max(variance_, 0.0) / n;
  const double bound =
      std::sqrt(2 * inverse_m * variance * confidence) + 2.0 / 3 * inverse_m * confidence;
  return std::abs(total_old / n_old - total_new / n_new) > bound;
}

void Adwin::drop_oldest() {
  while (rows_.back().empty()) rows_.pop_back();
  const size_t row = rows_.size() - 1;
  const Bucket bucket = rows_[row].front();
  rows_[row].erase(rows_[row].begin());
  const double n = size_of_row(row);
  width_ -= static_cast<int64_t>(uint64_t{1} << row);
  total_ -= bucket.total;
  const auto rest = static_cast<double>(width_);
  const double distance = bucket.total / n - total_ / rest;
  variance_ -= bucket.variance + n * rest * distance * distance / (n + rest);
  while (rows_.size() > 1 && rows_.back().empty()) rows_.pop_back();
}

std::string Adwin::save() const {
  SnapshotWriter writer(kAdwinMagic);
  writer.add_f64(delta_);
  for (const int64_t count : {width_, added_, drifts_, last_drift_at_}) writer.add_i64(count);
  writer.add_f64(total_);
  writer.add_f64(variance_);
  writer.add_u64(rows_.size());
  for (const auto& row : rows_) {
    writer.add_u64(row.size());
    for (const auto& bucket : row) {
      writer.add_f64(bucket.total);
      writer.add_f64(bucket.variance);
    }
  }
  return writer.finish();
}

Status Adwin::load(std::string_view bytes) {
  TRY(auto reader, SnapshotReader::open(kAdwinMagic, bytes));
  Adwin loaded(delta_);
  const bool same_delta = reader.f64() == delta_;
  if (reader.ok() && !same_delta) {
    return Error(Code::kInvalidArgument, "the saved drift detector has another delta");
  }
  for (int64_t* count : {&loaded.width_, &loaded.added_, &loaded.drifts_, &loaded.last_drift_at_}) {
    *count = reader.i64();
  }
  loaded.total_ = reader.f64();
  loaded.variance_ = reader.f64();
  const uint64_t rows = reader.u64();
  bool fits = rows >= 1 && rows <= kRowsMax && std::isfinite(loaded.total_) &&
              std::isfinite(loaded.variance_);
  uint64_t width = 0;
  loaded.rows_.clear();
  for (uint64_t row = 0; fits && row < rows; ++row) {
    const uint64_t buckets = reader.u64();
    fits = reader.ok() && buckets <= kBucketsOfRow;
    loaded.rows_.emplace_back();
    for (uint64_t i = 0; fits && i < buckets; ++i) {
      const double total = reader.f64();
      const double variance = reader.f64();
      fits = reader.ok() && std::isfinite(total) && std::isfinite(variance);
      loaded.rows_.back().push_back({total, variance});
      width += uint64_t{1} << row;
    }
  }
  if (!fits || !reader.ok() || !reader.at_end() || std::cmp_not_equal(width, loaded.width_)) {
    return Error(Code::kDataLoss, "the saved drift detector is damaged: its buckets do not fit");
  }
  *this = std::move(loaded);
  return {};
}

}  // namespace millrace::estimator
