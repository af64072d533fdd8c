#include "features/element_name.h"

#include <gtest/gtest.h>

namespace millrace::features {
namespace {

FeatureColumn column_of(ColumnKind kind, std::vector<FeatureColumn> children = {}) {
  FeatureColumn column;
  column.kind = kind;
  column.key = "c";
  column.children = std::move(children);
  return column;
}

TEST(ElementName, BucketsAreTheirBounds) {
  auto column = column_of(ColumnKind::kBucketized, {column_of(ColumnKind::kNumeric)});
  column.boundaries = {18, 25.5, 30};
  EXPECT_EQ(element_name(column, 0), "below 18");
  EXPECT_EQ(element_name(column, 1), "[18, 25.5)");
  EXPECT_EQ(element_name(column, 3), "30 or more");
  column.children[0].shape = 2;
  EXPECT_EQ(element_name(column, 6), "element 1: [25.5, 30)");
}

TEST(ElementName, WordsAreThoseOfTheVocabularyThroughWrappers) {
  auto words = column_of(ColumnKind::kVocabularyList);
  words.vocabulary = {"red", "green"};
  words.oov_buckets = 3;
  const auto weighted = column_of(ColumnKind::kWeightedCategorical, {words});
  EXPECT_EQ(element_name(column_of(ColumnKind::kIndicator, {weighted}), 1), "green");
  EXPECT_EQ(element_name(words, 4), "out of vocabulary, bucket 2");
}

TEST(ElementName, NumbersAndHashesSayWhatTheyCan) {
  auto numeric = column_of(ColumnKind::kNumeric);
  EXPECT_EQ(element_name(numeric, 0), "");
  numeric.shape = 3;
  EXPECT_EQ(element_name(numeric, 2), "element 2");
  EXPECT_EQ(element_name(column_of(ColumnKind::kHashBucket), 17), "bucket 17");
  EXPECT_EQ(element_name(column_of(ColumnKind::kIdentity), 4), "4");
  EXPECT_EQ(element_name(column_of(ColumnKind::kIdentity), -1), "");
}

}  // namespace
}  // namespace millrace::features
