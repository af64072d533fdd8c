// The learner of a running TRAIN pipeline: a model's state, and the loop that cuts a batch into
// steps. Belongs to the pipeline's worker thread. What it is after n batches depends on the model's
// definition and those batches alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/labelled_rows.h"
#include "engine/model_entry.h"
#include "engine/model_state.h"

namespace millrace::engine {

class Learner {
 public:
  /// A model as it is before its first row, for batches of `input`. Errors: a key, the label or the
  /// weight that `input` lacks, types that do not fit.
  static Result<std::unique_ptr<Learner>> make(const ModelEntry& model,
                                               const std::shared_ptr<const Schema>& input);

  /// Learns all rows in steps of batch_size, the last of which may be short: a version. Rows that
  /// cannot be learned are taken out of `rows` and listed in `faults` (by their index before that).
  /// When a step diverges, the learner has come to its end.
  [[nodiscard]] std::optional<Divergence> learn(Batch& rows, std::vector<RowCheckFault>& faults);

  ModelState& state() { return *state_; }
  const ModelState& state() const { return *state_; }

 private:
  Learner(std::unique_ptr<ModelState> state, RowEncoder encoder)
      : state_(std::move(state)), encoder_(std::move(encoder)) {}

  std::unique_ptr<ModelState> state_;
  RowEncoder encoder_;
  LabelledRows encoded_;  // reused from batch to batch
};

}  // namespace millrace::engine
