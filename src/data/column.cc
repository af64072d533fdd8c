#include "data/column.h"

#include <algorithm>
#include <cstring>

namespace millrace {

void Column::reserve_values(size_t count) {
  const size_t words = (count * width_of(type_.kind) + 7) / 8;
  if (data_.size() < words) data_.resize(words);
  value_count_ = count;
}

void Column::reset(size_t rows) {
  rows_ = rows;
  validity_.assign((rows + 63) / 64, 0);
  if (type_.list) {
    offsets_.assign(rows + 1, 0);
    reserve_values(0);
    return;
  }
  reserve_values(rows);
  if (rows > 0) std::memset(data_.data(), 0, rows * width_of(type_.kind));
}

void Column::extend(size_t rows) {
  CHECK(rows >= rows_, "a column is only extended to more rows");
  validity_.resize((rows + 63) / 64);
  if (type_.list) {
    offsets_.resize(rows + 1, offsets_.back());
    rows_ = rows;
    return;
  }
  reserve_values(rows);
  const size_t width = width_of(type_.kind);
  std::memset(reinterpret_cast<std::byte*>(data_.data()) + rows_ * width, 0,
              (rows - rows_) * width);
  rows_ = rows;
}

void Column::set_valid(size_t first, size_t count) {
  CHECK(first + count <= rows_, "the rows set valid are rows of the column");
  while (count > 0) {
    const size_t bit = first & 63;
    const size_t here = std::min(count, 64 - bit);
    const uint64_t ones = here == 64 ? ~uint64_t{0} : (uint64_t{1} << here) - 1;
    validity_[first >> 6] |= ones << bit;
    first += here;
    count -= here;
  }
}

void Column::set_all_valid() {
  std::fill(validity_.begin(), validity_.end(), ~uint64_t{0});
}

bool Column::all_valid() const {
  const size_t whole = rows_ / 64;
  for (size_t i = 0; i < whole; ++i) {
    if (validity_[i] != ~uint64_t{0}) return false;
  }
  const size_t rest = rows_ % 64;
  const uint64_t mask = (uint64_t{1} << rest) - 1;
  return rest == 0 || (validity_[whole] & mask) == mask;
}

void Column::set_list_offsets(std::span<const uint32_t> offsets) {
  CHECK(type_.list && offsets.size() == rows_ + 1, "a list column has one offset more than rows");
  offsets_.assign(offsets.begin(), offsets.end());
  reserve_values(offsets_.back());
}

void Column::truncate(size_t rows) {
  CHECK(rows <= rows_, "a column is only truncated to fewer rows");
  if (type_.list) offsets_.resize(rows + 1);
  value_count_ = type_.list ? offsets_.back() : rows;
  validity_.resize((rows + 63) / 64);
  rows_ = rows;
}

void Column::compact(std::span<const uint8_t> keep) {
  CHECK(keep.size() == rows_, "one entry for each row");
  if (type_.list) return compact_list(keep);
  const size_t width = width_of(type_.kind);
  auto* bytes = reinterpret_cast<std::byte*>(data_.data());
  size_t to = 0;
  for (size_t row = 0; row < rows_; ++row) {
    if (!keep[row]) continue;
    std::memcpy(bytes + to * width, bytes + row * width, width);
    const bool valid = is_valid(row);
    valid ? set_valid(to) : set_null(to);
    ++to;
  }
  rows_ = value_count_ = to;
  validity_.resize((to + 63) / 64);
}

void Column::compact_list(std::span<const uint8_t> keep) {
  const size_t width = width_of(type_.kind);
  auto* bytes = reinterpret_cast<std::byte*>(data_.data());
  size_t to = 0;
  uint32_t end = 0;
  for (size_t row = 0; row < rows_; ++row) {
    if (!keep[row]) continue;
    const uint32_t begin = offsets_[row];
    const uint32_t count = offsets_[row + 1] - begin;
    std::memmove(bytes + end * width, bytes + begin * width, count * width);
    const bool valid = is_valid(row);
    valid ? set_valid(to) : set_null(to);
    offsets_[to++] = end;
    end += count;
    // The next row's begin is read from its own entry, which is never behind the one just written.
  }
  offsets_.resize(to + 1);
  offsets_[to] = end;
  rows_ = to;
  value_count_ = end;
  validity_.resize((to + 63) / 64);
}

double number_at(const Column& column, size_t row) {
  switch (column.type().kind) {
    case Kind::kBool:
    case Kind::kUInt8:
      return column.values<uint8_t>()[row];
    case Kind::kInt8:
      return column.values<int8_t>()[row];
    case Kind::kInt16:
      return column.values<int16_t>()[row];
    case Kind::kInt32:
      return column.values<int32_t>()[row];
    case Kind::kInt64:
      return static_cast<double>(column.values<int64_t>()[row]);
    case Kind::kUInt16:
      return column.values<uint16_t>()[row];
    case Kind::kUInt32:
      return column.values<uint32_t>()[row];
    case Kind::kUInt64:
      return static_cast<double>(column.values<uint64_t>()[row]);
    case Kind::kFloat:
      return static_cast<double>(column.values<float>()[row]);
    case Kind::kDouble:
      return column.values<double>()[row];
    default:
      check_failed("is_number(kind)", "only numbers have a number", __FILE__, __LINE__);
  }
}

}  // namespace millrace
