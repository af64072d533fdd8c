#include "serve/wire.h"

namespace millrace::serve {
namespace {

void append_integer(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

}  // namespace

void append_u8(std::string& out, uint8_t value) {
  append_integer(out, value, 1);
}
void append_u16(std::string& out, uint16_t value) {
  append_integer(out, value, 2);
}
void append_u24(std::string& out, uint32_t value) {
  append_integer(out, value, 3);
}
void append_u32(std::string& out, uint32_t value) {
  append_integer(out, value, 4);
}
void append_u64(std::string& out, uint64_t value) {
  append_integer(out, value, 8);
}

void append_lenenc(std::string& out, uint64_t value) {
  if (value < 251) {
    append_integer(out, value, 1);
  } else if (value < (1U << 16)) {
    out += '\xfc';
    append_integer(out, value, 2);
  } else if (value < (1U << 24)) {
    out += '\xfd';
    append_integer(out, value, 3);
  } else {
    out += '\xfe';
    append_integer(out, value, 8);
  }
}

void append_lenenc_string(std::string& out, std::string_view text) {
  append_lenenc(out, text.size());
  out += text;
}

void append_nul_string(std::string& out, std::string_view text) {
  out += text.substr(0, text.find('\0'));
  out += '\0';
}

uint64_t WireReader::integer(size_t size) {
  const auto raw = bytes(size);
  uint64_t value = 0;
  for (size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(raw[i]);
  return value;
}

uint64_t WireReader::lenenc() {
  const uint8_t first = u8();
  if (first < 251) return first;
  if (first == 0xfc) return integer(2);
  if (first == 0xfd) return integer(3);
  if (first == 0xfe) return integer(8);
  ok_ = false;  // 0xfb is NULL, 0xff an error packet: neither is a number
  return 0;
}

std::string_view WireReader::bytes(uint64_t size) {
  if (size > rest_.size() || !ok_) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const auto taken = rest_.substr(0, static_cast<size_t>(size));
  rest_.remove_prefix(static_cast<size_t>(size));
  return taken;
}

std::string_view WireReader::nul_string() {
  const auto end = rest_.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const auto text = bytes(end);
  bytes(1);
  return text;
}

std::string_view WireReader::nul_or_rest() {
  const auto end = rest_.find('\0');
  if (end != std::string_view::npos) return nul_string();
  return rest();
}

}  // namespace millrace::serve
