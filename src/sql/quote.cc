#include "sql/quote.h"

#include "data/quoting.h"
#include "sql/keywords.h"

namespace millrace::sql {
namespace {

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || is_reserved(name)) return false;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

}  // namespace

std::string quoted_name(std::string_view name) {
  return with_doubled('"', name);
}

std::string quoted_text(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return with_doubled('\'', text);
  std::string result = "(''";
  while (!text.empty()) {
    const size_t zero = text.find('\0');
    if (zero != 0) result += " || " + with_doubled('\'', text.substr(0, zero));
    if (zero == std::string_view::npos) break;
    result += " || chr(0)";
    text.remove_prefix(zero + 1);
  }
  return result + ")";
}

std::string quoted_bytes(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result = "from_hex('";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    result += kDigits[byte >> 4];
    result += kDigits[byte & 15];
  }
  return result + "')";
}

std::string mysql_name(std::string_view name) {
  return is_plain_name(name) ? std::string(name) : backticked(name);
}

std::string backticked(std::string_view name) {
  return with_doubled('`', name);
}

std::string mysql_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    switch (c) {
      case '\0':
        result += "\\0";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      case '\b':
        result += "\\b";
        break;
      case '\x1a':
        result += "\\Z";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\'':
        result += "''";
        break;
      default:
        result += c;
    }
  }
  return result + "'";
}

}  // namespace millrace::sql
