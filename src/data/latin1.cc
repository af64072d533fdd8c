#include "data/latin1.h"

#include <array>
#include <cstdint>

namespace millrace {
namespace {

/// What 0x80 to 0x9F stand for.
constexpr std::array<char16_t, 32> kHigh{
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

char16_t character_of(uint8_t byte) {
  return byte >= 0x80 && byte < 0xA0 ? kHigh[byte - 0x80] : byte;
}

void append(char16_t character, std::string& out) {
  const auto add = [&out](int bits) { out += static_cast<char>(bits); };
  if (character < 0x80) return add(character);
  if (character < 0x800) {
    add(0xC0 | character >> 6);
    return add(0x80 | (character & 0x3F));
  }
  add(0xE0 | character >> 12);
  add(0x80 | (character >> 6 & 0x3F));
  add(0x80 | (character & 0x3F));
}

}  // namespace

void append_from_latin1(std::string_view text, std::string& out) {
  for (const char byte : text) append(character_of(static_cast<uint8_t>(byte)), out);
}

std::optional<std::string> to_latin1(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    int byte = 0;
    std::string character;
    for (; byte < 256; ++byte) {
      character.clear();
      append(character_of(static_cast<uint8_t>(byte)), character);
      if (text.starts_with(character)) break;
    }
    if (byte == 256) return std::nullopt;
    result += static_cast<char>(byte);
    text.remove_prefix(character.size());
  }
  return result;
}

}  // namespace millrace
