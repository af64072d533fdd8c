#include "data/argument.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "data/schema.h"

namespace millrace {
namespace {

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote || (c == '\\' && quote == '\'')) result += c;
    result += c;
  }
  return result + quote;
}

std::string list_of(const std::vector<Argument>& items) {
  std::string result;
  for (const auto& item : items) {
    if (!result.empty()) result += ", ";
    if (!item.name.empty()) result += item.name + " => ";
    result += item.to_sql();
  }
  return result;
}

}  // namespace

const Argument* Argument::find(std::string_view key) const {
  for (const auto& item : items) {
    if (!item.name.empty() && same_name(item.name, key)) return &item;
  }
  return nullptr;
}

std::optional<double> Argument::as_number() const {
  if (form != Form::kNumber) return std::nullopt;
  double value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int64_t> Argument::as_integer() const {
  if (form != Form::kNumber) return std::nullopt;
  int64_t value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::string_view> Argument::as_word() const {
  if (form != Form::kName && form != Form::kString) return std::nullopt;
  return text;
}

std::string Argument::to_sql() const {
  switch (form) {
    case Form::kName:
      return is_plain_name(text) ? text : quoted(text, '`');
    case Form::kString:
      return quoted(text, '\'');
    case Form::kNumber:
    case Form::kBool:
      return text;
    case Form::kNull:
      return "NULL";
    case Form::kList:
      return "[" + list_of(items) + "]";
    case Form::kCall:
      return text + "(" + list_of(items) + ")";
  }
  return {};
}

Error wrong(const Argument& argument, Code code, std::string message, std::string hint) {
  Error error(code, std::move(message), std::move(hint));
  error.position = argument.position;
  return error;
}

}  // namespace millrace
