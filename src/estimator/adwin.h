// ADWIN: a window over a stream of numbers that is as long as they stay alike (Bifet and Gavalda,
// "Learning from Time-Changing Data with Adaptive Windowing", 2007; ADWIN2, its exponential
// histogram, with the variance bound of its section 3). Each new number may show that the window
// has an older and a newer part with different means; then the older part is dropped, and that is a
// drift. With numbers from one distribution in [0, 1] a drift is reported falsely with a
// probability of about `delta`. Memory and time for a number grow with the logarithm of the window.
// One thread; deterministic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::estimator {

class Adwin {
 public:
  /// `delta` in (0, 1): smaller = fewer false drifts, later true ones.
  explicit Adwin(double delta = 0.002);

  /// Takes a finite number in [0, 1], such as an example's error. True when it revealed a drift.
  bool add(double value);

  int64_t width() const { return width_; }
  double mean() const { return width_ == 0 ? 0 : total_ / static_cast<double>(width_); }
  /// Drifts since the beginning, and how many numbers came before the newest of them was noticed.
  int64_t drifts() const { return drifts_; }
  int64_t last_drift_at() const { return last_drift_at_; }
  int64_t added() const { return added_; }

  /// The whole state; a loaded detector goes on as this one would. Errors: kDataLoss,
  /// kInvalidArgument for another delta.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  struct Bucket {
    double total = 0;
    double variance = 0;  // the sum of squared distances from the bucket's mean
  };

  void insert(double value);
  void compress();
  bool find_cut() const;
  bool differ(double n_old, double total_old, double n_new, double total_new) const;
  void drop_oldest();

  double delta_;
  /// rows_[i] holds buckets of 2^i numbers, the oldest first; older numbers are in later rows.
  std::vector<std::vector<Bucket>> rows_;
  int64_t width_ = 0;
  double total_ = 0;
  double variance_ = 0;
  int64_t added_ = 0;
  int64_t drifts_ = 0;
  int64_t last_drift_at_ = 0;
};

}  // namespace millrace::estimator
