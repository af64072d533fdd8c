#include "features/feature_column.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace millrace::features {
namespace {

using Form = Argument::Form;

Argument make(Form form, std::string text, std::vector<Argument> items = {}) {
  Argument argument;
  argument.form = form;
  argument.text = std::move(text);
  argument.items = std::move(items);
  argument.position = 7;
  return argument;
}
Argument name(std::string text) {
  return make(Form::kName, std::move(text));
}
Argument number(std::string text) {
  return make(Form::kNumber, std::move(text));
}
Argument list(std::vector<Argument> items) {
  return make(Form::kList, "", std::move(items));
}
Argument call(std::string function, std::vector<Argument> items) {
  return make(Form::kCall, std::move(function), std::move(items));
}
Argument with(std::string parameter, Argument argument) {
  argument.name = std::move(parameter);
  return argument;
}

Argument ages() {
  return call("bucketized_column",
              {name("age"), with("boundaries", list({number("22"), number("25.5")}))});
}

std::string error_of(const Argument& argument) {
  const auto made = make_feature_column(argument);
  EXPECT_FALSE(made);
  if (made) return {};
  EXPECT_EQ(made.error().position, 7);
  return made.error().to_string();
}

TEST(FeatureColumn, NamesAreTensorFlows) {
  const auto cross =
      make_feature_column(call("crossed_column", {list({name("city"), ages()}), number("64")}));
  ASSERT_TRUE(cross);
  EXPECT_EQ(cross->name(), "age_bucketized_X_city");
  EXPECT_EQ(cross->keys(), (std::vector<std::string>{"city", "age"}));
}

TEST(FeatureColumn, NestedCrossesNameTheirLeavesSorted) {
  const auto inner = call("crossed_column", {list({name("z"), name("b")}), number("10")});
  const auto cross =
      make_feature_column(call("crossed_column", {list({inner, name("c")}), number("9")}));
  ASSERT_TRUE(cross);
  EXPECT_EQ(cross->name(), "b_X_c_X_z");
}

TEST(FeatureColumn, SqlSaysWhatWasGivenAndNoMore) {
  const auto column = make_feature_column(ages());
  ASSERT_TRUE(column);
  EXPECT_EQ(column->to_sql(), "bucketized_column(age, boundaries => [22, 25.5])");
  const auto words = make_feature_column(
      call("categorical_column_with_vocabulary_list",
           {name("color"), list({make(Form::kString, "it's"), make(Form::kString, "red")}),
            with("default_value", number("1"))}));
  ASSERT_TRUE(words);
  EXPECT_EQ(words->to_sql(),
            "categorical_column_with_vocabulary_list(color, ['it''s', 'red'], default_value => 1)");
}

TEST(FeatureColumn, UnknownFunctionSuggestsTheNearest) {
  EXPECT_EQ(error_of(call("numeric_colum", {name("x")})),
            "feature column \"numeric_colum\" does not exist. Did you mean numeric_column?");
}

TEST(FeatureColumn, UnknownArgumentSuggestsTheNearest) {
  EXPECT_EQ(error_of(call("numeric_column", {name("x"), with("shap", number("3"))})),
            "numeric_column: argument \"shap\" does not exist. Did you mean shape?");
}

TEST(FeatureColumn, MissingArgumentIsNamed) {
  EXPECT_EQ(error_of(call("categorical_column_with_hash_bucket", {name("x")})),
            "categorical_column_with_hash_bucket: argument \"hash_bucket_size\" is missing");
}

TEST(FeatureColumn, ArgumentGivenTwiceIsRefused) {
  EXPECT_EQ(error_of(call("numeric_column", {name("x"), with("key", name("y"))})),
            "numeric_column: argument \"key\" is given twice");
}

TEST(FeatureColumn, TooManyArgumentsAreRefused) {
  EXPECT_EQ(error_of(call("indicator_column", {ages(), number("1")})),
            "indicator_column takes at most 1 arguments");
}

TEST(FeatureColumn, BucketsMustBeAPositiveInteger) {
  EXPECT_EQ(error_of(call("categorical_column_with_hash_bucket", {name("x"), number("0")})),
            "categorical_column_with_hash_bucket: argument \"hash_bucket_size\": 0 is not between "
            "1 and 2147483647");
  EXPECT_EQ(error_of(call("categorical_column_with_hash_bucket", {name("x"), number("1.5")})),
            "categorical_column_with_hash_bucket: argument \"hash_bucket_size\": 1.5 is not an "
            "integer");
}

TEST(FeatureColumn, BoundariesMustIncrease) {
  const auto column = call("bucketized_column",
                           {name("age"), with("boundaries", list({number("25"), number("25")}))});
  EXPECT_EQ(error_of(column),
            "bucketized_column: argument \"boundaries\": boundaries must increase, and 25 does "
            "not");
}

TEST(FeatureColumn, VocabularyOfTwoKindsIsRefused) {
  const auto column = call("categorical_column_with_vocabulary_list",
                           {name("color"), list({make(Form::kString, "red"), number("1")})});
  EXPECT_NE(error_of(column).find("1 is not text"), std::string::npos);
}

TEST(FeatureColumn, CrossOfHashBucketsIsRefusedAsInTensorFlow) {
  const auto hashed = call("categorical_column_with_hash_bucket", {name("city"), number("5")});
  const auto column = call("crossed_column", {list({hashed, name("x")}), number("64")});
  EXPECT_NE(error_of(column).find("cannot cross a hash bucket column. Cross the plain column: "
                                  "write city."),
            std::string::npos);
}

TEST(FeatureColumn, VocabularyTakesADefaultOrOovBuckets) {
  const auto column =
      call("categorical_column_with_vocabulary_list",
           {name("color"), list({make(Form::kString, "red")}), with("default_value", number("0")),
            with("num_oov_buckets", number("2"))});
  EXPECT_NE(error_of(column).find("not both"), std::string::npos);
}

TEST(FeatureColumn, CallsNestedWithoutEndAreRefused) {
  Argument column = call("indicator_column", {ages()});
  for (int i = 0; i < 100; ++i) column = call("indicator_column", {column});
  EXPECT_NE(error_of(column).find("nested too deeply"), std::string::npos);
}

TEST(FeatureColumn, EmbeddingSaysItsDimensionAndWhatDiffersFromTheDefault) {
  const auto column = make_feature_column(
      call("embedding_column", {ages(), number("8"), with("combiner", make(Form::kString, "sum")),
                                with("max_norm", number("0.5"))}));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name(), "age_bucketized_embedding");
  EXPECT_EQ(column->to_sql(),
            "embedding_column(bucketized_column(age, boundaries => [22, 25.5]), 8, combiner => "
            "'sum', max_norm => 0.5)");
}

TEST(FeatureColumn, SharedEmbeddingsNeedTheSameBuckets) {
  const auto hashed = [](std::string key, std::string size) {
    return call("categorical_column_with_hash_bucket",
                {name(std::move(key)), number(std::move(size))});
  };
  const auto shared = [&](std::string size) {
    return call("shared_embeddings",
                {list({hashed("b", "5"), hashed("a", std::move(size))}), number("3")});
  };
  const auto column = make_feature_column(shared("5"));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name(), "a_b_shared_embedding");
  EXPECT_NE(error_of(shared("6")).find("the same number of buckets"), std::string::npos);
}

TEST(FeatureColumns, TwoOfOneNameAreRefused) {
  const auto columns = make_feature_columns(
      list({call("numeric_column", {name("x")}), call("numeric_column", {name("x")})}));
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().message, "there are two feature columns of the name \"x\"");
}

TEST(FeatureColumns, AnEmptyListIsRefused) {
  EXPECT_FALSE(make_feature_columns(list({})));
}

/// A file of lines that goes with the test.
struct VocabularyFile {
  std::string path = testing::TempDir() + "vocabulary_of_" +
                     testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
                     std::to_string(::getpid());

  explicit VocabularyFile(const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~VocabularyFile() { std::remove(path.c_str()); }
};

Result<FeatureColumn> from_file(const VocabularyFile& file, std::vector<Argument> more = {}) {
  std::vector<Argument> items = {name("color"), make(Form::kString, file.path)};
  for (auto& item : more) items.push_back(std::move(item));
  return make_feature_column(call("categorical_column_with_vocabulary_file", std::move(items)));
}

TEST(FeatureColumn, VocabularyFileIsReadLineByLine) {
  const VocabularyFile file("red\r\ngreen\nblue");
  const auto column = from_file(file, {with("num_oov_buckets", number("2"))});
  ASSERT_TRUE(column);
  EXPECT_EQ(column->vocabulary, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(column->buckets, 5);
  EXPECT_EQ(column->to_sql(), "categorical_column_with_vocabulary_file(color, '" + file.path +
                                  "', 3, num_oov_buckets => 2)");
}

TEST(FeatureColumn, VocabularySizeTakesTheFirstLines) {
  const VocabularyFile file("3\n+1\n");
  EXPECT_EQ(from_file(file, {number("1")})->vocabulary, std::vector<std::string>{"3"});
  EXPECT_NE(from_file(file, {number("3")}).error().message.find("has 2 lines, not 3"),
            std::string::npos);
  const auto integers = from_file(file, {with("dtype", name("int64"))});
  ASSERT_FALSE(integers);
  EXPECT_NE(integers.error().message.find("line 2"), std::string::npos);
}

TEST(FeatureColumn, VocabularyFileThatIsNoVocabularyIsRefused) {
  EXPECT_NE(from_file(VocabularyFile("")).error().message.find("has 0 lines"), std::string::npos);
  const VocabularyFile twice("a\nb\na\n");
  EXPECT_NE(from_file(twice).error().message.find("line 3"), std::string::npos);
  const auto missing =
      make_feature_column(call("categorical_column_with_vocabulary_file",
                               {name("color"), make(Form::kString, "/nowhere/colors.txt")}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(
      missing.error().message,
      "categorical_column_with_vocabulary_file: argument \"vocabulary_file\": cannot read file "
      "\"/nowhere/colors.txt\"");
}

TEST(FeatureColumn, NormalizersAreGivenByNameAndNumbers) {
  const auto column = [](Argument normalizer) {
    return call("numeric_column", {name("age"), with("normalizer_fn", std::move(normalizer))});
  };
  const auto scored = make_feature_column(column(call("Z_Score", {number("40"), number("12.5")})));
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->normalizer, (Normalizer{Normalizer::Kind::kZScore, 40, 12.5}));
  EXPECT_EQ(scored->to_sql(), "numeric_column(age, normalizer_fn => z_score(40, 12.5))");
  EXPECT_NE(error_of(column(call("zscore", {}))).find("Did you mean z_score?"), std::string::npos);
  EXPECT_NE(error_of(column(call("min_max", {number("1")}))).find("takes 2 numbers"),
            std::string::npos);
  EXPECT_NE(
      error_of(column(call("min_max", {number("1"), number("1")}))).find("must be above the first"),
      std::string::npos);
  EXPECT_NE(error_of(column(call("z_score", {number("1"), number("0")}))).find("must be above 0"),
            std::string::npos);
  EXPECT_NE(error_of(column(name("log"))).find("is not a normalizer"), std::string::npos);
  const auto learned = make_feature_column(column(call("standard", {})));
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->to_sql(), "numeric_column(age, normalizer_fn => standard())");
  EXPECT_NE(error_of(column(call("standard", {number("1")}))).find("takes no numbers"),
            std::string::npos);
  const auto ranges = call("bucketized_column",
                           {column(call("standard", {})), with("boundaries", list({number("1")}))});
  EXPECT_NE(error_of(ranges).find("would move"), std::string::npos) << error_of(ranges);
}

TEST(FeatureColumn, SeparatorBelongsToTheColumn) {
  const auto column = make_feature_column(
      call("categorical_column_with_hash_bucket",
           {name("tags"), number("12"), with("separator", make(Form::kString, "|"))}));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->separator, "|");
  EXPECT_EQ(column->to_sql(), "categorical_column_with_hash_bucket(tags, 12, separator => '|')");
}

}  // namespace
}  // namespace millrace::features
