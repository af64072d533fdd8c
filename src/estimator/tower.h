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

class PublishedTower {
 public:
  virtual ~PublishedTower() = default;
  /// Adds to `logits` [rows, units].
  virtual void add_logits(const TowerRows& rows, std::span<float> logits) const = 0;
  /// The trained variables, for people.
  virtual void add_variables(std::vector<Variable>& variables) const = 0;
};

/// A published table as a variable.
Variable variable_of(const PublishedTable& table);

class Tower {
 public:
  virtual ~Tower() = default;

  /// Adds to `logits` [rows, units], as in training (a DNN keeps what learn() needs).
  virtual void add_logits(const TowerRows& rows, std::span<float> logits) = 0;
  /// One update from the gradient of the loss by the logits of the same rows; `iterations` updates
  /// came before it.
  virtual void learn(const TowerRows& rows, std::span<const float> gradient,
                     int64_t iterations) = 0;
  virtual std::shared_ptr<const PublishedTower> publish() = 0;

  virtual std::vector<Parameter*> parameters() = 0;
  virtual Optimizer& optimizer() = 0;
};

/// Weights and slots a model may have, so that a wrong bucket count cannot take all memory.
inline constexpr uint64_t kModelFloatsMax = uint64_t{1} << 31;

/// Errors: kResourceExhausted, kUnsupported (a block that a linear tower does not read).
Result<std::unique_ptr<Tower>> make_linear_tower(const EstimatorSpec& spec,
                                                 const std::vector<BlockLayout>& layouts);

}  // namespace millrace::estimator
