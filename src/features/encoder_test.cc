#include "features/encoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "features/fingerprint.h"

namespace millrace::features {
namespace {

FeatureColumn column_of(ColumnKind kind, std::string key, int64_t buckets = 0) {
  FeatureColumn column;
  column.kind = kind;
  column.key = std::move(key);
  column.buckets = buckets;
  return column;
}

FeatureColumn bucketized(std::string key, std::vector<double> boundaries) {
  FeatureColumn column = column_of(ColumnKind::kBucketized, "");
  column.children = {column_of(ColumnKind::kNumeric, std::move(key))};
  column.boundaries = std::move(boundaries);
  return column;
}

/// Encodes a batch with one column; keeps what came out.
struct Encoding {
  Encoded encoded;
  std::vector<RowFault> faults;

  Encoding(const FeatureColumn& column, const Batch& batch, Feed feed = Feed::kDense,
           Tower tower = Tower::kLinear) {
    const auto encoder = Encoder::make({column}, tower, batch.schema(), feed);
    EXPECT_TRUE(encoder) << (encoder ? "" : encoder.error().to_string());
    if (encoder) (*encoder)->encode(batch, encoded, faults);
  }
  const EncodedBlock& block() const { return encoded.blocks[0]; }
};

template <class T>
Batch batch_of(DataType type, const std::vector<std::optional<T>>& values) {
  Batch batch(std::make_shared<Schema>(std::vector<Field>{{"c", type}}));
  batch.reset(values.size());
  for (size_t row = 0; row < values.size(); ++row) {
    if (values[row]) batch.column(0).set(row, *values[row]);
  }
  return batch;
}

Batch text(const std::vector<std::optional<std::string_view>>& values) {
  return batch_of({Kind::kVarchar}, values);
}
Batch integers(const std::vector<std::optional<int64_t>>& values) {
  return batch_of({Kind::kInt64}, values);
}

Batch list_of_text(const std::vector<uint32_t>& offsets,
                   const std::vector<std::string_view>& values) {
  Batch batch(std::make_shared<Schema>(std::vector<Field>{{"c", {Kind::kVarchar, true}}}));
  batch.reset(offsets.size() - 1);
  batch.column(0).set_list_offsets(offsets);
  std::copy(values.begin(), values.end(), batch.column(0).values<std::string_view>().begin());
  batch.column(0).set_all_valid();
  return batch;
}

std::string make_error(const FeatureColumn& column, const Batch& batch,
                       Tower tower = Tower::kLinear) {
  const auto encoder = Encoder::make({column}, tower, batch.schema());
  EXPECT_FALSE(encoder);
  return encoder ? std::string() : encoder.error().to_string();
}

using Ids = std::vector<int32_t>;
using Offsets = std::vector<uint32_t>;

// The inline hash of short texts is FarmHash's own, for every length it takes.
TEST(Fingerprint, OfShortTextsIsFarmHashs) {
  uint64_t random = 1;
  for (size_t size = 0; size <= 16; ++size) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      std::string bytes;
      while (bytes.size() < size) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        bytes += static_cast<char>(random >> 56);
      }
      ASSERT_EQ(short_fingerprint(bytes), long_fingerprint(bytes)) << size << " bytes";
    }
  }
  EXPECT_EQ(fingerprint("seventeen bytes!!"), long_fingerprint("seventeen bytes!!"));
}

TEST(Encoder, BlocksAreSortedByColumnName) {
  const std::vector<FeatureColumn> columns = {column_of(ColumnKind::kNumeric, "b"),
                                              column_of(ColumnKind::kHashBucket, "a", 5)};
  const auto layout = layout_of(columns, Tower::kLinear);
  ASSERT_EQ(layout.size(), 2U);
  EXPECT_EQ(layout[0].name, "a");
  EXPECT_TRUE(layout[0].sparse);
  EXPECT_EQ(layout[0].width, 5);
  EXPECT_EQ(layout[1].name, "b");
  EXPECT_FALSE(layout[1].sparse);
}

TEST(Encoder, NumbersOfAnyTypeBecomeFloats) {
  const auto numeric = column_of(ColumnKind::kNumeric, "c");
  EXPECT_EQ(Encoding(numeric, batch_of<double>({Kind::kDouble}, {1.5, -2.0})).block().dense,
            (std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(Encoding(numeric, batch_of<uint64_t>({Kind::kUInt64}, {7})).block().dense,
            std::vector<float>{7.0F});
  EXPECT_EQ(Encoding(numeric, batch_of<bool>({Kind::kBool}, {true})).block().dense,
            std::vector<float>{1.0F});
}

TEST(Encoder, NullNumberWithoutDefaultIsAFaultOfItsRow) {
  const Encoding encoding(column_of(ColumnKind::kNumeric, "c"),
                          batch_of<double>({Kind::kDouble}, {1.0, std::nullopt}));
  ASSERT_EQ(encoding.faults.size(), 1U);
  EXPECT_EQ(encoding.faults[0].row, 1U);
  EXPECT_EQ(encoding.faults[0].detail,
            "numeric column \"c\": the value is NULL, and has no default");
}

TEST(Encoder, NullNumberTakesTheDefault) {
  auto numeric = column_of(ColumnKind::kNumeric, "c");
  numeric.default_value = 4;
  const Encoding encoding(numeric, batch_of<double>({Kind::kDouble}, {1.0, std::nullopt}));
  EXPECT_TRUE(encoding.faults.empty());
  EXPECT_EQ(encoding.block().dense, (std::vector<float>{1, 4}));
}

TEST(Encoder, NumbersThatFloat32CannotHoldAreFaults) {
  const Encoding encoding(column_of(ColumnKind::kNumeric, "c"),
                          batch_of<double>({Kind::kDouble}, {std::nan(""), 1.0, 1e300, -HUGE_VAL}));
  ASSERT_EQ(encoding.faults.size(), 3U);
  EXPECT_EQ(encoding.faults[1].row, 2U);
  for (const float value : encoding.block().dense) EXPECT_TRUE(std::isfinite(value));
}

TEST(Encoder, VectorOfAnotherLengthIsAFault) {
  auto numeric = column_of(ColumnKind::kNumeric, "c");
  numeric.shape = 2;
  Batch batch(std::make_shared<Schema>(std::vector<Field>{{"c", {Kind::kFloat, true}}}));
  batch.reset(2);
  batch.column(0).set_list_offsets(Offsets{0, 2, 5});
  for (size_t i = 0; i < 5; ++i) batch.column(0).values<float>()[i] = static_cast<float>(i);
  batch.column(0).set_all_valid();
  const Encoding encoding(numeric, batch);
  ASSERT_EQ(encoding.faults.size(), 1U);
  EXPECT_EQ(encoding.faults[0].detail, "numeric column \"c\": 3 values where shape is 2");
  EXPECT_EQ(encoding.block().dense, (std::vector<float>{0, 1, 0, 0}));
}

TEST(Encoder, BoundaryValuesBelongToTheRightBucket) {
  const Encoding encoding(bucketized("c", {18, 25}),
                          batch_of<double>({Kind::kDouble}, {17.9, 18.0, 25.0, std::nan("")}));
  EXPECT_TRUE(encoding.faults.empty());
  EXPECT_EQ(encoding.block().ids, (Ids{0, 1, 2, 2}));
}

TEST(Encoder, ManyBoundariesAreSearchedAsFewAreCounted) {
  std::vector<double> boundaries;
  for (int i = 0; i < 100; ++i) boundaries.push_back(i);
  const Encoding encoding(bucketized("c", boundaries),
                          batch_of<double>({Kind::kDouble}, {-1.0, 0.0, 49.5, 99.0, std::nan("")}));
  EXPECT_EQ(encoding.block().ids, (Ids{0, 1, 50, 100, 100}));
}

TEST(Encoder, DenseFeedDropsEmptyTextAndExampleFeedHashesIt) {
  const auto hashed = column_of(ColumnKind::kHashBucket, "c", 10);
  const auto batch = text({"a", "", std::nullopt});
  EXPECT_EQ(Encoding(hashed, batch).block().offsets, (Offsets{0, 1, 1, 1}));
  EXPECT_EQ(Encoding(hashed, batch, Feed::kExample).block().ids, (Ids{9, 3}));
}

TEST(Encoder, IntegersHashAsTheirDecimalText) {
  const auto hashed = column_of(ColumnKind::kHashBucket, "c", 1000);
  EXPECT_EQ(Encoding(hashed, integers({12})).block().ids,
            Encoding(hashed, text({"12"})).block().ids);
}

TEST(Encoder, UnknownWordsAreDroppedOrDefaultOrHashed) {
  auto words = column_of(ColumnKind::kVocabularyList, "c", 2);
  words.vocabulary = {"red", "green"};
  EXPECT_EQ(Encoding(words, text({"green", "blue", "red"})).block().offsets, (Offsets{0, 1, 1, 2}));
  words.default_value = 1;
  EXPECT_EQ(Encoding(words, text({"blue"})).block().ids, Ids{1});
  words.default_value.reset();
  words.oov_buckets = 3;
  words.buckets = 5;
  const auto oov = static_cast<int32_t>(2 + fingerprint("blue") % 3);
  EXPECT_EQ(Encoding(words, text({"blue"})).block().ids, Ids{oov});
}

TEST(Encoder, IdentityTooLargeIsAFaultAndNegativeIsDropped) {
  const Encoding encoding(column_of(ColumnKind::kIdentity, "c", 7), integers({9, -3, 6}));
  ASSERT_EQ(encoding.faults.size(), 1U);
  EXPECT_EQ(encoding.faults[0].detail, "identity column \"c\": 9 is not below num_buckets 7");
  EXPECT_EQ(encoding.block().ids, Ids{6});
}

TEST(Encoder, IdentityWithDefaultTakesItOutOfRange) {
  auto identity = column_of(ColumnKind::kIdentity, "c", 7);
  identity.default_value = 2;
  EXPECT_EQ(Encoding(identity, integers({9, -3, 6})).block().ids, (Ids{2, 2, 6}));
}

TEST(Encoder, CrossOfListsTurnsTheLastKeyFastest) {
  FeatureColumn cross = column_of(ColumnKind::kCrossed, "", 1000);
  cross.children = {column_of(ColumnKind::kKey, "c"), column_of(ColumnKind::kKey, "c")};
  const Encoding encoding(cross, list_of_text({0, 2, 2}, {"a", "b"}), Feed::kExample);
  ASSERT_EQ(encoding.block().offsets, (Offsets{0, 4, 4}));
  EXPECT_EQ(encoding.block().ids[1], 986);  // a, b
  EXPECT_EQ(encoding.block().ids[2], 100);  // b, a
}

TEST(Encoder, CrossWithTooManyCombinationsIsAFault) {
  FeatureColumn cross = column_of(ColumnKind::kCrossed, "", 1000);
  cross.children = {column_of(ColumnKind::kKey, "c"), column_of(ColumnKind::kKey, "c")};
  const std::vector<std::string_view> words(300, "a");
  const Encoding encoding(cross, list_of_text({0, 300}, words));
  ASSERT_EQ(encoding.faults.size(), 1U);
  EXPECT_TRUE(encoding.block().ids.empty());
}

TEST(Encoder, DensePlainKeyOfACrossKeepsItsGaps) {
  FeatureColumn cross = column_of(ColumnKind::kCrossed, "", 1000);
  cross.children = {column_of(ColumnKind::kKey, "c"), column_of(ColumnKind::kKey, "c")};
  const auto dense = Encoding(cross, text({std::nullopt, ""}));
  EXPECT_EQ(dense.block().offsets, (Offsets{0, 1, 2}));
  EXPECT_EQ(dense.block().ids[0], dense.block().ids[1]);
  EXPECT_EQ(Encoding(cross, text({std::nullopt, ""}), Feed::kExample).block().offsets,
            (Offsets{0, 0, 1}));
}

TEST(Encoder, APlainKeyOfACrossIsHashedAsTheModelHasIt) {
  const auto with_keys = [](PlainKeyType type) {
    FeatureColumn key = column_of(ColumnKind::kKey, "c");
    key.plain_key_type = type;
    FeatureColumn cross = column_of(ColumnKind::kCrossed, "", 1000);
    cross.children = {key, key};
    return cross;
  };
  const auto numbers = integers({42, -7, std::nullopt});
  const auto digits = text({"42", "-7", ""});
  const auto as_text = with_keys(PlainKeyType::kText);
  const auto as_fed = with_keys(PlainKeyType::kAsFed);
  EXPECT_EQ(Encoding(as_text, numbers).block().ids, Encoding(as_fed, digits).block().ids);
  EXPECT_EQ(Encoding(as_text, digits).block().ids, Encoding(as_fed, digits).block().ids);
  const auto as_integers = with_keys(PlainKeyType::kInteger);
  EXPECT_EQ(Encoding(as_integers, numbers).block().ids, Encoding(as_fed, numbers).block().ids);
  EXPECT_NE(Encoding(as_integers, numbers).block().ids, Encoding(as_text, numbers).block().ids);
  EXPECT_NE(make_error(as_integers, digits).find("needs integers"), std::string::npos);
}

TEST(Encoder, OneFaultIsReportedForARow) {
  Batch batch(
      std::make_shared<Schema>(std::vector<Field>{{"a", {Kind::kDouble}}, {"b", {Kind::kDouble}}}));
  batch.reset(1);
  const auto encoder =
      Encoder::make({column_of(ColumnKind::kNumeric, "a"), column_of(ColumnKind::kNumeric, "b")},
                    Tower::kLinear, batch.schema());
  ASSERT_TRUE(encoder);
  Encoded encoded;
  std::vector<RowFault> faults;
  (*encoder)->encode(batch, encoded, faults);
  EXPECT_EQ(faults.size(), 1U);
}

TEST(Encoder, KeysAreFoundAsVariablesOfTheColumnListToo) {
  Batch batch(std::make_shared<Schema>(std::vector<Field>{{"@c", {Kind::kDouble}}}));
  batch.reset(0);
  EXPECT_TRUE(
      Encoder::make({column_of(ColumnKind::kNumeric, "c")}, Tower::kLinear, batch.schema()));
}

TEST(Encoder, MissingKeySuggestsTheNearest) {
  EXPECT_EQ(make_error(column_of(ColumnKind::kNumeric, "cc"), text({})),
            "numeric column \"cc\" reads \"cc\", which the input does not have. Did you mean c?");
}

TEST(Encoder, TextForIntegersIsATypeMismatchWithAHint) {
  EXPECT_EQ(make_error(column_of(ColumnKind::kIdentity, "c", 5), text({})),
            "identity column \"c\" needs integers, and \"c\" is VARCHAR. Declare the column "
            "BIGINT.");
  EXPECT_EQ(make_error(column_of(ColumnKind::kNumeric, "c"), text({})),
            "numeric column \"c\" needs a number, and \"c\" is VARCHAR. Declare it DOUBLE, or use "
            "a categorical column for text.");
}

TEST(Encoder, CategoricalColumnMustBeWrappedForADnn) {
  EXPECT_EQ(make_error(column_of(ColumnKind::kHashBucket, "c", 5), text({}), Tower::kDnn),
            "hash bucket column \"c\" cannot feed a DNN as it is. Wrap it: "
            "indicator_column(categorical_column_with_hash_bucket(c, 5)).");
}

TEST(InferColumns, NumbersAndTextAreTakenAndTheRestIsLeft) {
  const Schema schema({{"match", {Kind::kInt64}},
                       {"age", {Kind::kInt32}},
                       {"city", {Kind::kVarchar}},
                       {"born", {Kind::kDate}},
                       {"@skip", {Kind::kVarchar}}});
  const auto columns = infer_columns(schema, {"MATCH"});
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].to_sql(), "numeric_column(age)");
  EXPECT_EQ(columns[1].to_sql(), "categorical_column_with_hash_bucket(city, 1000)");
}

TEST(Fingerprint, CrossesChainAsTensorFlowsTestsSay) {
  uint64_t hash = kCrossHashKey;
  for (const char* word : {"batch1-FC1-F1", "batch1-FC2-F1", "batch1-FC3-F1"}) {
    hash = fingerprint_cat(hash, fingerprint(word));
  }
  EXPECT_EQ(hash, 11195065473251060783U);
}

TEST(Encoder, NormalizersWorkInFloat32AndOnTheDefaultToo) {
  auto numeric = column_of(ColumnKind::kNumeric, "c");
  numeric.default_value = 30;
  numeric.normalizer = {Normalizer::Kind::kMinMax, 10, 50};
  EXPECT_EQ(
      Encoding(numeric, batch_of<double>({Kind::kDouble}, {20.0, std::nullopt})).block().dense,
      (std::vector<float>{0.25F, 0.5F}));
  numeric.normalizer = {Normalizer::Kind::kLog, 1, 0};
  const Encoding logarithms(numeric, batch_of<double>({Kind::kDouble}, {0.0, -1.0, -2.0}));
  EXPECT_EQ(logarithms.block().dense[0], 0);
  ASSERT_EQ(logarithms.faults.size(), 2U);
  EXPECT_EQ(logarithms.faults[0].row, 1U);
}

TEST(Encoder, BucketsAreOfTheNormalizedNumber) {
  auto column = bucketized("c", {0, 1});
  column.children[0].normalizer = {Normalizer::Kind::kZScore, 100, 10};
  EXPECT_EQ(Encoding(column, batch_of<double>({Kind::kDouble}, {99.0, 100.0, 110.0})).block().ids,
            (Ids{0, 1, 2}));
}

TEST(Encoder, SeparatorCutsATextIntoValues) {
  FeatureColumn vocabulary = column_of(ColumnKind::kVocabularyList, "c", 3);
  vocabulary.vocabulary = {"jazz", "rock", "pop"};
  vocabulary.separator = ", ";
  const Encoding encoding(vocabulary,
                          text({"rock, jazz", "", std::nullopt, "pop", "polka, pop, , rock"}));
  EXPECT_EQ(encoding.block().offsets, (Offsets{0, 2, 2, 2, 3, 5}));
  EXPECT_EQ(encoding.block().ids, (Ids{1, 0, 2, 2, 1}));
}

TEST(Encoder, SeparatedTextIsAsTheListOfItsValues) {
  auto column = column_of(ColumnKind::kHashBucket, "c", 1000);
  const Encoding list(column, list_of_text({0, 2, 3}, {"a", "b", "c"}));
  column.separator = "|";
  const Encoding cut(column, text({"a|b", "c"}));
  EXPECT_EQ(cut.block().ids, list.block().ids);
  EXPECT_EQ(cut.block().offsets, list.block().offsets);
}

TEST(Encoder, SeparatedIntegersAreReadOrAFaultOfTheirRow) {
  auto column = column_of(ColumnKind::kIdentity, "c", 5);
  column.separator = "|";
  const Encoding encoding(column, text({"4|0|-1", "1|x"}));
  EXPECT_EQ(encoding.block().ids, (Ids{4, 0, 1}));
  ASSERT_EQ(encoding.faults.size(), 1U);
  EXPECT_EQ(encoding.faults[0].row, 1U);
  EXPECT_EQ(encoding.faults[0].detail, "identity column \"c\": \"x\" is not an integer");
}

TEST(Encoder, OnlyTextHasASeparator) {
  auto column = column_of(ColumnKind::kHashBucket, "c", 5);
  column.separator = "|";
  EXPECT_NE(make_error(column, integers({1})).find("has a separator"), std::string::npos);
  EXPECT_NE(make_error(column, list_of_text({0, 1}, {"a"})).find("has a separator"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::features
