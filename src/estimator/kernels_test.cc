// The optimizers' arithmetic against the values of TensorFlow's own unit tests
// (reference/tf_estimators.md 2.8).
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "estimator/ftrl.h"
#include "estimator/id_map.h"
#include "estimator/optimizer.h"
#include "estimator/products.h"

namespace millrace::estimator {
namespace {

struct FtrlCase {
  FtrlRates rates;
  size_t steps;
  std::vector<float> start;
  std::vector<double> expected;  // var0, var1
};

class FtrlTable : public testing::TestWithParam<FtrlCase> {};

TEST_P(FtrlTable, DenseStepsGiveTensorFlowsWeights) {
  const auto& c = GetParam();
  std::vector<float> w = c.start;
  std::vector<float> n(4, 0.1F);
  std::vector<float> z(4, 0.0F);
  const std::vector<float> gradient = {0.1F, 0.2F, 0.01F, 0.02F};
  for (size_t step = 0; step < c.steps; ++step) ftrl_dense({w, n, z}, gradient, c.rates);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(static_cast<double>(w[i]), c.expected[i], 2e-6 * std::abs(c.expected[i]) + 1e-6);
  }
}

const std::vector<float> kZero = {0, 0, 0, 0};
const std::vector<float> kOthers = {1, 2, 4, 3};

INSTANTIATE_TEST_SUITE_P(
    Published, FtrlTable,
    testing::Values(
        FtrlCase{
            {3, 0, 0, 0, -0.5F}, 3, kZero, {-2.60260963, -4.29698515, -0.28432083, -0.56694895}},
        FtrlCase{
            {3, 0, 0, 0, -0.5F}, 3, kOthers, {-2.55607247, -3.98729396, -0.28232238, -0.56096673}},
        FtrlCase{{3, 0.001F, 0, 0, -0.5F},
                 10,
                 kOthers,
                 {-7.66718769, -10.91273689, -0.93460727, -1.86147261}},
        FtrlCase{
            {3, 0, 0.1F / 6, 0, -0.5F}, 10, kOthers, {-6.096838, -9.162214, -0.717741, -1.425132}},
        FtrlCase{{3, 0, 0.1F + 0.1F / 6, 0, -0.5F},
                 10,
                 kOthers,
                 {-2.735487, -4.704625, -0.294335, -0.586556}},
        FtrlCase{{3, 0.001F, 2, 0, -0.5F},
                 10,
                 kOthers,
                 {-0.24059935, -0.46829352, -0.02406147, -0.04830509}},
        FtrlCase{{3, 0.001F, 2, 0.1F, -0.5F},
                 10,
                 kOthers,
                 {-0.22578995, -0.44345796, -0.14378493, -0.13229476}}));

TEST(FtrlSparse, OnlyTheRowsOfTheStepMove) {
  std::vector<float> w = {1, 2};
  std::vector<float> n(2, 0.1F);
  std::vector<float> z(2, 0.0F);
  const std::vector<int32_t> ids = {0};
  const std::vector<float> gradient = {0.1F};
  const FtrlRates rates{3, 0.001F, 2, 0.1F, -0.5F};
  for (int step = 0; step < 10; ++step) ftrl_sparse({w, n, z}, ids, 1, gradient, rates);
  EXPECT_NEAR(w[0], -0.22578995, 1e-6);
  EXPECT_EQ(w[1], 2.0F);
}

TEST(FtrlSparse, RowsOfManyUnitsAgreeWithTheScalarKernel) {
  const FtrlRates rates{0.2F, 0.01F, 0.1F, 0, -0.5F};
  std::vector<float> wide_w(3), wide_n(6, 0.1F), wide_z(6);
  std::vector<float> w(1), n(2, 0.1F), z(2);
  for (int step = 1; step < 20; ++step) {
    const float g = 0.05F * static_cast<float>(step % 5) - 0.1F;
    ftrl_sparse({wide_w, wide_n, wide_z}, std::vector<int32_t>{1}, 3, std::vector<float>{g, g, g},
                rates);
    ftrl_sparse({w, n, z}, std::vector<int32_t>{1}, 1, std::vector<float>{g}, rates);
    EXPECT_NEAR(wide_w[1], w[0], 1e-7);
  }
  EXPECT_EQ(wide_z[0], 0.0F);
  EXPECT_NE(wide_z[3], 0.0F);
}

TEST(FtrlDense, ZeroGradientSolvesTheWeightAgain) {
  std::vector<float> w = {5};
  std::vector<float> n = {0.1F};
  std::vector<float> z = {0};
  ftrl_dense({w, n, z}, std::vector<float>{0}, {0.2F, 0, 0, 0, -0.5F});
  EXPECT_EQ(w[0], 0.0F);
}

Parameter parameter_of(const Optimizer& optimizer, std::vector<float> values) {
  Parameter parameter("w", {static_cast<int64_t>(values.size()), 1}, values.size(), 1);
  std::copy(values.begin(), values.end(), parameter.values().begin());
  for (const auto& slot : optimizer.slots()) parameter.add_slot(slot.initial);
  return parameter;
}

TEST(Adagrad, StepsGiveTensorFlowsWeights) {
  OptimizerSpec spec;
  spec.kind = OptimizerKind::kAdagrad;
  spec.learning_rate = 0.001F;
  const auto optimizer = Optimizer::make(spec);
  Parameter parameter = parameter_of(*optimizer, {1, 2});
  for (int step = 0; step < 2; ++step) {
    std::vector<float> gradient = {0.1F, -0.3F};
    optimizer->begin_step(step);
    optimizer->apply_dense(parameter, gradient);
  }
  EXPECT_NEAR(parameter.values()[0], 0.999409795, 1e-7);
  EXPECT_NEAR(parameter.values()[1], 2.00125527, 2e-7);
}

TEST(Adagrad, SparseRowsMoveAsDenseOnes) {
  OptimizerSpec spec;
  spec.kind = OptimizerKind::kAdagrad;
  spec.decay = 0.1F;
  const auto optimizer = Optimizer::make(spec);
  Parameter dense = parameter_of(*optimizer, {1, 2});
  Parameter sparse = parameter_of(*optimizer, {1, 2});
  for (int step = 0; step < 3; ++step) {
    std::vector<float> gradient = {0.1F, 0.0F};
    std::vector<float> row = {0.1F};
    optimizer->begin_step(step);
    optimizer->apply_dense(dense, gradient);
    optimizer->apply_sparse(sparse, std::vector<int32_t>{0}, row);
  }
  EXPECT_EQ(dense.values()[0], sparse.values()[0]);
  EXPECT_EQ(sparse.values()[1], 2.0F);
}

TEST(Optimizer, ClipnormScalesAGradientThatIsTooLong) {
  OptimizerSpec spec;
  spec.kind = OptimizerKind::kAdagrad;
  spec.clipnorm = 1;
  const auto optimizer = Optimizer::make(spec);
  Parameter parameter = parameter_of(*optimizer, {0, 0});
  std::vector<float> gradient = {3, 4};
  optimizer->begin_step(0);
  optimizer->apply_dense(parameter, gradient);
  EXPECT_FLOAT_EQ(gradient[0], 0.6F);
  EXPECT_FLOAT_EQ(gradient[1], 0.8F);
}

class IdMapRows : public testing::TestWithParam<size_t> {};

TEST_P(IdMapRows, NumbersIdsByFirstAppearanceInEveryStep) {
  IdMap map;
  for (int step = 0; step < 3; ++step) {
    map.begin(GetParam(), 2000);
    for (int32_t id = 999; id >= 0; --id) {
      EXPECT_EQ(map.number_of(id * 7), static_cast<uint32_t>(999 - id));
    }
    EXPECT_EQ(map.number_of(7 * 999), 0U);
    EXPECT_EQ(map.ids().size(), 1000U);
    EXPECT_EQ(map.ids()[1], 7 * 998);
  }
}

INSTANTIATE_TEST_SUITE_P(DirectAndHashed, IdMapRows, testing::Values(7000, 1 << 24));

TEST(IdMap, GrowsWhenAStepHasMoreIdsThanTheOneBefore) {
  IdMap map;
  map.begin(1 << 24, 4);
  map.number_of(5);
  map.begin(100, 100);
  map.number_of(99);
  map.begin(1 << 24, 5000);
  for (int32_t id = 0; id < 5000; ++id) EXPECT_EQ(map.number_of(id), static_cast<uint32_t>(id));
}

/// Numbers of all sizes, about half of them 0.
std::vector<float> some_numbers(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) {
    const float drawn = normal(random);
    number = random() % 2 == 0 ? 0 : drawn * drawn * drawn;
  }
  return numbers;
}

/// One product after another, as add_products says.
std::vector<float> plain_products(const Factors& factors, const std::vector<float>& matrix,
                                  size_t width, std::vector<float> sums) {
  for (size_t i = 0; i < factors.rows; ++i)
    for (size_t k = 0; k < factors.columns; ++k)
      for (size_t j = 0; j < width; ++j)
        sums[i * width + j] += factors.first[i * factors.row_stride + k * factors.column_stride] *
                               matrix[k * width + j];
  return sums;
}

/// Signs of zeros and what is no number count, too.
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

TEST(Products, EveryVersionGivesTheBitsOfThePlainOne) {
  const auto versions = versions_of_add_products();
  for (const size_t rows : {0U, 1U, 3U, 4U, 7U, 16U, 29U}) {
    for (const size_t columns : {0U, 1U, 7U, 128U, 130U, 300U}) {
      for (const size_t width :
           {1U, 3U, 4U, 15U, 16U, 17U, 31U, 32U, 33U, 47U, 63U, 64U, 70U, 99U}) {
        const auto x = some_numbers(rows * columns, 2);
        const auto matrix = some_numbers(columns * width, 1);
        const auto start = some_numbers(rows * width, 3);
        for (const bool transposed : {false, true}) {
          const Factors factors = transposed ? Factors{x.data(), rows, columns, 1, rows}
                                             : Factors{x.data(), rows, columns, columns};
          const auto wanted = plain_products(factors, matrix, width, start);
          for (const auto version : versions) {
            std::vector<float> sums = start;
            version(factors, matrix.data(), width, sums.data());
            ASSERT_TRUE(same_bits(sums, wanted))
                << rows << " x " << columns << " factors, width " << width;
          }
          std::vector<float> sparse = start;
          add_sparse_products(factors, matrix.data(), width, sparse.data());
          ASSERT_EQ(sparse, wanted);
        }
      }
    }
  }
}

TEST(Products, ScatteredOnesAreThoseOfTheTransposedFactors) {
  constexpr size_t kRows = 5;
  constexpr size_t kColumns = 21;
  constexpr size_t kWidth = 19;
  const auto x = some_numbers(kRows * kColumns, 4);
  const auto from = some_numbers(kRows * kWidth, 5);
  auto matrix = some_numbers(kColumns * kWidth, 6);
  const auto wanted =
      plain_products({x.data(), kColumns, kRows, 1, kColumns}, from, kWidth, matrix);
  scatter_products({x.data(), kRows, kColumns, kColumns}, from.data(), kWidth, matrix.data());
  EXPECT_EQ(matrix, wanted);
}

}  // namespace
}  // namespace millrace::estimator
