// What the model may look at, and above all what it may not.
#include "demo/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "demo/story.h"
#include "features/feature_column.h"
#include "sql/lexer.h"
#include "sql/parse.h"

namespace millrace::demo {
namespace {

/// Everything in the Kaggle file that is known only after a date, or is the answer itself.
std::set<std::string> known_after_the_date() {
  std::set<std::string> names{"match", "dec", "dec_o", "met", "met_o", "match_es"};
  for (const auto rating : kRatings) {
    names.insert(std::string(rating));
    names.insert(std::string(rating) + "_o");
  }
  // The score cards and the surveys at half time, the day after and weeks after.
  for (const char* stem : {"attr", "sinc", "intel", "fun", "amb", "shar"}) {
    for (const char* time : {"1_s", "3_s", "7_2", "1_2", "4_2", "2_2", "3_2", "5_2", "1_3", "7_3",
                             "4_3", "2_3", "3_3", "5_3"})
      names.insert(std::string(stem) + time);
  }
  for (const char* name :
       {"satis_2", "length", "numdat_2", "you_call", "them_cal", "date_3", "numdat_3", "num_in_3"})
    names.insert(name);
  return names;
}

std::set<std::string> leaks_of(FeatureSet set) {
  std::set<std::string> leaks;
  const auto after = known_after_the_date();
  for (const auto& field : feature_fields(set)) {
    if (after.count(field.name) > 0) leaks.insert(field.name);
  }
  return leaks;
}

TEST(Features, a_profile_has_nothing_that_is_known_after_the_date) {
  EXPECT_THAT(leaks_of(FeatureSet::kProfile), testing::IsEmpty());
  const auto after = known_after_the_date();
  for (const auto& question : questions())
    EXPECT_EQ(after.count(std::string(question.name)), 0U) << question.name;
}

TEST(Features, own_and_both_add_the_ratings_and_nothing_else) {
  EXPECT_THAT(
      leaks_of(FeatureSet::kOwn),
      testing::UnorderedElementsAre("attr", "sinc", "intel", "fun", "amb", "shar", "like", "prob"));
  EXPECT_EQ(leaks_of(FeatureSet::kBoth).size(), 16U);
  EXPECT_THAT(description_of(FeatureSet::kProfile), testing::Not(testing::HasSubstr("leak")));
  EXPECT_THAT(description_of(FeatureSet::kOwn), testing::HasSubstr("given after the date: a leak"));
  EXPECT_THAT(description_of(FeatureSet::kBoth),
              testing::HasSubstr("given after the date: a leak"));
}

size_t fields_of(const std::string& line) {
  return static_cast<size_t>(std::count(line.begin(), line.end(), ',')) + 1;
}

TEST(Features, a_line_has_a_value_for_each_column_and_the_unknown_is_empty) {
  Dating dating;
  dating.people.resize(2);
  dating.people[0].iid = 7;
  dating.people[1].iid = 8;
  dating.people[1].gender = kMan;
  for (auto& person : dating.people) person.answers.fill(kUnknown);
  dating.people[1].answers[question_index("age")] = 31;
  Couple couple;
  couple.b = 1;
  couple.own.fill(kUnknown);
  couple.other.fill(kUnknown);
  for (const auto set : {FeatureSet::kProfile, FeatureSet::kOwn, FeatureSet::kBoth}) {
    const std::string line = couple_line(dating, couple, set, 3);
    EXPECT_EQ(fields_of(line), 7 + feature_fields(set).size());
    // seq, iid, pid, wave, dec, dec_o, match, gender, samerace, int_corr, age, age_o, ...
    EXPECT_THAT(line, testing::StartsWith("3,7,8,,,,,0,0,,,31,,"));
  }
}

TEST(Features, what_people_wrote_cannot_break_a_line) {
  Person person;
  person.answers.fill(kUnknown);
  person.field = "law, \"art\"\nand more";
  EXPECT_EQ(person_line(person), "0,woman,,\"law, \"\"art\"\" and more\",\"\",\"\",\"\"");
}

Result<sql::Statement> parsed(const std::string& text) {
  TRY(const auto tokens, sql::lex(text, {}));
  sql::TokenReader reader(text, tokens, {});
  return sql::parse(reader, kDatabase);
}

/// What the model of the story reads, from its own CREATE MODEL.
std::set<std::string> keys_of_model(FeatureSet set) {
  std::set<std::string> keys;
  for (const auto& step : opening({"localhost:9092", {}, set, 100})) {
    if (!step.sql.starts_with("CREATE MODEL")) continue;
    const auto statement = parsed(step.sql);
    EXPECT_TRUE(statement) << statement.error().to_string();
    for (const auto& argument : std::get<sql::CreateModel>(*statement).model.estimator.items) {
      if (argument.name != "feature_columns") continue;
      const auto columns = features::make_feature_columns(argument);
      EXPECT_TRUE(columns) << columns.error().to_string();
      for (const auto& column : *columns) {
        for (const auto& key : column.keys()) keys.insert(key);
      }
    }
  }
  return keys;
}

TEST(Story, the_model_reads_the_features_and_nothing_else) {
  for (const auto set : {FeatureSet::kProfile, FeatureSet::kOwn, FeatureSet::kBoth}) {
    std::set<std::string> fields;
    for (const auto& field : feature_fields(set)) fields.insert(field.name);
    EXPECT_EQ(keys_of_model(set), fields);
  }
  const auto after = known_after_the_date();
  for (const auto& key : keys_of_model(FeatureSet::kProfile))
    EXPECT_EQ(after.count(key), 0U) << key;
}

TEST(Story, all_statements_are_read_by_the_parser_and_only_long_lists_are_shortened) {
  for (const auto set : {FeatureSet::kProfile, FeatureSet::kOwn, FeatureSet::kBoth}) {
    for (const auto& step : opening({"localhost:9092", {}, set, 100})) {
      const auto statement = parsed(step.sql);
      EXPECT_TRUE(statement) << step.sql << "\n" << statement.error().to_string();
      if (step.shown != step.sql) {
        EXPECT_THAT(step.shown, testing::HasSubstr("... and "));
      }
    }
  }
}

}  // namespace
}  // namespace millrace::demo
