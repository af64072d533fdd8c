#include "data/utf8.h"

#include <cstdint>
#include <cstring>

namespace millrace {
namespace {

constexpr size_t kShownMax = 60;

void append_hex(unsigned char byte, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool continues(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

/// Bytes of the character that `text` begins with, 0 when that is none. RFC 3629 section 4.
size_t character_size(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char c = at(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return text.size() >= 2 && continues(at(1)) ? 2 : 0;
  if ((c & 0xF0) == 0xE0) {
    if (text.size() < 3 || !continues(at(1)) || !continues(at(2))) return 0;
    const bool overlong = c == 0xE0 && at(1) < 0xA0;
    const bool surrogate = c == 0xED && at(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (c < 0xF0 || c > 0xF4) return 0;
  if (text.size() < 4 || !continues(at(1)) || !continues(at(2)) || !continues(at(3))) return 0;
  const bool overlong = c == 0xF0 && at(1) < 0x90;
  const bool beyond = c == 0xF4 && at(1) >= 0x90;
  return overlong || beyond ? 0 : 4;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8) {
      uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      if ((word & 0x8080808080808080) == 0) {
        text.remove_prefix(8);
        continue;
      }
    }
    const size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string shown(std::string_view text) {
  std::string result;
  while (!text.empty() && result.size() < kShownMax) {
    const size_t size = character_size(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (size == 0 || c < 0x20 || c == 0x7F) {
      append_hex(c, result);
      text.remove_prefix(1);
    } else {
      result += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return text.empty() ? result : result + "...";
}

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string result;
  while (!text.empty()) {
    const size_t size = character_size(text);
    if (size == 0) append_hex(static_cast<unsigned char>(text[0]), result);
    result += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

}  // namespace millrace
