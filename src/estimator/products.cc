#include "estimator/products.h"

namespace millrace::estimator {
namespace {

// A vector of floats as gcc and clang both have it, whose arithmetic is lane by lane.
template <size_t kLanes>
struct VectorOf {
  typedef float type __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
};

/// `kVectors` vectors of columns stay in registers over all factors.
template <size_t kLanes, size_t kVectors>
[[gnu::always_inline]] inline void add_columns(const Factors& factors, const float* matrix,
                                               size_t width, float* sum) {
  using Vector = typename VectorOf<kLanes>::type;
  Vector sums[kVectors];
  for (size_t v = 0; v < kVectors; ++v)
    sums[v] = *reinterpret_cast<const Vector*>(sum + v * kLanes);
  for (size_t i = 0; i < factors.count; ++i) {
    const float factor = factors.first[i * factors.stride];
    const float* row = matrix + i * width;
    for (size_t v = 0; v < kVectors; ++v)
      sums[v] += factor * *reinterpret_cast<const Vector*>(row + v * kLanes);
  }
  for (size_t v = 0; v < kVectors; ++v) *reinterpret_cast<Vector*>(sum + v * kLanes) = sums[v];
}

/// The columns that are left over go to vectors of four, and then one by one.
template <size_t kLanes>
[[gnu::always_inline]] inline void add_products_by(const Factors& factors, const float* matrix,
                                                   size_t width, size_t at, float* sum) {
  for (; at + 4 * kLanes <= width; at += 4 * kLanes)
    add_columns<kLanes, 4>(factors, matrix + at, width, sum + at);
  for (; at + kLanes <= width; at += kLanes)
    add_columns<kLanes, 1>(factors, matrix + at, width, sum + at);
  if constexpr (kLanes > 4) {
    add_products_by<4>(factors, matrix, width, at, sum);
  } else {
    for (; at < width; ++at) {
      float one = sum[at];
      for (size_t i = 0; i < factors.count; ++i)
        one += factors.first[i * factors.stride] * matrix[i * width + at];
      sum[at] = one;
    }
  }
}

void add_products_plain(const Factors& factors, const float* matrix, size_t width, float* sum) {
  add_products_by<1>(factors, matrix, width, 0, sum);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) void add_products_avx2(const Factors& factors, const float* matrix,
                                                       size_t width, float* sum) {
  add_products_by<8>(factors, matrix, width, 0, sum);
}

__attribute__((target("avx512f"))) void add_products_avx512(const Factors& factors,
                                                            const float* matrix, size_t width,
                                                            float* sum) {
  add_products_by<16>(factors, matrix, width, 0, sum);
}

#endif

}  // namespace

std::vector<AddProducts> versions_of_add_products() {
  std::vector<AddProducts> versions{add_products_plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) versions.push_back(add_products_avx2);
  if (__builtin_cpu_supports("avx512f") != 0) versions.push_back(add_products_avx512);
#endif
  return versions;
}

void add_products(const Factors& factors, const float* matrix, size_t width, float* sum) {
  static const AddProducts best = versions_of_add_products().back();
  best(factors, matrix, width, sum);
}

void add_sparse_products(const Factors& factors, const float* matrix, size_t width, float* sum) {
  for (size_t i = 0; i < factors.count; ++i) {
    const float* factor = factors.first + i * factors.stride;
    if (*factor != 0) add_products({factor, 1}, matrix + i * width, width, sum);
  }
}

void scatter_products(const Factors& factors, const float* from, size_t width, float* matrix) {
  for (size_t i = 0; i < factors.count; ++i) {
    const float* factor = factors.first + i * factors.stride;
    if (*factor != 0) add_products({factor, 1}, from, width, matrix + i * width);
  }
}

}  // namespace millrace::estimator
