// A head's metrics over the last batches of a stream instead of over all of it: a ring of the
// batches' accumulators. Pushing a batch forgets the oldest one exactly: its sums leave with it,
// and no rounding stays behind. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "estimator/metrics.h"

namespace millrace::estimator {

class WindowMetrics {
 public:
  /// Over at most `batches` batches, at least one.
  WindowMetrics(const EstimatorSpec& spec, size_t batches);

  /// Takes in the metrics of one batch, of the same kind of model.
  void push(const Metrics& batch);
  /// The batches that are inside now.
  size_t size() const { return size_; }
  /// As Metrics::result() over just these batches.
  NamedValues result() const;
  void reset() { size_ = next_ = 0; }

  /// The ring as bytes, part of what a training resumes from. Errors of load(): kDataLoss;
  /// kInvalidArgument for another model or another number of batches.
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  EstimatorSpec spec_;
  std::vector<std::unique_ptr<Metrics>> ring_;
  size_t next_ = 0;  // where the next batch goes
  size_t size_ = 0;
};

}  // namespace millrace::estimator
