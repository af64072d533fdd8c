#include "decode/number.h"

#include <charconv>
#include <cmath>

namespace millrace::decode {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// True when `text` is [sign] digits [. digits] [e [sign] digits], with a digit before the e.
bool is_decimal(std::string_view text) {
  size_t i = 0;
  size_t digits = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  if (i < text.size() && text[i] == '.') ++i;
  while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  if (digits == 0) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const size_t first = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  return i == text.size() && i > first;
}

/// Too small for T to be told from zero: its text has a negative exponent of ten after scaling.
bool is_tiny(std::string_view text) {
  double wide = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), wide);
  if (result.ec == std::errc()) return std::abs(wide) < 1;
  const auto e = text.find_first_of("eE");
  return e != std::string_view::npos && e + 1 < text.size() && text[e + 1] == '-';
}

template <class T>
Parsed parse_decimal_as(std::string_view text, T& value) {
  text = without_blanks(text);
  if (!is_decimal(text)) return Parsed::kMalformed;
  if (text[0] == '+') text.remove_prefix(1);
  T parsed = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (result.ec == std::errc::result_out_of_range) {
    if (!is_tiny(text)) return Parsed::kOutOfRange;
    parsed = text[0] == '-' ? -T{0} : T{0};
  } else if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return Parsed::kMalformed;
  }
  if (std::isinf(parsed)) return Parsed::kOutOfRange;
  value = parsed;
  return Parsed::kValue;
}

bool equals(std::string_view text, std::string_view lower_word) {
  if (text.size() != lower_word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower_word[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Parsed parse_whole(std::string_view text, WholeNumber& number) {
  text = without_blanks(text);
  if (text.empty()) return Parsed::kMalformed;
  const bool negative = text[0] == '-';
  std::string_view digits = text.substr(negative || text[0] == '+' ? 1 : 0);
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string_view rest = digits.substr(whole);
  if (!rest.empty() && rest[0] == '.' && whole > 0 &&
      rest.find_first_not_of('0', 1) == std::string_view::npos) {
    rest = {};  // "12.", "12.000"
  }
  if (rest.empty() && whole > 0) {
    uint64_t magnitude = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + whole, magnitude);
    if (result.ec == std::errc::result_out_of_range) return Parsed::kOutOfRange;
    number = {magnitude, negative && magnitude != 0};
    return Parsed::kValue;
  }
  // A fraction that is not zero, told without a double, which would round it away.
  const size_t zeros =
      rest.empty() || rest[0] != '.' ? std::string_view::npos : rest.find_first_not_of('0', 1);
  if (zeros != std::string_view::npos && rest.find_first_of("eE") == std::string_view::npos)
    return Parsed::kMalformed;
  double value = 0;
  const Parsed parsed = parse_decimal(text, value);
  if (parsed != Parsed::kValue) return parsed;
  const bool zero =
      text.substr(0, text.find_first_of("eE")).find_first_of("123456789") == std::string_view::npos;
  if (value != std::trunc(value) || (value == 0 && !zero)) return Parsed::kMalformed;
  // Beyond 2^53 a double no longer says which whole number was meant.
  if (std::abs(value) > 9007199254740992.0) return Parsed::kOutOfRange;
  number = {static_cast<uint64_t>(std::abs(value)), value < 0};
  return Parsed::kValue;
}

Parsed parse_decimal(std::string_view text, double& value) {
  return parse_decimal_as(text, value);
}

Parsed parse_decimal(std::string_view text, float& value) {
  return parse_decimal_as(text, value);
}

Parsed parse_bool(std::string_view text, bool& value) {
  text = without_blanks(text);
  value = text == "1" || equals(text, "true");
  return value || text == "0" || equals(text, "false") ? Parsed::kValue : Parsed::kMalformed;
}

}  // namespace millrace::decode
