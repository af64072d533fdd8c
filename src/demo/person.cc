#include "demo/person.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace millrace::demo {
namespace {

using std::string_view;

constexpr string_view kRaceWords[] = {"black", "white", "latino", "asian", "native", "other"};
constexpr string_view kRacePhrases[] = {"Black / African American",
                                        "European / Caucasian American",
                                        "Latino / Hispanic American",
                                        "Asian / Pacific Islander",
                                        "Native American",
                                        "other"};
constexpr string_view kFieldWords[] = {
    "law",      "math",     "social_science", "medicine", "engineering",  "writing",
    "history",  "business", "education",      "science",  "social_work",  "undecided",
    "politics", "film",     "arts",           "language", "architecture", "other"};
constexpr string_view kFieldPhrases[] = {"Law",
                                         "Mathematics",
                                         "Social Science",
                                         "Medical Science",
                                         "Engineering",
                                         "Literature and Journalism",
                                         "History and Philosophy",
                                         "Business and Economics",
                                         "Education",
                                         "Natural Sciences",
                                         "Social Work",
                                         "undecided",
                                         "Politics",
                                         "Film",
                                         "Fine Arts",
                                         "Languages",
                                         "Architecture",
                                         "other"};
constexpr string_view kCareerWords[] = {
    "lawyer",   "academic",    "psychologist", "doctor",     "engineer",    "creative",
    "business", "real_estate", "humanitarian", "undecided",  "social_work", "speech",
    "politics", "sports",      "other",        "journalist", "architect"};
constexpr string_view kCareerPhrases[] = {"lawyer",
                                          "academic",
                                          "psychologist",
                                          "doctor",
                                          "engineer",
                                          "creative arts",
                                          "business",
                                          "real estate",
                                          "humanitarian affairs",
                                          "undecided",
                                          "social work",
                                          "speech pathology",
                                          "politics",
                                          "professional sports",
                                          "other",
                                          "journalism",
                                          "architecture"};
constexpr string_view kGoalWords[] = {"fun", "people", "date", "serious", "try", "other"};
constexpr string_view kGoalPhrases[] = {"a fun night out", "to meet new people",
                                        "to get a date",   "a serious relationship",
                                        "to say I did it", "other"};
constexpr string_view kOftenWords[] = {"daily",   "twice_weekly", "weekly", "fortnightly",
                                       "monthly", "yearly",       "never"};
constexpr string_view kOftenPhrases[] = {
    "several times a week", "twice a week",         "once a week", "twice a month",
    "once a month",         "several times a year", "almost never"};
constexpr double kAgeBounds[] = {1, 21, 23, 25, 27, 29, 32};
constexpr double kInterestBounds[] = {1, 4, 6, 8};
constexpr double kPointBounds[] = {0, 10, 15, 20, 25, 35};

constexpr Question choice(string_view name, string_view key, double usual,
                          std::span<const string_view> words,
                          std::span<const string_view> phrases) {
  return {name,
          key,
          Topic::kFacts,
          Answer::kChoice,
          1,
          static_cast<double>(words.size()),
          usual,
          words,
          phrases,
          {}};
}

/// Two people of the file gave an interest more than 10.
constexpr Question interest(string_view name, double usual) {
  return {name, name, Topic::kInterests, Answer::kLevel, 0, 14, usual, {}, {}, kInterestBounds};
}

constexpr Question want(string_view name, string_view key, double usual) {
  return {name, key, Topic::kWants, Answer::kLevel, 0, 100, usual, {}, {}, kPointBounds};
}

constexpr Question self(string_view name, string_view key, double usual) {
  return {name, key, Topic::kSelf, Answer::kScore, 0, 10, usual, {}, {}, {}};
}

}  // namespace

const std::array<Question, kQuestions>& questions() {
  static constexpr std::array<Question, kQuestions> kAll = {{
      {"age", "age", Topic::kFacts, Answer::kLevel, 16, 99, 26, {}, {}, kAgeBounds},
      choice("race", "race", kUnknown, kRaceWords, kRacePhrases),
      choice("field_cd", "field", kUnknown, kFieldWords, kFieldPhrases),
      choice("goal", "goal", 2, kGoalWords, kGoalPhrases),
      choice("date", "date", 5, kOftenWords, kOftenPhrases),
      choice("go_out", "go_out", 2, kOftenWords, kOftenPhrases),
      choice("career_c", "career", kUnknown, kCareerWords, kCareerPhrases),
      interest("sports", 6),
      interest("tvsports", 5),
      interest("exercise", 6),
      interest("dining", 8),
      interest("museums", 7),
      interest("art", 7),
      interest("hiking", 6),
      interest("gaming", 4),
      interest("clubbing", 6),
      interest("reading", 8),
      interest("tv", 5),
      interest("theater", 7),
      interest("movies", 8),
      interest("concerts", 7),
      interest("music", 8),
      interest("shopping", 6),
      interest("yoga", 4),
      want("attr1_1", "wants_attractive", 23),
      want("sinc1_1", "wants_sincere", 17),
      want("intel1_1", "wants_intelligent", 20),
      want("fun1_1", "wants_fun", 17),
      want("amb1_1", "wants_ambitious", 11),
      want("shar1_1", "wants_shared", 12),
      self("attr3_1", "is_attractive", 7),
      self("sinc3_1", "is_sincere", 8),
      self("intel3_1", "is_intelligent", 8),
      self("fun3_1", "is_fun", 8),
      self("amb3_1", "is_ambitious", 8),
  }};
  return kAll;
}

size_t question_index(std::string_view name) {
  const auto& all = questions();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  CHECK(found != all.end(), "only questions of the table are asked for");
  return static_cast<size_t>(found - all.begin());
}

bool is_known(double answer) {
  return !std::isnan(answer);
}

std::string_view gender_word(int gender) {
  return gender == kMan ? "man" : "woman";
}

std::string_view phrase_of(const Person& person, size_t question) {
  const auto& phrases = questions()[question].phrases;
  const double answer = person.answers[question];
  if (!is_known(answer) || answer < 1) return {};
  const auto place = static_cast<size_t>(answer) - 1;
  return place < phrases.size() ? phrases[place] : std::string_view();
}

std::string favourites(const Person& person, size_t count) {
  std::vector<size_t> liked;
  for (size_t i = 0; i < kQuestions; ++i) {
    const bool interest = questions()[i].topic == Topic::kInterests;
    if (interest && is_known(person.answers[i])) liked.push_back(i);
  }
  std::stable_sort(liked.begin(), liked.end(),
                   [&](size_t a, size_t b) { return person.answers[a] > person.answers[b]; });
  std::string text;
  for (size_t i = 0; i < liked.size() && i < count; ++i) {
    if (i > 0) text += ", ";
    text += std::string(questions()[liked[i]].name) + " " +
            std::to_string(static_cast<int>(person.answers[liked[i]]));
  }
  return text;
}

double interest_correlation(const Person& a, const Person& b) {
  double n = 0, sum_a = 0, sum_b = 0, squares_a = 0, squares_b = 0, products = 0;
  for (size_t i = 0; i < kQuestions; ++i) {
    const double x = a.answers[i];
    const double y = b.answers[i];
    if (questions()[i].topic != Topic::kInterests || !is_known(x) || !is_known(y)) continue;
    if (questions()[i].name == "yoga") continue;
    n += 1;
    sum_a += x;
    sum_b += y;
    squares_a += x * x;
    squares_b += y * y;
    products += x * y;
  }
  const double spread = (n * squares_a - sum_a * sum_a) * (n * squares_b - sum_b * sum_b);
  return n < 3 || spread <= 0 ? kUnknown : (n * products - sum_a * sum_b) / std::sqrt(spread);
}

}  // namespace millrace::demo
