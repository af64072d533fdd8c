// The decoder against a plain one that reads a byte at a time and keeps every field as a string:
// both must make the same rows and the same rejects of anything, however broken.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>

#include "decode/decoder.h"

namespace millrace::decode {
namespace {

struct PlainField {
  std::string text;
  bool quoted = false;
  bool null = false;
};

struct PlainLine {
  std::vector<PlainField> fields;
  bool unclosed = false;
  std::string bytes;
};

/// Reads messages by the rules of LOAD DATA, with no thought of speed.
class PlainReader {
 public:
  PlainReader(const CsvFormat& format, std::string_view bytes) : format_(format), bytes_(bytes) {}

  std::vector<PlainLine> lines() {
    std::vector<PlainLine> result;
    while (at_ < bytes_.size()) result.push_back(line());
    return result;
  }

 private:
  bool at(std::string_view what) const {
    return !what.empty() && bytes_.substr(at_, what.size()) == what;
  }
  std::optional<size_t> line_end() const {
    if (at(format_.lines_terminated_by)) return format_.lines_terminated_by.size();
    if (format_.lines_terminated_by == "\n" && at("\r\n")) return 2;
    return std::nullopt;
  }
  bool at_quote() const { return !format_.enclosed_by.empty() && at(format_.enclosed_by); }
  bool at_escape() const {
    return !format_.escaped_by.empty() && format_.escaped_by != format_.enclosed_by &&
           at(format_.escaped_by);
  }
  bool at_field_end() const {
    return at_ >= bytes_.size() || at(format_.fields_terminated_by) || line_end();
  }

  void escaped(PlainField& field) {
    ++at_;
    const char c = bytes_[at_++];
    const std::string_view from = "0bnrtZ", to("\0\b\n\r\t\x1A", 6);
    const auto known = from.find(c);
    field.text += known == std::string_view::npos ? c : to[known];
  }

  PlainField unquoted() {
    PlainField field;
    const size_t first = at_;
    while (!at_field_end()) {
      if (at_escape() && at_ + 1 < bytes_.size())
        escaped(field);
      else
        field.text += bytes_[at_++];
    }
    field.null = is_null(first, at_);
    return field;
  }

  std::optional<PlainField> quoted() {
    PlainField field;
    field.quoted = true;
    const size_t first = ++at_;
    const size_t end = confined_
                           ? std::min(bytes_.find(format_.lines_terminated_by, at_), bytes_.size())
                           : bytes_.size();
    while (at_ < end) {
      if (at_escape()) {
        if (at_ + 1 >= end) return std::nullopt;
        escaped(field);
        continue;
      }
      if (!at_quote()) {
        field.text += bytes_[at_++];
        continue;
      }
      ++at_;
      if (at_ < end && at_quote()) {
        field.text += bytes_[at_++];
      } else if (at_ >= end || at_field_end()) {
        field.null = is_null(first, at_ - 1);
        return field;
      } else {
        field.text += format_.enclosed_by;
      }
    }
    return std::nullopt;
  }

  bool is_null(size_t first, size_t end) const {
    return !format_.escaped_by.empty() && format_.escaped_by != format_.enclosed_by &&
           bytes_.substr(first, end - first) == format_.escaped_by + "N";
  }

  PlainLine line() {
    PlainLine line;
    const size_t first = at_;
    while (true) {
      if (at_quote()) {
        const size_t opened = at_;
        auto field = quoted();
        if (!field) {
          confined_ = line.unclosed = true;
          const size_t end =
              std::min(bytes_.find(format_.lines_terminated_by, opened), bytes_.size());
          line.bytes = bytes_.substr(first, end - first);
          at_ = end + format_.lines_terminated_by.size();
          return line;
        }
        line.fields.push_back(*field);
      } else {
        line.fields.push_back(unquoted());
      }
      if (!at(format_.fields_terminated_by)) break;
      at_ += format_.fields_terminated_by.size();
    }
    line.bytes = bytes_.substr(first, at_ - first);
    at_ += line_end().value_or(0);
    return line;
  }

  const CsvFormat& format_;
  const std::string_view bytes_;
  size_t at_ = 0;
  bool confined_ = false;
};

/// RFC 3629 by arithmetic: decode, then compare with the shortest form.
bool plain_utf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t more = lead < 0x80    ? 0
                        : lead >= 0xF0 ? 3
                        : lead >= 0xE0 ? 2
                        : lead >= 0xC0 ? 1
                                       : 9;
    if (lead >= 0xF8 || more == 9 || i + more >= text.size()) return false;
    uint32_t code = more == 0 ? lead : lead & (0x3FU >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto c = static_cast<unsigned char>(text[i + k]);
      if (c >> 6 != 2) return false;
      code = code << 6 | (c & 0x3F);
    }
    const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    i += more + 1;
  }
  return true;
}

std::string trimmed(std::string text) {
  text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
  text.erase(text.find_last_not_of(" \t") + 1);
  return text;
}

bool plain_decimal(const std::string& text) {
  bool digit = false;
  for (const char c : text.substr(0, text.find_first_of("eE"))) digit |= c >= '0' && c <= '9';
  if (!digit || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

/// A row as text: "NULL", the bytes, or the number in hexadecimal notation. Or the reason.
struct Outcome {
  std::vector<std::string> values;
  std::optional<RejectReason> reason;
};

std::string exactly(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%a", value);
  return buffer;
}

std::optional<RejectReason> plain_number(const std::string& raw, Kind kind, std::string& value) {
  const std::string text = trimmed(raw);
  if (!plain_decimal(text))
    return plain_utf8(raw) ? RejectReason::kBadNumber : RejectReason::kBadUtf8;
  if (kind == Kind::kFloat || kind == Kind::kDouble) {
    const double number = kind == Kind::kFloat
                              ? static_cast<double>(std::strtof(text.c_str(), nullptr))
                              : std::strtod(text.c_str(), nullptr);
    if (std::isinf(number)) return RejectReason::kOutOfRange;
    value = exactly(number);
    return std::nullopt;
  }
  const size_t point = text.find('.');
  if (point != std::string::npos && text.find_first_of("eE") == std::string::npos &&
      text.find_first_not_of('0', point + 1) != std::string::npos)
    return RejectReason::kBadNumber;
  // The words of the test have no whole number that a long double cannot tell.
  const long double number = std::strtold(text.c_str(), nullptr);
  const bool scientific = text.find_first_of("eE") != std::string::npos;
  if (scientific && std::abs(number) > 0x1p53L) return RejectReason::kOutOfRange;
  const bool zero =
      text.substr(0, text.find_first_of("eE")).find_first_of("123456789") == std::string::npos;
  if (number != std::trunc(number) || (number == 0 && !zero)) return RejectReason::kBadNumber;
  const long double low = kind == Kind::kInt8 ? -128 : -9223372036854775808.0L;
  const long double high = kind == Kind::kInt8 ? 127 : 9223372036854775807.0L;
  if (number < low || number > high) return RejectReason::kOutOfRange;
  value = std::to_string(static_cast<int64_t>(number));
  return std::nullopt;
}

Outcome plain_row(const CsvFormat& format, const std::vector<InputField>& fields,
                  const DecodeLimits& limits, const PlainLine& line) {
  Outcome outcome;
  const auto fail = [&](RejectReason reason) {
    outcome.reason = reason;
    return outcome;
  };
  if (line.unclosed) return fail(RejectReason::kBadQuoting);
  if (line.fields.size() < fields.size()) return fail(RejectReason::kTooFewFields);
  if (line.fields.size() > fields.size() && limits.extra_fields_rejected)
    return fail(RejectReason::kTooManyFields);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (line.fields[i].text.size() > static_cast<size_t>(limits.field_bytes_max))
      return fail(RejectReason::kOversizedField);
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].wanted) continue;
    const auto& field = line.fields[i];
    const bool text = is_text(fields[i].type.kind);
    const bool defined = !format.null_defined_by.empty() && field.text == format.null_defined_by &&
                         (!field.quoted || format.null_optionally_enclosed);
    const bool word = !field.quoted && !format.enclosed_by.empty() && field.text == "NULL";
    const bool empty = field.text.empty() &&
                       (field.quoted ? format.empty_is_null && format.null_optionally_enclosed
                                     : !text || format.empty_is_null);
    if (field.null || defined || word || empty) {
      if (!fields[i].nullable) return fail(RejectReason::kNullNotAllowed);
      outcome.values.push_back("NULL");
    } else if (text) {
      if (!plain_utf8(field.text)) return fail(RejectReason::kBadUtf8);
      outcome.values.push_back("'" + field.text + "'");
    } else {
      std::string value;
      if (const auto reason = plain_number(field.text, fields[i].type.kind, value))
        return fail(*reason);
      outcome.values.push_back(value);
    }
  }
  return outcome;
}

std::string value_of(const Column& column, size_t row) {
  if (!column.is_valid(row)) return "NULL";
  switch (column.type().kind) {
    case Kind::kVarchar:
      return "'" + std::string(column.values<std::string_view>()[row]) + "'";
    case Kind::kInt64:
      return std::to_string(column.values<int64_t>()[row]);
    case Kind::kInt8:
      return std::to_string(column.values<int8_t>()[row]);
    default:
      return exactly(number_at(column, row));
  }
}

/// Decodes the payloads both ways and compares.
void compare(const CsvFormat& format, const std::vector<InputField>& fields,
             const DecodeLimits& limits, const std::vector<std::string>& payloads) {
  auto made = make_csv_decoder(format, fields, limits);
  ASSERT_TRUE(made) << made.error().to_string();
  Batch rows((*made)->schema());
  MessageBatch messages;
  for (size_t i = 0; i < payloads.size(); ++i) {
    auto& message = messages.messages.emplace_back();
    message.payload = payloads[i];
    message.offset = static_cast<int64_t>(i);
  }
  std::vector<Reject> rejects;
  EXPECT_TRUE((*made)->decode(messages, rows, rejects));
  size_t row = 0, reject = 0;
  for (size_t i = 0; i < payloads.size(); ++i) {
    SCOPED_TRACE(::testing::PrintToString(payloads[i]));
    auto lines = PlainReader(format, payloads[i]).lines();
    if (payloads[i].empty()) lines.emplace_back();
    for (const auto& line : lines) {
      const auto outcome = plain_row(format, fields, limits, line);
      if (outcome.reason) {
        ASSERT_LT(reject, rejects.size());
        ASSERT_EQ(name_of(rejects[reject].reason), name_of(*outcome.reason))
            << rejects[reject].detail;
        ASSERT_EQ(rejects[reject].offset, static_cast<int64_t>(i));
        ASSERT_EQ(rejects[reject].bytes, line.bytes);
        ++reject;
        continue;
      }
      ASSERT_LT(row, rows.rows());
      ASSERT_EQ(rows.message_of_row()[row], i);
      for (size_t c = 0; c < rows.column_count(); ++c)
        ASSERT_EQ(value_of(rows.column(c), row), outcome.values[c]) << "column " << c;
      ++row;
    }
  }
  ASSERT_EQ(rows.rows(), row);
  ASSERT_EQ(rejects.size(), reject);
}

using Random = std::mt19937;

size_t below(Random& random, size_t count) {
  return random() % count;
}

CsvFormat random_format(Random& random) {
  CsvFormat format;
  format.fields_terminated_by = below(random, 4) == 0 ? "||" : below(random, 4) == 0 ? "\t" : ",";
  if (below(random, 3) > 0) format.enclosed_by = below(random, 4) == 0 ? "'" : "\"";
  if (below(random, 4) == 0) format.escaped_by = "";
  if (below(random, 6) == 0) format.escaped_by = format.enclosed_by;
  if (below(random, 5) == 0) format.lines_terminated_by = "<>";
  if (below(random, 5) == 0) format.null_defined_by = "7";
  format.null_optionally_enclosed = below(random, 2) == 0;
  format.empty_is_null = below(random, 4) == 0;
  return format;
}

std::vector<InputField> random_fields(Random& random) {
  constexpr Kind kKinds[] = {Kind::kInt8, Kind::kInt64, Kind::kFloat, Kind::kDouble,
                             Kind::kVarchar};
  std::vector<InputField> fields;
  const size_t count = 1 + below(random, below(random, 8) == 0 ? 80 : 6);
  for (size_t i = 0; i < count; ++i) {
    InputField field{"f" + std::to_string(i), {kKinds[below(random, 5)]}};
    field.wanted = below(random, 5) > 0;
    field.nullable = below(random, 6) > 0;
    fields.push_back(field);
  }
  return fields;
}

std::string random_word(Random& random) {
  static const std::vector<std::string> words{"0",
                                              "7",
                                              "-1",
                                              "12",
                                              "127",
                                              "128",
                                              "-128",
                                              "12345678",
                                              "abc",
                                              "123456789",
                                              "",
                                              "0.5",
                                              "1.25",
                                              "16777217",
                                              "0.1",
                                              "-0.0",
                                              ".5",
                                              "5.",
                                              ".",
                                              "-",
                                              "1e3",
                                              "1E-2",
                                              "1e39",
                                              "1e999",
                                              "1e-60",
                                              "+4",
                                              " 9 ",
                                              "12.0",
                                              "1.5.2",
                                              "NULL",
                                              "\\N",
                                              "3.4028235e38",
                                              "nan",
                                              "inf",
                                              "0x10",
                                              "\xC3\xA9",
                                              "\xFF",
                                              "\xED\xA0\x80",
                                              "\"",
                                              "\"\"",
                                              "\\",
                                              "\\\"",
                                              "'",
                                              "a b",
                                              "\r",
                                              "1-2",
                                              "9223372036854775807",
                                              "9223372036854775808",
                                              "0.30000001192092896",
                                              "8388608.5",
                                              "0.00000000000000000001"};
  return words[below(random, words.size())];
}

std::string random_payload(Random& random, const CsvFormat& format, size_t field_count) {
  std::string payload;
  const size_t lines = below(random, 5);
  for (size_t line = 0; line < lines; ++line) {
    const size_t count = below(random, 6) == 0 ? below(random, field_count + 3) : field_count;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) payload += format.fields_terminated_by;
      const bool quote = below(random, 5) == 0;
      if (quote) payload += format.enclosed_by;
      payload += random_word(random);
      if (quote && below(random, 3) == 0) payload += random_word(random);
      if (quote) payload += format.enclosed_by;
    }
    if (below(random, 8) > 0)
      payload += below(random, 6) == 0 ? "\r\n" : format.lines_terminated_by;
  }
  // Break something now and then.
  if (!payload.empty() && below(random, 4) == 0) {
    const std::string bytes = "\",\\\n\r|<>'\0\x80N7";
    payload[below(random, payload.size())] = bytes[below(random, bytes.size())];
  }
  return payload;
}

TEST(CsvDifferential, EqualsThePlainReaderOnAnything) {
  Random random(20260101);
  for (int i = 0; i < 4000 && !::testing::Test::HasFatalFailure(); ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    const auto format = random_format(random);
    const auto fields = random_fields(random);
    DecodeLimits limits;
    if (below(random, 4) == 0) limits.field_bytes_max = 8;
    limits.extra_fields_rejected = below(random, 3) > 0;
    std::vector<std::string> payloads;
    for (size_t n = below(random, 40); n > 0; --n)
      payloads.push_back(random_payload(random, format, fields.size()));
    compare(format, fields, limits, payloads);
  }
}

}  // namespace
}  // namespace millrace::decode
