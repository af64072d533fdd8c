// Couples: those of the file, joined, and those that are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "demo/couple.h"
#include "demo/features.h"

namespace millrace::demo {
namespace {

/// A file like Kaggle's: every column that is read, and one that is not, of these rows.
class SmallFile {
 public:
  using Row = std::map<std::string, std::string>;

  SmallFile() {
    names_ = {"iid",   "pid",      "gender",   "wave",     "match", "dec",
              "dec_o", "samerace", "int_corr", "undergra", "field", "career"};
    for (const auto& question : questions()) names_.emplace_back(question.name);
    for (const auto rating : kRatings) {
      names_.emplace_back(rating);
      names_.push_back(std::string(rating) + "_o");
    }
  }

  void add(const Row& row) { rows_.push_back(row); }
  void leave_out(const std::string& name) {
    names_.erase(std::remove(names_.begin(), names_.end(), name), names_.end());
  }

  std::string text() const {
    std::string text;
    for (const auto& name : names_) text += (text.empty() ? "" : ",") + name;
    for (const auto& row : rows_) {
      text += "\n";
      for (size_t i = 0; i < names_.size(); ++i) {
        const auto at = row.find(names_[i]);
        text += (i > 0 ? "," : "") + (at == row.end() ? "" : at->second);
      }
    }
    return text + "\n";
  }

 private:
  std::vector<std::string> names_;
  std::vector<Row> rows_;
};

/// Ada (1) meets Bob (2); each has a row of the date.
SmallFile two_people() {
  SmallFile file;
  file.add({{"iid", "1"},
            {"pid", "2"},
            {"gender", "0"},
            {"wave", "1"},
            {"match", "0"},
            {"dec", "1"},
            {"dec_o", "0"},
            {"age", "25"},
            {"yoga", "9"},
            {"field", "\"Law, and art\""},
            {"attr", "7"},
            {"attr_o", "4"},
            {"int_corr", "0.25"},
            {"samerace", "1"}});
  file.add({{"iid", "2"},
            {"pid", "1"},
            {"gender", "1"},
            {"wave", "1"},
            {"match", "0"},
            {"dec", "0"},
            {"dec_o", "1"},
            {"age", "31"},
            {"yoga", "2"},
            {"field", "caf\xe9"},
            {"attr", "4"},
            {"attr_o", "7"},
            {"int_corr", "0.25"},
            {"samerace", "1"}});
  return file;
}

TEST(DatingFile, joins_each_row_with_the_answers_of_the_partner) {
  const auto dating = read_dating_text(two_people().text(), "small");
  ASSERT_TRUE(dating) << dating.error().to_string();
  ASSERT_EQ(dating->people.size(), 2U);
  ASSERT_EQ(dating->couples.size(), 2U);
  const auto& couple = dating->couples[0];
  EXPECT_EQ(dating->people[couple.a].iid, 1);
  EXPECT_EQ(dating->people[couple.b].iid, 2);
  const size_t age = question_index("age");
  EXPECT_EQ(dating->people[couple.a].answers[age], 25);
  EXPECT_EQ(dating->people[couple.b].answers[age], 31);
  EXPECT_EQ(couple.dec, 1);
  EXPECT_EQ(couple.dec_o, 0);
  EXPECT_EQ(couple.match, 0);
  EXPECT_EQ(couple.own[0], 7);
  EXPECT_EQ(couple.other[0], 4);
  EXPECT_EQ(couple.int_corr, 0.25);
  EXPECT_TRUE(couple.same_race);
  EXPECT_EQ(dating->left_out, 0);
}

TEST(DatingFile, reads_latin_1_and_quoted_commas) {
  const auto dating = read_dating_text(two_people().text(), "small");
  ASSERT_TRUE(dating);
  EXPECT_EQ(dating->people[0].field, "Law, and art");
  EXPECT_EQ(dating->people[1].field, "caf\xc3\xa9");
}

TEST(DatingFile, an_empty_answer_is_unknown_and_so_is_one_that_cannot_be) {
  SmallFile file = two_people();
  file.add({{"iid", "3"},
            {"pid", "2"},
            {"gender", "0"},
            {"wave", "1"},
            {"match", "1"},
            {"age", "400"},
            {"race", "2.5"},
            {"goal", "9"}});
  const auto dating = read_dating_text(file.text(), "small");
  ASSERT_TRUE(dating);
  const auto& person = dating->people[2];
  for (const char* name : {"age", "race", "goal", "yoga"})
    EXPECT_FALSE(is_known(person.answers[question_index(name)])) << name;
  EXPECT_EQ(dating->couples[2].dec, kNotSaid);
}

TEST(DatingFile, a_row_whose_partner_is_not_in_the_file_is_left_out_and_counted) {
  SmallFile file = two_people();
  file.add({{"iid", "1"}, {"pid", "77"}, {"gender", "0"}, {"wave", "1"}, {"match", "1"}});
  file.add({{"iid", "1"}, {"gender", "0"}, {"wave", "1"}, {"match", "1"}});
  const auto dating = read_dating_text(file.text(), "small");
  ASSERT_TRUE(dating);
  EXPECT_EQ(dating->couples.size(), 2U);
  EXPECT_EQ(dating->left_out, 2);
}

TEST(DatingFile, a_missing_column_is_named) {
  SmallFile file = two_people();
  file.leave_out("int_corr");
  const auto dating = read_dating_text(file.text(), "small");
  ASSERT_FALSE(dating);
  EXPECT_THAT(dating.error().to_string(), testing::HasSubstr("no column \"int_corr\""));
  EXPECT_FALSE(read_dating_text("", "empty"));
  EXPECT_FALSE(read_dating_file("/nowhere/at/all.csv"));
}

/// Where the real file is: in $MILLRACE_SHARED, or in a folder `shared` beside the tree that the
/// test runs in. Empty when there is none.
std::filesystem::path real_file() {
  namespace fs = std::filesystem;
  const fs::path inside = "data/speed_dating/Speed Dating Data.csv";
  const char* shared = std::getenv("MILLRACE_SHARED");
  if (shared != nullptr) return fs::exists(shared / inside) ? shared / inside : fs::path();
  for (fs::path at = fs::current_path(); at != at.root_path(); at = at.parent_path()) {
    if (fs::exists(at.parent_path() / "shared" / inside))
      return at.parent_path() / "shared" / inside;
  }
  return {};
}

TEST(DatingFile, the_real_file_is_what_it_is_known_to_be) {
  const auto path = real_file();
  if (path.empty()) GTEST_SKIP() << "SKIPPED: no Speed Dating Data.csv beside the tree";
  auto dating = read_dating_file(path.string());
  ASSERT_TRUE(dating) << dating.error().to_string();
  EXPECT_EQ(dating->unreadable, 0);
  EXPECT_EQ(dating->left_out, 10);
  EXPECT_EQ(dating->couples.size(), 8368U);
  EXPECT_EQ(dating->people.size(), 551U);
  int64_t matches = 0;
  double apart = 0;
  int64_t compared = 0;
  for (const auto& couple : dating->couples) {
    const auto& a = dating->people[couple.a];
    const auto& b = dating->people[couple.b];
    ASSERT_NE(a.gender, b.gender);
    matches += couple.match;
    EXPECT_EQ(couple.match, couple.dec & couple.dec_o);
    const double ours = interest_correlation(a, b);
    if (!is_known(couple.int_corr) || !is_known(ours)) continue;
    apart += std::abs(ours - couple.int_corr);
    ++compared;
  }
  EXPECT_EQ(matches, 1380);
  // The file's int_corr, which "add yourself" has to compute, is this correlation.
  EXPECT_LT(apart / static_cast<double>(compared), 0.01);
  const auto split = split_couples(*dating, 1);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->last_training_wave, 14);
  EXPECT_EQ(split->training.size() + split->classification.size(), 8368U);
  draw_couples(*dating, 1000, 7);
  EXPECT_EQ(dating->couples.size(), 1000U);
}

TEST(Generator, the_same_seed_makes_the_same_couples) {
  const auto lines = [](uint64_t seed) {
    const auto dating = generate_couples({2000, seed});
    std::string text;
    for (const auto& couple : dating->couples)
      text += couple_line(*dating, couple, FeatureSet::kBoth, 1) + "\n";
    for (const auto& person : dating->people) text += person_line(person) + "\n";
    return text;
  };
  EXPECT_EQ(lines(5), lines(5));
  EXPECT_NE(lines(5), lines(6));
}

TEST(Generator, about_as_many_match_as_in_the_experiment) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const auto dating = generate_couples({40'000, seed});
    ASSERT_TRUE(dating);
    ASSERT_EQ(dating->couples.size(), 40'000U);
    double matches = 0;
    double yes = 0;
    for (const auto& couple : dating->couples) {
      ASSERT_NE(dating->people[couple.a].gender, dating->people[couple.b].gender);
      ASSERT_EQ(couple.match, couple.dec & couple.dec_o);
      matches += couple.match;
      yes += couple.dec;
    }
    EXPECT_NEAR(matches / 40'000, 0.165, 0.025);
    EXPECT_GT(yes / 40'000, 0.3);
  }
}

TEST(Generator, answers_are_what_the_questions_allow) {
  const auto dating = generate_couples({1000, 9});
  ASSERT_TRUE(dating);
  for (const auto& person : dating->people) {
    for (size_t i = 0; i < kQuestions; ++i) {
      ASSERT_GE(person.answers[i], questions()[i].least) << questions()[i].name;
      ASSERT_LE(person.answers[i], questions()[i].most) << questions()[i].name;
    }
  }
}

TEST(Generator, too_few_couples_are_refused_and_odd_numbers_are_kept) {
  EXPECT_FALSE(generate_couples({kCouplesMin - 1, 1}));
  for (const int64_t couples : {kCouplesMin, int64_t{333}, int64_t{4001}}) {
    const auto dating = generate_couples({couples, 1});
    ASSERT_TRUE(dating);
    EXPECT_EQ(dating->couples.size(), static_cast<size_t>(couples));
    EXPECT_TRUE(split_couples(*dating, 1));
  }
}

TEST(Split, nobody_is_on_both_sides) {
  const auto dating = generate_couples({4000, 3});
  const auto split = split_couples(*dating, 3);
  ASSERT_TRUE(split);
  std::set<size_t> learned;
  for (const size_t i : split->training) learned.insert(dating->couples[i].a);
  ASSERT_FALSE(split->classification.empty());
  for (const size_t i : split->classification) {
    EXPECT_EQ(learned.count(dating->couples[i].a), 0U);
    EXPECT_EQ(learned.count(dating->couples[i].b), 0U);
  }
  EXPECT_EQ(split->training.size() + split->classification.size(), 4000U);
  EXPECT_FALSE(std::is_sorted(split->training.begin(), split->training.end()));
}

TEST(Split, one_evening_is_not_enough) {
  const auto dating = read_dating_text(two_people().text(), "small");
  ASSERT_TRUE(dating);
  EXPECT_FALSE(split_couples(*dating, 1));
}

}  // namespace
}  // namespace millrace::demo
