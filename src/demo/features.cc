#include "demo/features.h"

#include <array>
#include <charconv>
#include <cmath>

namespace millrace::demo {
namespace {

constexpr double kRatingBounds[] = {1, 4, 5, 6, 7, 8, 9};
constexpr double kCorrelationBounds[] = {-0.9, -0.2, 0, 0.1, 0.2, 0.3, 0.45, 0.6};

/// The shortest text that reads back as the same number; nothing for what is unknown.
void put_number(std::string& line, double value) {
  line += ',';
  if (!is_known(value)) return;
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) line.append(text.data(), end);
}

void put_flag(std::string& line, int flag) {
  put_number(line, flag == kNotSaid ? kUnknown : static_cast<double>(flag));
}

/// Quoted, with quotes doubled: as OPTIONALLY ENCLOSED BY '"' reads it.
void put_text(std::string& line, std::string_view text) {
  line += ",\"";
  for (const char c : text) {
    if (c == '"') line += c;
    line += c == '\n' || c == '\r' ? ' ' : c;
  }
  line += '"';
}

std::string identity(const std::string& name, double most) {
  return "categorical_column_with_identity(" + name + ", " +
         std::to_string(static_cast<int>(most) + 1) + ")";
}

/// A value that is NULL becomes `missing`, which is below all boundaries: a bucket of its own.
std::string bucketized(const std::string& name, std::string_view missing,
                       std::span<const double> boundaries) {
  std::string sql = "bucketized_column(numeric_column(" + name + ", default_value => " +
                    std::string(missing) + "), boundaries => [";
  for (size_t i = 0; i < boundaries.size(); ++i) {
    std::string number;
    put_number(number, boundaries[i]);
    sql += (i > 0 ? ", " : "") + number.substr(1);
  }
  return sql + "])";
}

std::string_view missing_of(const Question& question) {
  return question.topic == Topic::kWants ? "-1" : "0";
}

FeatureField field_of(const Question& question, const std::string& suffix) {
  const std::string name = std::string(question.name) + suffix;
  if (question.answer == Answer::kLevel)
    return {name, "DOUBLE", bucketized(name, missing_of(question), question.boundaries)};
  return {name, "SMALLINT", identity(name, question.most)};
}

std::vector<FeatureField> make_fields(FeatureSet set) {
  std::vector<FeatureField> fields;
  fields.push_back({"gender", "SMALLINT", identity("gender", 1)});
  fields.push_back({"samerace", "SMALLINT", identity("samerace", 1)});
  fields.push_back({"int_corr", "DOUBLE", bucketized("int_corr", "-2", kCorrelationBounds)});
  for (const auto& question : questions()) {
    fields.push_back(field_of(question, ""));
    fields.push_back(field_of(question, "_o"));
  }
  const auto add_ratings = [&](const std::string& suffix) {
    for (const auto rating : kRatings) {
      const std::string name = std::string(rating) + suffix;
      fields.push_back({name, "DOUBLE", bucketized(name, "0", kRatingBounds)});
    }
  };
  if (set != FeatureSet::kProfile) add_ratings("");
  if (set == FeatureSet::kBoth) add_ratings("_o");
  return fields;
}

}  // namespace

Result<FeatureSet> parse_feature_set(std::string_view word) {
  if (word == "profile") return FeatureSet::kProfile;
  if (word == "own") return FeatureSet::kOwn;
  if (word == "both") return FeatureSet::kBoth;
  return Error(Code::kInvalidArgument, "--features cannot be \"" + std::string(word) + "\"",
               "It is profile, own or both.");
}

std::string description_of(FeatureSet set) {
  const std::string profile = "what both said about themselves before the date";
  const std::string leak = " (given after the date: a leak if you want to propose dates)";
  switch (set) {
    case FeatureSet::kProfile:
      return profile;
    case FeatureSet::kOwn:
      return profile + ", and how A rated B" + leak;
    case FeatureSet::kBoth:
      return profile + ", and how A and B rated each other" + leak;
  }
  return profile;
}

const std::vector<FeatureField>& feature_fields(FeatureSet set) {
  static const std::array<std::vector<FeatureField>, 3> kFields = {
      make_fields(FeatureSet::kProfile), make_fields(FeatureSet::kOwn),
      make_fields(FeatureSet::kBoth)};
  return kFields[static_cast<size_t>(set)];
}

std::vector<std::string> crossed_columns() {
  const auto& age = questions()[question_index("age")];
  const auto bucketized_age = [&](const std::string& suffix) {
    return field_of(age, suffix).column;
  };
  return {"crossed_column([" + bucketized_age("") + ", " + bucketized_age("_o") + "], 256)",
          "crossed_column([goal, goal_o], 64)"};
}

std::string couple_line(const Dating& dating, const Couple& couple, FeatureSet set, int64_t seq) {
  const Person& a = dating.people[couple.a];
  const Person& b = dating.people[couple.b];
  std::string line = std::to_string(seq);
  line += ',' + std::to_string(a.iid) + ',' + std::to_string(b.iid);
  put_number(line, couple.wave == 0 ? kUnknown : couple.wave);
  put_flag(line, couple.dec);
  put_flag(line, couple.dec_o);
  put_flag(line, couple.match);
  put_flag(line, a.gender);
  put_flag(line, couple.same_race ? 1 : 0);
  put_number(line, couple.int_corr);
  for (size_t i = 0; i < kQuestions; ++i) {
    put_number(line, a.answers[i]);
    put_number(line, b.answers[i]);
  }
  if (set != FeatureSet::kProfile) {
    for (const double rating : couple.own) put_number(line, rating);
  }
  if (set == FeatureSet::kBoth) {
    for (const double rating : couple.other) put_number(line, rating);
  }
  return line;
}

std::string person_line(const Person& person) {
  std::string line = std::to_string(person.iid) + "," + std::string(gender_word(person.gender));
  put_number(line, person.answers[question_index("age")]);
  put_text(line, person.field);
  put_text(line, person.career);
  put_text(line, phrase_of(person, question_index("goal")));
  put_text(line, favourites(person, 3));
  return line;
}

}  // namespace millrace::demo
