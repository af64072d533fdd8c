// FTRL-proximal as TensorFlow's CPU kernels compute it, operation by operation in float32
// (tensorflow/core/kernels/training_ops.cc: ResourceApplyFtrl, ResourceSparseApplyFtrl and their V2
// forms; McMahan et al., "Ad Click Prediction", 2013). Pure functions over spans; w, n
// (accumulator) and z (linear) are the variable and its slots.
#pragma once

#include <cstdint>
#include <span>

namespace millrace::estimator {

struct FtrlRates {
  float learning_rate;
  float l1;
  float l2;         // with Keras's beta: l2 + beta / (2 * learning_rate)
  float shrinkage;  // l2_shrinkage; 0 = the kernels without it
  float power;      // learning_rate_power, at most 0
};

struct FtrlState {
  std::span<float> w;
  std::span<float> n;
  std::span<float> z;
};

/// Every element. Note that a zero gradient is an update too: w is solved again from n and z.
void ftrl_dense(const FtrlState& state, std::span<const float> gradient, const FtrlRates& rates);

/// The rows `ids`, each once; `gradient` has `width` values for each of them, and `state.w` their
/// weights side by side, where n and z are of the whole table. Rows of one element
/// take the scalar kernel, which is not bit-equal to the vector kernel that longer rows take.
void ftrl_sparse(const FtrlState& state, std::span<const int32_t> ids, size_t width,
                 std::span<const float> gradient, const FtrlRates& rates);

}  // namespace millrace::estimator
