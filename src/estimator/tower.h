// A Tower turns its encoded features into logits and learns from the logits' gradient. An estimator
// has one (linear or DNN) or two (combined), whose logits are added. The Trainer owns towers and
// calls them from its thread; PublishedTowers are immutable and read by any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "data/encoded.h"
#include "estimator/estimator.h"
#include "estimator/optimizer.h"
#include "estimator/parameter.h"

namespace millrace::estimator {

/// Rows [begin, end) of a tower's input.
struct TowerRows {
  const Encoded& encoded;
  size_t begin;
  size_t end;
};

/// A dense block's numbers of these rows, side by side.
inline std::span<const float> dense_of(const EncodedBlock& block, const TowerRows& rows,
                                       size_t width) {
  return std::span(block.dense).subspan(rows.begin * width, (rows.end - rows.begin) * width);
}

class PublishedTower {
 public:
  virtual ~PublishedTower() = default;
  /// Adds to `logits` [rows, units]; `scratch` is the caller's, to be kept from call to call.
  virtual void add_logits(const TowerRows& rows, std::span<float> logits,
                          std::vector<float>& scratch) const = 0;
  /// What a row adds to the logit of `unit`, part by part. False when its parts do not add up.
  virtual bool explain(const TowerRows& row, size_t unit,
                       std::vector<Contribution>& contributions) const;
  /// The trained variables, for people.
  virtual void add_variables(std::vector<Variable>& variables) const = 0;
};

/// A published table as a variable.
Variable variable_of(const PublishedTable& table);

class Tower {
 public:
  virtual ~Tower() = default;

  /// Adds to `logits` [rows, units], as a scorer would.
  virtual void add_logits(const TowerRows& rows, std::span<float> logits) = 0;
  /// The same as a training step sees it (dropout, the batch's own statistics), keeping what
  /// learn() needs of it; `iterations` updates came before.
  virtual void add_training_logits(const TowerRows& rows, std::span<float> logits,
                                   int64_t iterations) = 0;
  /// Whether the two differ.
  virtual bool differs_in_training() const = 0;
  /// One update from the gradient of the loss by the logits of the same rows, after
  /// add_training_logits() of these rows.
  virtual void learn(const TowerRows& rows, std::span<const float> gradient,
                     int64_t iterations) = 0;
  virtual std::shared_ptr<const PublishedTower> publish() = 0;

  virtual std::vector<Parameter*> parameters() = 0;
  virtual Optimizer& optimizer() = 0;
};

/// Weights and slots a model may have, so that a wrong bucket count cannot take all memory.
inline constexpr uint64_t kModelFloatsMax = uint64_t{1} << 31;

/// A column's name as a part of a variable's: scopes allow fewer characters.
std::string scope_of(std::string_view column);

/// Whether the variables of these blocks, and `other` floats beside them, are too many for a model.
Status check_size(const std::vector<BlockLayout>& layouts, size_t units, uint64_t other);

/// The rows of an embedding table as TensorFlow starts them: truncated normal, deviation
/// 1 / sqrt(width); drawn by seed and name.
void fill_embedding(Parameter& table, uint64_t seed);

// Errors: kResourceExhausted.
Result<std::unique_ptr<Tower>> make_linear_tower(const EstimatorSpec& spec,
                                                 const std::vector<BlockLayout>& layouts);
Result<std::unique_ptr<Tower>> make_dnn_tower(const EstimatorSpec& spec,
                                              const std::vector<BlockLayout>& layouts);

}  // namespace millrace::estimator
