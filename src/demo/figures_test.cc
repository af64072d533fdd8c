#include "demo/figures.h"

#include <gtest/gtest.h>

namespace millrace::demo {
namespace {

TEST(Agreement, is_computed_as_the_textbooks_have_it) {
  // Cohen (1960) as in Wikipedia's example: 20 + 15 of 50 agree, kappa 0.4.
  const Agreement table{20, 5, 10, 15};
  EXPECT_EQ(table.couples(), 50);
  EXPECT_DOUBLE_EQ(table.agreement(), 0.7);
  EXPECT_DOUBLE_EQ(table.precision(), 0.8);
  EXPECT_DOUBLE_EQ(table.recall(), 20.0 / 30);
  EXPECT_DOUBLE_EQ(table.machine_share(), 0.5);
  EXPECT_DOUBLE_EQ(table.human_share(), 0.6);
  EXPECT_NEAR(table.kappa(), 0.4, 1e-12);
}

TEST(Agreement, saying_no_to_everyone_agrees_often_and_knows_nothing) {
  const Agreement table{0, 0, 16, 84};
  EXPECT_DOUBLE_EQ(table.agreement(), 0.84);
  EXPECT_DOUBLE_EQ(table.kappa(), 0);
  EXPECT_DOUBLE_EQ(table.precision(), 0);
}

TEST(Agreement, full_agreement_is_one_and_none_at_all_is_negative) {
  EXPECT_DOUBLE_EQ((Agreement{10, 0, 0, 30}.kappa()), 1);
  EXPECT_LT((Agreement{0, 10, 10, 0}.kappa()), 0);
}

TEST(Agreement, an_empty_table_has_figures_too) {
  const Agreement table;
  EXPECT_DOUBLE_EQ(table.agreement(), 0);
  EXPECT_DOUBLE_EQ(table.kappa(), 0);
}

TEST(AucError, is_hanley_and_mcneils) {
  // Their example: an area of 0.893 with 51 and 58 cases has the standard error 0.032.
  EXPECT_NEAR(auc_error(0.893, 51, 58), 0.032, 0.001);
  EXPECT_DOUBLE_EQ(auc_error(0.7, 0, 58), 0);
}

}  // namespace
}  // namespace millrace::demo
