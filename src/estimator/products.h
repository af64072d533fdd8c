// The inner loops of dense layers: products of matrices, added up. The vector versions are chosen
// when the process runs. Products are rounded before they are added and sums keep their order, as
// TensorFlow's formulas have them, so all versions give the same bits and a model learns the same
// on every machine. Values are float32.
#pragma once

#include <cstddef>
#include <vector>

namespace millrace::estimator {

/// The value of row i and column k is at first[i * row_stride + k * column_stride]; a transposed
/// matrix has its strides exchanged.
struct Factors {
  const float* first;
  size_t rows;
  size_t columns;
  size_t row_stride;
  size_t column_stride = 1;
};

/// sums [rows, width] += factors [rows, columns] * matrix [columns, width], for each sum one column
/// of the factors after another. `matrix` and `sums` are row-major.
void add_products(const Factors& factors, const float* matrix, size_t width, float* sums);

/// The same for factors that are mostly zero, which are left out.
void add_sparse_products(const Factors& factors, const float* matrix, size_t width, float* sums);
/// matrix [columns, width] += the transposed factors [columns, rows] * from [rows, width], likewise
/// without the zeros.
void scatter_products(const Factors& factors, const float* from, size_t width, float* matrix);

/// How add_products can be computed, the plainest first; for tests, which compare them.
using AddProducts = void (*)(const Factors& factors, const float* matrix, size_t width,
                             float* sums);
std::vector<AddProducts> versions_of_add_products();

}  // namespace millrace::estimator
