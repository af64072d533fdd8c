// Rows as a trainer and an evaluation take them: the inputs of the towers, labels and weights. A
// RowEncoder makes them of a batch and takes out the rows that cannot be learned; a RowQueue joins
// what came in pieces, so that a step's rows do not depend on where the pieces were cut. Each
// belongs to one thread.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/encoded.h"
#include "engine/model_entry.h"
#include "engine/row_check.h"
#include "estimator/estimator.h"

namespace millrace::engine {

struct LabelledRows {
  size_t rows = 0;
  estimator::TowerInputs inputs;
  Labels labels;
};

class RowEncoder {
 public:
  /// For batches of `input`. Errors: a key, the label or the weight that `input` lacks, types that
  /// do not fit.
  static Result<RowEncoder> make(const ModelEntry& model, const Schema& input);

  /// Rows that cannot be learned are taken out of `rows` and listed in `faults` (by their index
  /// before that). `out` is reused from batch to batch.
  void encode(Batch& rows, LabelledRows& out, std::vector<RowCheckFault>& faults);

 private:
  TowerEncoders encoders_;
  std::unique_ptr<RowChecker> checker_;
  std::vector<features::RowFault> feature_faults_;
};

class RowQueue {
 public:
  /// Of the same model each time.
  void append(const LabelledRows& rows);
  /// Forgets the first rows.
  void drop_front(size_t rows);
  const LabelledRows& all() const { return all_; }

 private:
  LabelledRows all_;
};

}  // namespace millrace::engine
