#include "estimator/ftrl.h"

#include <algorithm>
#include <cmath>

namespace millrace::estimator {
namespace {

/// n^(-power) as the vector kernels take it.
float rooted(float n, float power) {
  return power == -0.5F ? std::sqrt(n) : std::pow(n, -power);
}

float shrunk(float gradient, float weight, const FtrlRates& rates) {
  return rates.shrinkage > 0 ? gradient + 2 * rates.shrinkage * weight : gradient;
}

float clipped(float z, float l1) {
  return std::min(std::max(z, -l1), l1);
}

/// One element, as the scalar kernel of the sparse form. TensorFlow takes pow in sigma also where
/// the power is -0.5; a square root, which is exact on every machine, differs from it in the last
/// bit of one value in two thousand.
void sparse_scalar(float& w, float& n, float& z, float g, const FtrlRates& rates) {
  const float n_new = n + g * g;
  const float sigma = (rooted(n_new, rates.power) - rooted(n, rates.power)) / rates.learning_rate;
  const float z_new = z + shrunk(g, w, rates) - sigma * w;
  const float quadratic = rooted(n_new, rates.power) / rates.learning_rate + 2 * rates.l2;
  w = (clipped(z_new, rates.l1) - z_new) / quadratic;
  n = n_new;
  z = z_new;
}

}  // namespace

void ftrl_dense(const FtrlState& state, std::span<const float> gradient, const FtrlRates& rates) {
  for (size_t i = 0; i < gradient.size(); ++i) {
    const float g = gradient[i];
    const float n_new = state.n[i] + g * g;
    const float root = rooted(n_new, rates.power);
    const float change = (root - rooted(state.n[i], rates.power)) / rates.learning_rate;
    const float z = state.z[i] + (shrunk(g, state.w[i], rates) - change * state.w[i]);
    const float sign = z > 0 ? 1.0F : (z < 0 ? -1.0F : 0.0F);
    const float x = rates.l1 * sign - z;
    const float y = root / rates.learning_rate + 2 * rates.l2;
    state.w[i] = std::abs(z) > rates.l1 ? x / y : 0.0F;
    state.z[i] = z;
    state.n[i] = n_new;
  }
}

void ftrl_sparse(const FtrlState& state, std::span<const int32_t> ids, size_t width,
                 std::span<const float> gradient, const FtrlRates& rates) {
  if (width == 1) {
    // A large table is not in the cache: what is needed soon is asked for early.
    constexpr size_t kAhead = 16;
    const size_t last = ids.empty() ? 0 : ids.size() - 1;
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto later =
          static_cast<size_t>(static_cast<uint32_t>(ids[std::min(i + kAhead, last)]));
      __builtin_prefetch(&state.n[later], 1);
      __builtin_prefetch(&state.z[later], 1);
      const auto at = static_cast<size_t>(static_cast<uint32_t>(ids[i]));
      sparse_scalar(state.w[i], state.n[at], state.z[at], gradient[i], rates);
    }
    return;
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    const size_t first = static_cast<size_t>(static_cast<uint32_t>(ids[i])) * width;
    for (size_t k = 0; k < width; ++k) {
      const float g = gradient[i * width + k];
      float& w = state.w[i * width + k];
      float& n = state.n[first + k];
      float& z = state.z[first + k];
      const float n_new = n + g * g;
      const float root = rooted(n_new, rates.power);
      const float change = (root - rooted(n, rates.power)) / rates.learning_rate;
      z += shrunk(g, w, rates) - change * w;
      w = (clipped(z, rates.l1) - z) / (root / rates.learning_rate + 2 * rates.l2);
      n = n_new;
    }
  }
}

}  // namespace millrace::estimator
