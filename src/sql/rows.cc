#include "sql/rows.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "data/json_text.h"
#include "data/schema.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

using store::SqlType;

class RowsChunk : public store::ResultChunk {
 public:
  explicit RowsChunk(std::vector<Row> rows) : rows_(std::move(rows)) {}
  size_t rows() const override { return rows_.size(); }
  bool is_null(size_t column, size_t row) const override { return !rows_[row][column]; }
  void append_text(size_t column, size_t row, std::string& out) const override {
    out += rows_[row][column].value_or("");
  }

 private:
  std::vector<Row> rows_;
};

class RowsStream : public store::ResultStream {
 public:
  explicit RowsStream(Rows rows) : rows_(std::move(rows)) {}
  const std::vector<store::ResultColumn>& columns() const override { return rows_.columns; }
  int64_t rows_changed() const override { return 0; }
  Result<std::unique_ptr<store::ResultChunk>> next() override {
    if (rows_.rows.empty()) return std::unique_ptr<store::ResultChunk>();
    return std::unique_ptr<store::ResultChunk>(
        std::make_unique<RowsChunk>(std::exchange(rows_.rows, {})));
  }

 private:
  Rows rows_;
};

SqlType type_of(DataType type) {
  if (type.list) return SqlType::kList;
  static constexpr std::array<SqlType, 15> kTypes{
      SqlType::kBoolean,   SqlType::kTinyint,  SqlType::kSmallint,  SqlType::kInteger,
      SqlType::kBigint,    SqlType::kUTinyint, SqlType::kUSmallint, SqlType::kUInteger,
      SqlType::kUBigint,   SqlType::kFloat,    SqlType::kDouble,    SqlType::kDate,
      SqlType::kTimestamp, SqlType::kVarchar,  SqlType::kBlob};
  return kTypes[static_cast<size_t>(type.kind)];
}

template <class T>
std::string number_text(T value) {
  std::array<char, 64> buffer{};
  const auto [end, wrong] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return wrong == std::errc() ? std::string(buffer.data(), end) : std::string();
}

std::string two_digits(unsigned value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

std::string date_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  std::string year = std::to_string(static_cast<int>(date.year()));
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  return year + "-" + two_digits(static_cast<unsigned>(date.month())) + "-" +
         two_digits(static_cast<unsigned>(date.day()));
}

std::string timestamp_text(int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = date_text(day) + " " +
                     two_digits(static_cast<unsigned>(clock.hours().count())) + ":" +
                     two_digits(static_cast<unsigned>(clock.minutes().count())) + ":" +
                     two_digits(static_cast<unsigned>(clock.seconds().count()));
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    const std::string digits = std::to_string(fraction);
    text += "." + std::string(6 - digits.size(), '0') + digits;
  }
  return text;
}

/// Element `i` of a column's values.
std::string value_text(const Column& column, size_t i) {
  switch (column.type().kind) {
    case Kind::kBool:
      return column.values<bool>()[i] ? "1" : "0";
    case Kind::kInt8:
      return number_text(int{column.values<int8_t>()[i]});
    case Kind::kInt16:
      return number_text(column.values<int16_t>()[i]);
    case Kind::kInt32:
      return number_text(column.values<int32_t>()[i]);
    case Kind::kInt64:
      return number_text(column.values<int64_t>()[i]);
    case Kind::kUInt8:
      return number_text(unsigned{column.values<uint8_t>()[i]});
    case Kind::kUInt16:
      return number_text(column.values<uint16_t>()[i]);
    case Kind::kUInt32:
      return number_text(column.values<uint32_t>()[i]);
    case Kind::kUInt64:
      return number_text(column.values<uint64_t>()[i]);
    case Kind::kFloat:
      return number_text(column.values<float>()[i]);
    case Kind::kDouble:
      return number_text(column.values<double>()[i]);
    case Kind::kDate:
      return date_text(std::chrono::sys_days(std::chrono::days(column.values<int32_t>()[i])));
    case Kind::kTimestamp:
      return timestamp_text(column.values<int64_t>()[i]);
    case Kind::kVarchar:
    case Kind::kBlob:
      return std::string(column.values<std::string_view>()[i]);
  }
  return {};
}

std::string cell_text(const Column& column, size_t row) {
  if (!column.type().list) return value_text(column, row);
  const auto offsets = column.list_offsets();
  std::string result = "[";
  for (size_t i = offsets[row]; i < offsets[row + 1]; ++i) {
    if (result.size() > 1) result += ", ";
    const std::string text = value_text(column, i);
    const bool quotes = !is_number(column.type().kind);
    if (quotes)
      append_json_text(text, result);
    else
      result += text;
  }
  return result + "]";
}

}  // namespace

std::unique_ptr<store::ResultStream> stream_of(Rows rows) {
  return std::make_unique<RowsStream>(std::move(rows));
}

Rows rows_of(const Batch& batch) {
  Rows result;
  for (const auto& field : batch.schema().fields()) {
    result.add_column(field.name, type_of(field.type));
  }
  result.rows.resize(batch.rows());
  for (size_t row = 0; row < batch.rows(); ++row) {
    for (size_t i = 0; i < batch.column_count(); ++i) {
      const Column& column = batch.column(i);
      result.rows[row].push_back(column.is_valid(row) ? Cell(cell_text(column, row)) : Cell());
    }
  }
  return result;
}

Result<Rows> read_all(store::ResultStream& stream) {
  Rows result;
  result.columns = stream.columns();
  while (true) {
    TRY(const auto chunk, stream.next());
    if (!chunk) return result;
    for (size_t row = 0; row < chunk->rows(); ++row) {
      Row& cells = result.rows.emplace_back();
      for (size_t i = 0; i < result.columns.size(); ++i) {
        Cell& cell = cells.emplace_back();
        if (!chunk->is_null(i, row)) chunk->append_text(i, row, cell.emplace());
      }
    }
  }
}

std::string select_of(const Rows& rows) {
  std::string names, values;
  for (const auto& column : rows.columns) {
    names += (names.empty() ? "" : ", ") + quoted_name(column.name);
  }
  const auto add = [&](const Row& row) {
    values += values.empty() ? "(" : ", (";
    for (size_t i = 0; i < row.size(); ++i) {
      const bool text = rows.columns[i].type == SqlType::kVarchar;
      values += i > 0 ? ", " : "";
      values += row[i] ? (text ? quoted_text(*row[i]) : *row[i])
                       : std::string(text ? "NULL::VARCHAR" : "NULL::BIGINT");
    }
    values += ")";
  };
  for (const auto& row : rows.rows) add(row);
  if (rows.rows.empty()) add(Row(rows.columns.size()));
  return "SELECT * FROM (VALUES " + values + ") AS rows(" + names + ")" +
         (rows.rows.empty() ? " WHERE false" : "");
}

bool is_like(std::string_view text, std::string_view pattern) {
  // The place to go back to when what follows a % does not fit.
  size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resume = t;
    } else if (escaped && lower(pattern[p + 1]) == lower(text[t])) {
      p += 2;
      ++t;
    } else if (!escaped && p < pattern.size() &&
               (pattern[p] == '_' || lower(pattern[p]) == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

}  // namespace millrace::sql
