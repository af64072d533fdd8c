#include "demo/profile.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/schema.h"

namespace millrace::demo {
namespace {

constexpr double kFavourite = 10;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::string shown(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

Error wrong(std::string_view key, std::string_view value, const std::string& why) {
  return Error(Code::kInvalidArgument,
               "\"" + std::string(key) + "\" cannot be \"" + std::string(value) + "\": " + why);
}

Result<double> choice_of(const Question& question, std::string_view value) {
  for (size_t i = 0; i < question.words.size(); ++i) {
    if (same_name(question.words[i], value)) return static_cast<double>(i + 1);
  }
  const auto number = number_of(value);
  if (number && *number >= question.least && *number <= question.most &&
      *number == std::floor(*number))
    return *number;
  const std::vector<std::string_view> words(question.words.begin(), question.words.end());
  const std::string near = did_you_mean(value, words);
  return Error(Code::kInvalidArgument,
               "\"" + std::string(question.key) + "\" cannot be \"" + std::string(value) + "\"",
               near.empty() ? "It is one of " + joined(question.words) + "." : near);
}

Result<double> value_of(const Question& question, std::string_view value) {
  if (question.answer == Answer::kChoice) return choice_of(question, value);
  // Scores of interests go to 14 in the file; nobody is asked for more than 10.
  const double most = question.topic == Topic::kInterests ? 10 : question.most;
  const auto number = number_of(value);
  if (!number || *number < question.least || *number > most ||
      (question.answer == Answer::kScore && *number != std::floor(*number)))
    return wrong(question.key, value,
                 "it is a number from " + shown(question.least) + " to " + shown(most));
  return *number;
}

const Question* find_question(std::string_view key) {
  for (const auto& question : questions()) {
    if (same_name(question.key, key) || same_name(question.name, key)) return &question;
  }
  return nullptr;
}

Status set_gender(Person& person, std::string_view value) {
  for (const std::string_view word : {"woman", "female", "w", "f", "0"}) {
    if (same_name(word, value)) {
      person.gender = kWoman;
      return {};
    }
  }
  for (const std::string_view word : {"man", "male", "m", "1"}) {
    if (same_name(word, value)) {
      person.gender = kMan;
      return {};
    }
  }
  return wrong("gender", value, "the experiment knew woman and man");
}

/// Three favourites instead of seventeen scores.
Status set_favourites(Person& person, std::string_view value) {
  for (const auto name : split(value, ',')) {
    if (name.empty()) continue;
    const Question* question = find_question(name);
    if (question != nullptr && question->topic == Topic::kInterests) {
      person.answers[question_index(question->name)] = kFavourite;
      continue;
    }
    std::vector<std::string_view> known;
    for (const auto& one : questions()) {
      if (one.topic == Topic::kInterests) known.push_back(one.key);
    }
    return Error(Code::kInvalidArgument, "\"" + std::string(name) + "\" is none of the interests",
                 did_you_mean(name, known).empty() ? "They are " + joined(known) + "."
                                                   : did_you_mean(name, known));
  }
  return {};
}

struct FormLine {
  std::string_view key;
  std::string_view prompt;
};

constexpr FormLine kForm[] = {
    {"gender", "You are a woman or a man"},
    {"age", "Your age [26]"},
    {"field", "Your field (law, medicine, engineering, arts, business, science, ...) [unsaid]"},
    {"goal", "You come for fun, people, a date, serious, try, other [people]"},
    {"date", "You date daily, weekly, monthly, yearly, never [monthly]"},
    {"likes", "What you like best (yoga, movies, hiking, ...), with commas [the usual]"},
};

}  // namespace

Person usual_person() {
  Person person;
  for (size_t i = 0; i < kQuestions; ++i) person.answers[i] = questions()[i].usual;
  return person;
}

Status set_answer(Person& person, std::string_view key, std::string_view value) {
  if (same_name(key, "gender")) return set_gender(person, value);
  if (const Question* question = find_question(key)) {
    TRY(person.answers[question_index(question->name)], value_of(*question, value));
    return {};
  }
  std::vector<std::string_view> known{"gender"};
  for (const auto& question : questions()) known.push_back(question.key);
  const std::string near = did_you_mean(key, known);
  return Error(Code::kInvalidArgument, "a profile has no \"" + std::string(key) + "\"",
               near.empty() ? "It has " + joined(known) + "." : near);
}

Result<Person> parse_profile(std::string_view text) {
  Person person = usual_person();
  std::vector<std::string> given;
  for (const auto part : split(text, ',')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos)
      return Error(Code::kInvalidArgument, "\"" + std::string(part) + "\" is no key=value",
                   "A profile is written --me age=30,gender=woman,yoga=9.");
    const auto key = trimmed(part.substr(0, equals));
    TRY_OK(set_answer(person, key, trimmed(part.substr(equals + 1))));
    const Question* question = find_question(key);
    const std::string name = question == nullptr ? "gender" : std::string(question->key);
    if (std::find(given.begin(), given.end(), name) != given.end())
      return Error(Code::kInvalidArgument, "\"" + name + "\" is said twice");
    given.push_back(name);
  }
  if (std::find(given.begin(), given.end(), "gender") == given.end())
    return Error(Code::kInvalidArgument, "the profile does not say \"gender\"",
                 "Add gender=woman or gender=man: partners of the other sex are proposed.");
  person.field = phrase_of(person, question_index("field_cd"));
  person.career = phrase_of(person, question_index("career_c"));
  return person;
}

std::string profile_text(const Person& person) {
  std::string text = "gender=" + std::string(gender_word(person.gender));
  for (size_t i = 0; i < kQuestions; ++i) {
    const auto& question = questions()[i];
    const double answer = person.answers[i];
    if (!is_known(answer) || (answer == question.usual && question.key != "age")) continue;
    text += "," + std::string(question.key) + "=";
    text += question.answer == Answer::kChoice
                ? std::string(question.words[static_cast<size_t>(answer) - 1])
                : shown(answer);
  }
  return text;
}

std::optional<Person> ask_profile(const AskLine& ask, const Say& say) {
  Person person = usual_person();
  for (const auto& line : kForm) {
    while (true) {
      const auto answer = ask("  " + std::string(line.prompt) + ": ");
      if (!answer) return std::nullopt;
      const auto value = trimmed(*answer);
      if (value.empty() && line.key != "gender") break;
      const auto set =
          line.key == "likes" ? set_favourites(person, value) : set_answer(person, line.key, value);
      if (set) break;
      say("  " + set.error().to_string());
    }
  }
  person.field = phrase_of(person, question_index("field_cd"));
  person.career = phrase_of(person, question_index("career_c"));
  return person;
}

}  // namespace millrace::demo
