// Reads the Kaggle file with the decoder that reads pipelines' messages, and makes couples of it:
// each row is one person's date, the partner's answers stand in the partner's own rows.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include "data/message.h"
#include "data/utf8.h"
#include "decode/decoder.h"
#include "demo/couple.h"

namespace millrace::demo {
namespace {

/// The file is latin-1: each byte above 127 is the code point of its number.
std::string to_utf8(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 64);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::vector<std::string> header_of(const std::string& text) {
  std::vector<std::string> names;
  std::string name;
  for (const char c : text.substr(0, text.find('\n'))) {
    if (c == ',') {
      names.push_back(std::move(name));
      name.clear();
    } else if (c != '"' && c != '\r') {
      name += c;
    }
  }
  names.push_back(std::move(name));
  return names;
}

/// The columns that are read, and what each is read as. Answers given after the date are among them
/// only as the ratings and decisions they are.
std::map<std::string, Kind> columns_read() {
  std::map<std::string, Kind> columns{
      {"iid", Kind::kDouble},    {"pid", Kind::kDouble},      {"gender", Kind::kDouble},
      {"wave", Kind::kDouble},   {"match", Kind::kDouble},    {"dec", Kind::kDouble},
      {"dec_o", Kind::kDouble},  {"samerace", Kind::kDouble}, {"int_corr", Kind::kDouble},
      {"field", Kind::kVarchar}, {"career", Kind::kVarchar}};
  for (const auto& question : questions()) columns.emplace(question.name, Kind::kDouble);
  for (const auto rating : kRatings) {
    columns.emplace(rating, Kind::kDouble);
    columns.emplace(std::string(rating) + "_o", Kind::kDouble);
  }
  return columns;
}

/// The decoded rows with columns by name.
class Rows {
 public:
  explicit Rows(const Batch& batch) : batch_(batch) {}

  size_t count() const { return batch_.rows(); }
  double number(size_t row, std::string_view name) const {
    const Column& column = *batch_.find(name);
    return column.is_valid(row) ? number_at(column, row) : kUnknown;
  }
  std::string text(size_t row, std::string_view name) const {
    const Column& column = *batch_.find(name);
    return column.is_valid(row) ? std::string(column.values<std::string_view>()[row]) : "";
  }
  int flag(size_t row, std::string_view name) const {
    const double value = number(row, name);
    return value == 0 || value == 1 ? static_cast<int>(value) : kNotSaid;
  }

 private:
  const Batch& batch_;
};

/// An answer as the table has it; what no answer may be is none.
double answer_of(const Rows& rows, size_t row, const Question& question) {
  const double value = rows.number(row, question.name);
  if (!is_known(value) || value < question.least || value > question.most) return kUnknown;
  const bool whole = question.answer != Answer::kLevel;
  return whole && value != std::floor(value) ? kUnknown : value;
}

std::map<int64_t, size_t> read_people(const Rows& rows, Dating& dating) {
  std::map<int64_t, size_t> places;
  for (size_t row = 0; row < rows.count(); ++row) {
    const double iid = rows.number(row, "iid");
    const int gender = rows.flag(row, "gender");
    if (!is_known(iid) || gender == kNotSaid) continue;
    if (!places.emplace(static_cast<int64_t>(iid), dating.people.size()).second) continue;
    Person person;
    person.iid = static_cast<int64_t>(iid);
    person.gender = gender;
    for (size_t i = 0; i < kQuestions; ++i)
      person.answers[i] = answer_of(rows, row, questions()[i]);
    person.field = rows.text(row, "field");
    person.career = rows.text(row, "career");
    dating.people.push_back(std::move(person));
  }
  return places;
}

void read_couples(const Rows& rows, const std::map<int64_t, size_t>& places, Dating& dating) {
  const auto place_of = [&](double id) {
    const auto found = is_known(id) ? places.find(static_cast<int64_t>(id)) : places.end();
    return found == places.end() ? dating.people.size() : found->second;
  };
  for (size_t row = 0; row < rows.count(); ++row) {
    Couple couple;
    couple.a = place_of(rows.number(row, "iid"));
    couple.b = place_of(rows.number(row, "pid"));
    couple.match = rows.flag(row, "match");
    const double wave = rows.number(row, "wave");
    const size_t nobody = dating.people.size();
    if (couple.a == nobody || couple.b == nobody || couple.match == kNotSaid || !is_known(wave)) {
      ++dating.left_out;
      continue;
    }
    couple.wave = static_cast<int>(wave);
    couple.dec = rows.flag(row, "dec");
    couple.dec_o = rows.flag(row, "dec_o");
    couple.same_race = rows.flag(row, "samerace") == 1;
    couple.int_corr = rows.number(row, "int_corr");
    for (size_t i = 0; i < kRatings.size(); ++i) {
      couple.own[i] = rows.number(row, kRatings[i]);
      couple.other[i] = rows.number(row, std::string(kRatings[i]) + "_o");
    }
    dating.couples.push_back(couple);
  }
}

}  // namespace

Result<Dating> read_dating_text(const std::string& bytes, const std::string& name) {
  const auto text = std::make_shared<const std::string>(to_utf8(bytes));
  const auto columns = columns_read();
  std::vector<decode::InputField> fields;
  for (auto& header : header_of(*text)) {
    const auto at = columns.find(header);
    const bool wanted = at != columns.end();
    fields.push_back({header, {wanted ? at->second : Kind::kVarchar, false}, wanted, true});
  }
  for (const auto& [column, kind] : columns) {
    const auto times =
        std::count_if(fields.begin(), fields.end(),
                      [&name = column](const auto& field) { return field.name == name; });
    if (times == 1) continue;
    return Error(Code::kInvalidArgument,
                 "\"" + name + "\" has " + (times == 0 ? "no" : "more than one") + " column \"" +
                     column + "\"",
                 "--data takes Kaggle's \"Speed Dating Data.csv\", with its header line.");
  }
  decode::CsvFormat format;
  format.fields_terminated_by = ",";
  format.enclosed_by = "\"";
  format.optionally_enclosed = true;
  format.escaped_by.clear();
  format.ignore_lines = 1;
  TRY(const auto decoder, decode::make_csv_decoder(format, std::move(fields), {}));
  MessageBatch messages;
  messages.messages.push_back({*text, {}, 0, 0, -1});
  messages.owner = text;
  Batch batch(decoder->schema());
  std::vector<Reject> rejects;
  TRY_OK(decoder->decode(messages, batch, rejects));

  Dating dating;
  dating.source = name;
  dating.unreadable = static_cast<int64_t>(rejects.size());
  const Rows rows(batch);
  const auto places = read_people(rows, dating);
  read_couples(rows, places, dating);
  if (dating.couples.empty())
    return Error(Code::kInvalidArgument, "\"" + name + "\" has no couple that can be read",
                 rejects.empty() ? "" : "The first bad row: " + rejects[0].detail + ".");
  return dating;
}

Result<Dating> read_dating_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(Code::kNotFound, "could not open \"" + path + "\"");
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return Error(Code::kUnavailable, "could not read \"" + path + "\"");
  return read_dating_text(bytes, path);
}

}  // namespace millrace::demo
