// The inner loops of dense layers: rows of a matrix [.., width], each times a factor, added up. The
// vector versions are chosen when the process runs. Products are rounded before they are added and
// sums keep their order, as TensorFlow's formulas have them, so all versions give the same bits and
// a model learns the same on every machine. Matrices are row-major float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::estimator {

/// A vector, or a column of a matrix: each value is `stride` after the one before.
struct Factors {
  const float* first;
  size_t count;
  size_t stride = 1;
};

/// sum[j] += factors[i] * matrix[i * width + j] for each i, one after another.
void add_products(const Factors& factors, const float* matrix, size_t width, float* sum);

/// The same for factors that are mostly zero, which are left out.
void add_sparse_products(const Factors& factors, const float* matrix, size_t width, float* sum);
/// matrix[i * width + j] += factors[i] * from[j] for each i whose factor is not zero.
void scatter_products(const Factors& factors, const float* from, size_t width, float* matrix);

/// How add_products can be computed, the plain one first; for tests, which compare them.
using AddProducts = void (*)(const Factors& factors, const float* matrix, size_t width, float* sum);
std::vector<AddProducts> versions_of_add_products();

}  // namespace millrace::estimator
