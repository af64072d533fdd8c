#include "dating_rows.h"

#include <cstring>

namespace millrace::bench {
namespace {

/// The digits before and behind a decimal's point; "5.7" has one behind it, "5.42" two.
struct Decimal {
  uint32_t before;
  uint32_t behind;
};

Decimal decimal_of(uint32_t drawn) {
  return {drawn % 100, drawn / 100 % 100};
}

/// A field's digits as CSV and JSON have them.
void write_number(const DatingRow& row, size_t field, std::string& message) {
  if (!DatingRow::is_decimal(field)) {
    message += std::to_string(row.whole(field));
    return;
  }
  const auto [before, behind] = decimal_of(row.drawn[field]);
  message += std::to_string(before) + "." + std::to_string(behind);
}

void write_csv(const DatingRow& row, std::string& message) {
  message = std::to_string(row.id) + "," + std::to_string(row.sent) + ",";
  message += row.match ? '1' : '0';
  for (size_t field = DatingRow::kFirst; field < DatingRow::kFields; ++field) {
    message += ',';
    write_number(row, field, message);
  }
}

void write_json(const DatingRow& row, std::string& message) {
  message = "{\"id\":" + std::to_string(row.id) + ",\"sent\":" + std::to_string(row.sent) +
            ",\"match\":" + (row.match ? "1" : "0");
  for (size_t field = DatingRow::kFirst; field < DatingRow::kFields; ++field) {
    message += ",\"f" + std::to_string(field) + "\":";
    write_number(row, field, message);
  }
  message += '}';
}

void put_whole(int64_t value, std::string& message) {
  auto rest = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; rest > 127; rest >>= 7) message += static_cast<char>(rest | 128);
  message += static_cast<char>(rest);
}

void write_avro(const DatingRow& row, std::string& message) {
  message.clear();
  put_whole(row.id, message);
  put_whole(row.sent, message);
  put_whole(row.match ? 1 : 0, message);
  for (size_t field = DatingRow::kFirst; field < DatingRow::kFields; ++field) {
    if (!DatingRow::is_decimal(field)) {
      put_whole(row.whole(field), message);
      continue;
    }
    const double value = row.decimal(field);
    message.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
}

}  // namespace

double DatingRow::decimal(size_t field) const {
  const auto [before, behind] = decimal_of(drawn[field]);
  const uint32_t scale = behind < 10 ? 10 : 100;
  return static_cast<double>(before * scale + behind) / scale;
}

DatingRow draw_row(int64_t id, int64_t sent, std::mt19937& random) {
  DatingRow row;
  row.id = id;
  row.sent = sent;
  for (size_t field = DatingRow::kFirst; field < DatingRow::kFields; ++field)
    row.drawn[field] = static_cast<uint32_t>(random());
  const auto& drawn = row.drawn;
  row.match = drawn[4] % 10 + drawn[5] % 10 + drawn[7] % 10 + drawn[47] % 4 > 17;
  return row;
}

void write_row(const DatingRow& row, RowFormat format, std::string& message) {
  switch (format) {
    case RowFormat::kCsv:
      return write_csv(row, message);
    case RowFormat::kJson:
      return write_json(row, message);
    case RowFormat::kAvro:
      return write_avro(row, message);
  }
}

}  // namespace millrace::bench
