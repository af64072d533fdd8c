// Who takes part: the questions that everyone answers before the first date, under the names of the
// Kaggle file, and a Person as the answers to them. One table says what each question is called,
// what its answers mean and how a model reads it; the generator, the reader of the file, the
// profile of `--me`, CREATE TABLE and CREATE MODEL all go by it. Plain data, owned by whoever holds
// it. Nothing that is known only after a date is in this table.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::demo {

/// How a question is answered, and with that how a model reads the answer.
enum class Answer : uint8_t {
  kChoice,  // one of `words`, numbered from 1: categorical_column_with_identity
  kScore,   // a whole number up to 10, each its own category
  kLevel,   // a number, bucketized at `boundaries`
};

enum class Topic : uint8_t { kFacts, kInterests, kWants, kSelf };

struct Question {
  std::string_view name;  // the Kaggle file's column
  std::string_view key;   // what --me calls it
  Topic topic;
  Answer answer;
  double least, most;                         // what an answer may be
  double usual;                               // for who does not say
  std::span<const std::string_view> words;    // kChoice
  std::span<const std::string_view> phrases;  // kChoice: as the file's key has them
  std::span<const double> boundaries;         // kLevel
};

inline constexpr size_t kQuestions = 35;
/// All questions, in the order in which their answers are streamed.
const std::array<Question, kQuestions>& questions();
/// The place of the question with this Kaggle name.
size_t question_index(std::string_view name);

/// An answer that was not given.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
bool is_known(double answer);

inline constexpr int kWoman = 0;  // as in the file
inline constexpr int kMan = 1;

struct Person {
  int64_t iid = 0;
  int gender = kWoman;
  std::array<double, kQuestions> answers{};  // kUnknown where there is none
  std::string field;                         // of study, in their own words
  std::string career;
};

/// "woman", "man".
std::string_view gender_word(int gender);
/// What someone said to a kChoice question in words, or empty.
std::string_view phrase_of(const Person& person, size_t question);
/// `yoga 10, museums 9, art 9`: what they like best, at most `count` of them.
std::string favourites(const Person& person, size_t count);
/// How alike two people's interests are: the correlation of their answers, as the file has it in
/// `int_corr` (which leaves yoga out). kUnknown when there are too few answers.
double interest_correlation(const Person& a, const Person& b);

}  // namespace millrace::demo
