// Valid packets and their mutations, for the fuzz of what clients send. Only tests include it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fuzz_test.h"
#include "serve/column_type.h"
#include "serve/wire.h"

namespace millrace::serve {

inline std::string mutated(std::string bytes, Random& random) {
  for (size_t changes = 1 + below(random, 4); changes > 0; --changes)
    change_bytes(random, bytes, {});
  return bytes;
}

inline std::string framed(std::string_view payload, uint8_t sequence) {
  std::string out;
  append_u24(out, static_cast<uint32_t>(payload.size()));
  append_u8(out, sequence);
  return out += payload;
}

/// One parameter of every type, with a value.
inline std::string parameters(size_t& count) {
  const std::vector<std::pair<WireType, std::string>> kValues{
      {WireType::kTiny, "\x01"},
      {WireType::kShort, "ab"},
      {WireType::kLong, "abcd"},
      {WireType::kLongLong, "abcdefgh"},
      {WireType::kFloat, "abcd"},
      {WireType::kDouble, "abcdefgh"},
      {WireType::kVarString, "\x03xyz"},
      {WireType::kBlob, "\xfc\x02\x01" + std::string(258, 'b')},
      {WireType::kNewDecimal, "\x04-1.5"},
      {WireType::kDate, std::string("\x04\xea\x07\x0b\x17", 5)},
      {WireType::kDateTime, std::string("\x0b\xea\x07\x0b\x17\x0a\x00\x01\x07\x00\x00\x00", 12)},
      {WireType::kTime, std::string("\x08\x01\x02\x00\x00\x00\x03\x04\x05", 9)}};
  count = kValues.size();
  std::string packet((count + 7) / 8, '\0');
  append_u8(packet, 1);
  for (const auto& [type, value] : kValues) {
    append_u8(packet, static_cast<uint8_t>(type));
    append_u8(packet, 0);
  }
  for (const auto& [type, value] : kValues) packet += value;
  return packet;
}

/// Commands of prepared statements, the first one's parameters among them, and a few of sessions.
inline std::vector<std::string> statement_commands() {
  size_t count = 0;
  const auto values = parameters(count);
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "? ";
  const std::string id("\1\0\0\0", 4);
  return {"\x16" + text,
          "\x17" + id + std::string("\0\1\0\0\0", 5) + values,
          "\x17" + id + std::string("\1\1\0\0\0", 5) + values,
          std::string("\x17\2\0\0\0\1\1\0\0\0", 10),
          std::string("\x1c\2\0\0\0\2\0\0\0", 9),
          "\x18" + id + std::string("\0\0", 2) + "piece",
          "\x1a" + id,
          "\x19" + id,
          "\x1f"};
}

}  // namespace millrace::serve
