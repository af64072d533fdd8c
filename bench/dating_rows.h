// The rows of the end-to-end benchmark: like the speed-dating example's, of 48 fields, drawn from a
// seed. As numbers, for a program that stores them, or as the bytes of a message.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace millrace::bench {

struct DatingRow {
  static constexpr size_t kFields = 48;
  static constexpr size_t kFirst = 3;  // behind the id, the time of sending and the label

  int64_t id = 0;
  int64_t sent = 0;  // microseconds of the sender's clock; 0 when nobody will ask
  bool match = false;
  std::array<uint32_t, kFields> drawn{};

  /// One field in twelve is a decimal, a further one in three a number below 100, the others are
  /// below 10.
  static bool is_decimal(size_t field) { return field % 12 == 0; }
  uint32_t whole(size_t field) const { return drawn[field] % (field % 3 == 0 ? 100 : 10); }
  double decimal(size_t field) const;
};

/// The label follows from some of the fields.
DatingRow draw_row(int64_t id, int64_t sent, std::mt19937& random);

enum class RowFormat : uint8_t { kCsv, kJson, kAvro };

/// The row as a message: CSV, about 124 bytes; a JSON object with the keys id, sent, match, f3 ...
/// f47, about 450; or Avro's binary encoding of a record of those fields (long, long, int, then
/// double or int), about 95.
void write_row(const DatingRow& row, RowFormat format, std::string& message);

}  // namespace millrace::bench
