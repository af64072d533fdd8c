#include "engine/learner.h"

#include <algorithm>

namespace millrace::engine {

Result<std::unique_ptr<Learner>> Learner::make(const ModelEntry& model,
                                               const std::shared_ptr<const Schema>& input) {
  TRY(auto state, ModelState::make(model));
  TRY(auto encoder, RowEncoder::make(model, *input));
  return std::unique_ptr<Learner>(new Learner(std::move(state), std::move(encoder)));
}

std::optional<Divergence> Learner::learn(Batch& rows, std::vector<RowCheckFault>& faults) {
  encoder_.encode(rows, encoded_, faults);
  state_->begin_version();
  const size_t step = state_->step_rows();
  for (size_t begin = 0; begin < encoded_.rows; begin += step) {
    auto divergence = state_->learn_step(encoded_, begin, std::min(begin + step, encoded_.rows));
    if (divergence) return divergence;
  }
  state_->end_version();
  return std::nullopt;
}

}  // namespace millrace::engine
