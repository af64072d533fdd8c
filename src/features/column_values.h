// Reading the values of a data::Column by their physical type, chosen once for a batch and not for
// a value. Private to features/.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "data/column.h"
#include "features/column_encoder.h"

namespace millrace::features {

/// Calls `use` with the values of an integer or boolean column as a span of their type. False when
/// the column is of another kind.
template <class Use>
bool with_integers(const Column& column, Use&& use) {
  switch (column.type().kind) {
    case Kind::kBool:
    case Kind::kUInt8:
      use(column.values<uint8_t>());
      return true;
    case Kind::kInt8:
      use(column.values<int8_t>());
      return true;
    case Kind::kInt16:
      use(column.values<int16_t>());
      return true;
    case Kind::kInt32:
      use(column.values<int32_t>());
      return true;
    case Kind::kInt64:
      use(column.values<int64_t>());
      return true;
    case Kind::kUInt16:
      use(column.values<uint16_t>());
      return true;
    case Kind::kUInt32:
      use(column.values<uint32_t>());
      return true;
    default:
      return false;
  }
}

/// The same for any number.
template <class Use>
bool with_numbers(const Column& column, Use&& use) {
  switch (column.type().kind) {
    case Kind::kFloat:
      use(column.values<float>());
      return true;
    case Kind::kDouble:
      use(column.values<double>());
      return true;
    case Kind::kUInt64:
      use(column.values<uint64_t>());
      return true;
    default:
      return with_integers(column, std::forward<Use>(use));
  }
}

/// Whether a column can hold categories that are integers: an int64 holds them all.
inline bool is_integer_key(DataType type) {
  return (is_integer(type.kind) && type.kind != Kind::kUInt64) || type.kind == Kind::kBool;
}

/// The elements of a row: one of a plain column, any number of a list, none where it is NULL.
class RowElements {
 public:
  explicit RowElements(const Column& column)
      : column_(column), list_(column.type().list), offsets_(column.list_offsets()) {}

  std::pair<size_t, size_t> of(size_t row) const {
    if (!column_.is_valid(row)) return {0, 0};
    if (!list_) return {row, row + 1};
    return {offsets_[row], offsets_[row + 1]};
  }

 private:
  const Column& column_;
  bool list_;
  std::span<const uint32_t> offsets_;
};

/// Asks for the bytes of a text some rows ahead: a column's texts are spread over the messages, and
/// waiting for each would cost more than what is done with it.
template <class T>
void prefetch_value(std::span<const T> values, size_t row) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    constexpr size_t kRowsAhead = 24;
    if (row + kRowsAhead < values.size()) __builtin_prefetch(values[row + kRowsAhead].data());
  }
}

/// Fills `out` with to_id(value) of each element that is not a gap.
template <class T, class IsGap, class ToId>
void map_ids(const Column& column, std::span<const T> values, size_t rows, IdRows& out,
             IsGap is_gap, ToId to_id) {
  out.reset(rows);
  out.ids.resize(values.size());
  out.elements.resize(values.size());
  const RowElements elements(column);
  size_t count = 0;
  for (size_t row = 0; row < rows; ++row) {
    const auto [begin, end] = elements.of(row);
    for (size_t i = begin; i < end; ++i) {
      prefetch_value(values, i);
      if (is_gap(values[i])) continue;
      out.ids[count] = to_id(values[i]);
      out.elements[count++] = static_cast<uint32_t>(i - begin);
    }
    out.offsets[row + 1] = static_cast<uint32_t>(count);
  }
  out.ids.resize(count);
  out.elements.resize(count);
}

/// The values of a plain (not list) column as a block at once: to_id(value) of each that is not a
/// gap, without those below 0.
template <class T, class IsGap, class ToId>
void write_ids(const Column& column, std::span<const T> values, size_t rows, EncodedBlock& block,
               IsGap is_gap, ToId to_id) {
  block.offsets.resize(rows + 1);
  block.offsets[0] = 0;
  block.ids.resize(rows);
  block.weights.clear();
  uint32_t count = 0;
  for (size_t row = 0; row < rows; ++row) {
    prefetch_value(values, row);
    if (column.is_valid(row) && !is_gap(values[row])) {
      const int64_t id = to_id(values[row]);
      block.ids[count] = static_cast<int32_t>(id);
      count += id >= 0;
    }
    block.offsets[row + 1] = count;
  }
  block.ids.resize(count);
}

/// The two shapes of map_ids for a category column; in a dense feed "" and -1 are gaps.
template <class ToId>
void map_text(const Column& column, size_t rows, Feed feed, IdRows& out, ToId to_id) {
  const bool drop = feed == Feed::kDense;
  map_ids(
      column, column.values<std::string_view>(), rows, out,
      [drop](std::string_view text) { return drop && text.empty(); }, to_id);
}

template <class ToId>
void map_integers(const Column& column, size_t rows, Feed feed, IdRows& out, ToId to_id) {
  const bool drop = feed == Feed::kDense;
  with_integers(column, [&](auto values) {
    map_ids(
        column, values, rows, out,
        [drop](auto value) { return drop && static_cast<int64_t>(value) == -1; },
        [&](auto value) { return to_id(static_cast<int64_t>(value)); });
  });
}

/// The same shapes of write_ids; false for a list.
template <class ToId>
bool write_text(const Column& column, size_t rows, Feed feed, EncodedBlock& block, ToId to_id) {
  if (column.type().list) return false;
  const bool drop = feed == Feed::kDense;
  write_ids(
      column, column.values<std::string_view>(), rows, block,
      [drop](std::string_view text) { return drop && text.empty(); }, to_id);
  return true;
}

template <class ToId>
bool write_integers(const Column& column, size_t rows, Feed feed, EncodedBlock& block, ToId to_id) {
  if (column.type().list) return false;
  const bool drop = feed == Feed::kDense;
  return with_integers(column, [&](auto values) {
    write_ids(
        column, values, rows, block,
        [drop](auto value) { return drop && static_cast<int64_t>(value) == -1; },
        [&](auto value) { return to_id(static_cast<int64_t>(value)); });
  });
}

}  // namespace millrace::features
