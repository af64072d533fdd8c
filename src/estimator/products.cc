#include "estimator/products.h"

#include <algorithm>
#include <cstring>

namespace millrace::estimator {
namespace {

// Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008), as far as
// layers need it: a block of sums stays in registers while a panel of the matrix, a few vectors
// wide, which lies in the first cache, passes by.

// A vector of floats as gcc and clang both have it, whose arithmetic is lane by lane.
template <size_t kLanes>
struct VectorOf {
  typedef float type __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
};

/// Some columns of a matrix; those of one row are one after another.
struct Panel {
  const float* first;
  size_t stride;  // from row to row
};

/// The block's sums are kRows of them, each `width` after the one before.
template <size_t kLanes, size_t kRows, size_t kVectors>
[[gnu::always_inline]] inline void add_block(const Factors& factors, const Panel& panel,
                                             size_t width, float* first_sum) {
  using Vector = typename VectorOf<kLanes>::type;
  Vector sums[kRows][kVectors];
  for (size_t r = 0; r < kRows; ++r)
    for (size_t v = 0; v < kVectors; ++v)
      sums[r][v] = *reinterpret_cast<const Vector*>(first_sum + r * width + v * kLanes);
  for (size_t k = 0; k < factors.columns; ++k) {
    const float* factor = factors.first + k * factors.column_stride;
    const float* row = panel.first + k * panel.stride;
    for (size_t v = 0; v < kVectors; ++v) {
      const Vector values = *reinterpret_cast<const Vector*>(row + v * kLanes);
      for (size_t r = 0; r < kRows; ++r) sums[r][v] += factor[r * factors.row_stride] * values;
    }
  }
  for (size_t r = 0; r < kRows; ++r)
    for (size_t v = 0; v < kVectors; ++v)
      *reinterpret_cast<Vector*>(first_sum + r * width + v * kLanes) = sums[r][v];
}

/// All rows of the sums below a panel: kRows at a time, then half as many, down to one.
template <size_t kLanes, size_t kRows, size_t kVectors>
[[gnu::always_inline]] inline void add_rows(Factors factors, const Panel& panel, size_t width,
                                            float* sums) {
  for (; factors.rows >= kRows; factors.rows -= kRows) {
    add_block<kLanes, kRows, kVectors>(factors, panel, width, sums);
    factors.first += kRows * factors.row_stride;
    sums += kRows * width;
  }
  if constexpr (kRows > 1) add_rows<kLanes, kRows / 2, kVectors>(factors, panel, width, sums);
}

constexpr size_t kPanelRows = 128;

/// The next columns, as many as kVectors hold or what is left of them, by way of a copy: panels of
/// a wide matrix do not stay in the cache where they are, and what is left over fills no vector.
template <size_t kLanes, size_t kRows, size_t kVectors>
[[gnu::always_inline]] inline void add_copied(const Factors& factors, const float* matrix,
                                              size_t width, size_t columns, float* sums) {
  constexpr size_t kWidth = kLanes * kVectors;
  float panel[kPanelRows * kWidth];
  for (size_t k = 0; k < factors.columns; ++k) {
    float* row = panel + k * kWidth;
    std::memcpy(row, matrix + k * width, columns * sizeof(float));
    std::fill(row + columns, row + kWidth, 0.0F);
  }
  if (columns == kWidth) {
    add_rows<kLanes, kRows, kVectors>(factors, {panel, kWidth}, width, sums);
    return;
  }
  Factors some = factors;
  for (size_t done = 0; done < factors.rows; done += some.rows) {
    some.first = factors.first + done * factors.row_stride;
    some.rows = std::min(kRows, factors.rows - done);
    float block[kRows * kWidth];
    for (size_t r = 0; r < some.rows; ++r)
      std::memcpy(block + r * kWidth, sums + (done + r) * width, columns * sizeof(float));
    add_rows<kLanes, kRows, kVectors>(some, {panel, kWidth}, kWidth, block);
    for (size_t r = 0; r < some.rows; ++r)
      std::memcpy(sums + (done + r) * width, block + r * kWidth, columns * sizeof(float));
  }
}

template <size_t kLanes, size_t kRows>
[[gnu::always_inline]] inline void add_some_columns(const Factors& factors, const float* matrix,
                                                    size_t width, float* sums) {
  constexpr size_t kFewRows = 4;  // do not repay a copy
  size_t at = 0;
  if (factors.rows < kFewRows) {
    for (; at + 4 * kLanes <= width; at += 4 * kLanes)
      add_rows<kLanes, 1, 4>(factors, {matrix + at, width}, width, sums + at);
    for (; at + kLanes <= width; at += kLanes)
      add_rows<kLanes, 1, 1>(factors, {matrix + at, width}, width, sums + at);
  } else {
    for (; at + 2 * kLanes <= width; at += 2 * kLanes)
      add_copied<kLanes, kRows, 2>(factors, matrix + at, width, 2 * kLanes, sums + at);
    for (; at + kLanes <= width; at += kLanes)
      add_copied<kLanes, kRows, 1>(factors, matrix + at, width, kLanes, sums + at);
  }
  if (at < width) add_copied<kLanes, kRows, 1>(factors, matrix + at, width, width - at, sums + at);
}

template <size_t kLanes, size_t kRows>
[[gnu::always_inline]] inline void add_products_by(Factors factors, const float* matrix,
                                                   size_t width, float* sums) {
  const size_t columns = factors.columns;
  for (size_t done = 0; done < columns; done += kPanelRows) {
    factors.columns = std::min(kPanelRows, columns - done);
    add_some_columns<kLanes, kRows>(factors, matrix + done * width, width, sums);
    factors.first += factors.columns * factors.column_stride;
  }
}

void add_products_plain(const Factors& factors, const float* matrix, size_t width, float* sums) {
  add_products_by<4, 4>(factors, matrix, width, sums);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) void add_products_avx2(const Factors& factors, const float* matrix,
                                                       size_t width, float* sums) {
  add_products_by<8, 4>(factors, matrix, width, sums);
}

__attribute__((target("avx512f"))) void add_products_avx512(const Factors& factors,
                                                            const float* matrix, size_t width,
                                                            float* sums) {
  add_products_by<16, 8>(factors, matrix, width, sums);
}

#endif

/// visit(factor, row, column) of those that are not zero, row by row.
template <class Visit>
void each_factor(const Factors& factors, const Visit& visit) {
  for (size_t i = 0; i < factors.rows; ++i) {
    for (size_t k = 0; k < factors.columns; ++k) {
      const float* factor = factors.first + i * factors.row_stride + k * factors.column_stride;
      if (*factor != 0) visit(factor, i, k);
    }
  }
}

}  // namespace

std::vector<AddProducts> versions_of_add_products() {
  std::vector<AddProducts> versions{add_products_plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) versions.push_back(add_products_avx2);
  if (__builtin_cpu_supports("avx512f") != 0) versions.push_back(add_products_avx512);
#endif
  return versions;
}

void add_products(const Factors& factors, const float* matrix, size_t width, float* sums) {
  static const AddProducts best = versions_of_add_products().back();
  best(factors, matrix, width, sums);
}

void add_sparse_products(const Factors& factors, const float* matrix, size_t width, float* sums) {
  each_factor(factors, [&](const float* factor, size_t i, size_t k) {
    add_products({factor, 1, 1, 1}, matrix + k * width, width, sums + i * width);
  });
}

void scatter_products(const Factors& factors, const float* from, size_t width, float* matrix) {
  each_factor(factors, [&](const float* factor, size_t i, size_t k) {
    add_products({factor, 1, 1, 1}, from + i * width, width, matrix + k * width);
  });
}

}  // namespace millrace::estimator
