#include "decode/avro_value.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "data/utf8.h"
#include "decode/time_text.h"

namespace millrace::decode {
namespace {

using Form = Scalar::Form;

constexpr size_t kDecimalBytesMax = 1024;

int64_t floor_div(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

Scalar whole_scalar(const AvroType& type, int64_t value, TextArena& arena) {
  TimeText buffer{};
  int64_t micros = 0;
  switch (type.logical) {
    case AvroLogical::kDate:
      return Scalar::of_whole(Form::kDate, value);
    case AvroLogical::kTimestampMillis:
      if (!__builtin_mul_overflow(value, int64_t{1000}, &micros))
        return Scalar::of_whole(Form::kTimestamp, micros);
      break;
    case AvroLogical::kTimestampMicros:
      return Scalar::of_whole(Form::kTimestamp, value);
    case AvroLogical::kTimestampNanos:
      return Scalar::of_whole(Form::kTimestamp, floor_div(value, 1000));
    case AvroLogical::kTimeMillis:
      return Scalar::of_text(Form::kText, arena.copied(time_text(value * 1000, buffer)));
    case AvroLogical::kTimeMicros:
      return Scalar::of_text(Form::kText, arena.copied(time_text(value, buffer)));
    default:
      break;
  }
  return Scalar::signed_whole(value);
}

std::string_view uuid_text(std::string_view bytes, TextArena& arena) {
  static constexpr char kDigits[] = "0123456789abcdef";
  char* const text = arena.allocate(36);
  size_t at = 0;
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    const auto byte = static_cast<uint8_t>(bytes[i]);
    text[at++] = kDigits[byte >> 4];
    text[at++] = kDigits[byte & 15];
  }
  return {text, at};
}

/// Three little-endian numbers, as SQL writes an interval.
std::string_view duration_text(std::string_view bytes, TextArena& arena) {
  std::array<uint32_t, 3> parts{};
  std::memcpy(parts.data(), bytes.data(), 12);
  return arena.copied(std::to_string(parts[0]) + " months " + std::to_string(parts[1]) + " days " +
                      std::to_string(parts[2]) + " milliseconds");
}

Scalar bytes_scalar(const AvroType& type, std::string_view bytes, TextArena& arena) {
  if (bytes.size() > kDecimalBytesMax) return Scalar::of_text(Form::kBytes, bytes);
  switch (type.logical) {
    case AvroLogical::kDecimal:
      return Scalar::of_text(Form::kNumber, decimal_text(bytes, type.scale, arena));
    case AvroLogical::kUuid:
      return Scalar::of_text(Form::kText, uuid_text(bytes, arena));
    case AvroLogical::kDuration:
      return Scalar::of_text(Form::kText, duration_text(bytes, arena));
    default:
      return Scalar::of_text(Form::kBytes, bytes);
  }
}

}  // namespace

std::string_view decimal_text(std::string_view bytes, int32_t scale, TextArena& arena) {
  constexpr uint32_t kBillion = 1'000'000'000;
  const bool negative = !bytes.empty() && static_cast<uint8_t>(bytes[0]) >= 0x80;
  // The magnitude in words, the lowest first.
  std::array<uint32_t, kDecimalBytesMax / 4 + 1> words;
  size_t size = bytes.size() / 4 + 1;
  std::fill_n(words.begin(), size, 0);
  uint32_t carry = negative ? 1 : 0;
  for (size_t i = 0; i < size * 4; ++i) {
    const auto sign = static_cast<uint8_t>(negative ? 0xFF : 0);
    const auto byte = i < bytes.size() ? static_cast<uint8_t>(bytes[bytes.size() - 1 - i]) : sign;
    const uint32_t sum = (negative ? static_cast<uint8_t>(~byte) : byte) + carry;
    carry = sum >> 8;
    words[i / 4] |= (sum & 0xFF) << (i % 4 * 8);
  }
  // Nine digits with each division, the lowest first.
  std::array<char, kDecimalBytesMax * 5 / 2 + 1024> reversed;
  size_t digits = 0;
  while (size > 0) {
    uint64_t rest = 0;
    for (size_t i = size; i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<uint32_t>(rest / kBillion);
      rest %= kBillion;
    }
    while (size > 0 && words[size - 1] == 0) --size;
    for (int i = 0; i < 9; ++i, rest /= 10) reversed[digits++] = static_cast<char>('0' + rest % 10);
  }
  const auto point = static_cast<size_t>(scale);
  while (digits > point + 1 && reversed[digits - 1] == '0') --digits;
  while (digits < point + 1) reversed[digits++] = '0';
  char* const text = arena.allocate(digits + 2);
  size_t at = 0;
  if (negative) text[at++] = '-';
  for (size_t i = digits; i-- > 0;) {
    text[at++] = reversed[i];
    if (i == point && point > 0) text[at++] = '.';
  }
  return {text, at};
}

Scalar read_avro_scalar(const AvroType& type, AvroMeaning meaning, AvroInput& input,
                        TextArena& arena) {
  switch (type.kind) {
    case AvroKind::kBoolean:
      return Scalar::boolean(input.truth());
    case AvroKind::kInt:
    case AvroKind::kLong: {
      const int64_t value = input.whole();
      if (type.kind == AvroKind::kInt && value != static_cast<int32_t>(value)) input.failed = true;
      return meaning == AvroMeaning::kLogical ? whole_scalar(type, value, arena)
                                              : Scalar::signed_whole(value);
    }
    case AvroKind::kFloat: {
      Scalar scalar = Scalar::floating(static_cast<double>(input.single()));
      scalar.single = true;
      return scalar;
    }
    case AvroKind::kDouble:
      return Scalar::floating(input.real());
    case AvroKind::kBytes:
      return bytes_scalar(type, input.text(), arena);
    case AvroKind::kFixed: {
      const auto bytes = input.raw(type.size);
      return input.failed ? Scalar::null() : bytes_scalar(type, bytes, arena);
    }
    case AvroKind::kString: {
      const auto text = input.text();
      return Scalar::of_text(is_utf8(text) ? Form::kText : Form::kBytes, text);
    }
    case AvroKind::kEnum: {
      const int64_t index = input.whole();
      if (index < 0 || static_cast<size_t>(index) >= type.symbols.size()) input.failed = true;
      if (input.failed) return Scalar::null();
      return Scalar::of_text(Form::kText, type.symbols[static_cast<size_t>(index)]);
    }
    default:
      return Scalar::null();
  }
}

}  // namespace millrace::decode
