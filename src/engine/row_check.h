// Labels and weights: read from a batch's columns, and checked as TensorFlow's heads check them. A
// row that does not pass is a fault, which becomes a reject; it never reaches the trainer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/encoded.h"
#include "data/reject.h"
#include "estimator/estimator.h"

namespace millrace::engine {

struct RowCheckFault {
  uint32_t row = 0;
  RejectReason reason = RejectReason::kBadLabel;
  std::string detail;
};

/// The column called `key`, or `@key` (a variable), or none.
std::optional<size_t> find_input(const Schema& input, std::string_view key);

/// The columns of the labels: the label, or label_0, label_1, ... of a regressor with more of them.
std::vector<std::string> label_names(const estimator::EstimatorSpec& spec);

class RowChecker {
 public:
  /// Errors: kNotFound for a label or weight that `input` lacks, kTypeMismatch.
  static Result<std::unique_ptr<RowChecker>> make(const estimator::EstimatorSpec& spec,
                                                  const Schema& input);

  /// Fills labels (and weights) for all rows; rows that do not pass get a fault and a zero.
  void read(const Batch& rows, Labels& labels, std::vector<RowCheckFault>& faults) const;

 private:
  RowChecker(const estimator::EstimatorSpec& spec, std::vector<size_t> labels,
             std::optional<size_t> weight)
      : spec_(spec), label_columns_(std::move(labels)), weight_column_(weight) {}
  void read_labels(const Batch& rows, size_t which, Labels& labels,
                   std::vector<RowCheckFault>& faults) const;
  void read_weights(const Batch& rows, Labels& labels, std::vector<RowCheckFault>& faults) const;

  estimator::EstimatorSpec spec_;
  std::vector<size_t> label_columns_;
  std::optional<size_t> weight_column_;
};

/// Sorts faults by row, keeps the first of each row, and takes their rows out of `rows`.
void remove_faults(Batch& rows, std::vector<RowCheckFault>& faults);

}  // namespace millrace::engine
