#include "store/duckdb_batch.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::store {
namespace {

struct TypePair {
  Kind kind;
  duckdb_type type;
};

constexpr std::array<TypePair, 15> kTypes{{
    {Kind::kBool, DUCKDB_TYPE_BOOLEAN},
    {Kind::kInt8, DUCKDB_TYPE_TINYINT},
    {Kind::kInt16, DUCKDB_TYPE_SMALLINT},
    {Kind::kInt32, DUCKDB_TYPE_INTEGER},
    {Kind::kInt64, DUCKDB_TYPE_BIGINT},
    {Kind::kUInt8, DUCKDB_TYPE_UTINYINT},
    {Kind::kUInt16, DUCKDB_TYPE_USMALLINT},
    {Kind::kUInt32, DUCKDB_TYPE_UINTEGER},
    {Kind::kUInt64, DUCKDB_TYPE_UBIGINT},
    {Kind::kFloat, DUCKDB_TYPE_FLOAT},
    {Kind::kDouble, DUCKDB_TYPE_DOUBLE},
    {Kind::kDate, DUCKDB_TYPE_DATE},
    {Kind::kTimestamp, DUCKDB_TYPE_TIMESTAMP},
    {Kind::kVarchar, DUCKDB_TYPE_VARCHAR},
    {Kind::kBlob, DUCKDB_TYPE_BLOB},
}};

constexpr uint32_t kInlineMax = 12;  // the text that a duckdb_string_t holds in itself

/// Calls `use` with a value of the C++ type that columns of `kind` hold.
template <class Use>
void with_type_of(Kind kind, Use use) {
  switch (width_of(kind)) {
    case 1:
      return use(uint8_t{});
    case 2:
      return use(uint16_t{});
    case 4:
      return use(uint32_t{});
    default:
      return use(uint64_t{});
  }
}

/// The memory of a fixed-width column's values, whatever their type.
const std::byte* bytes_of(const Column& column) {
  const std::byte* bytes = nullptr;
  with_type_of(column.type().kind, [&](auto type) {
    bytes = reinterpret_cast<const std::byte*>(column.values<decltype(type)>().data());
  });
  return bytes;
}

std::byte* bytes_of(Column& column) {
  return const_cast<std::byte*>(bytes_of(std::as_const(column)));
}

void fill_validity(const Column& column, size_t first, size_t count, duckdb_vector vector) {
  const auto bits = column.validity();
  const size_t shift = first & 63;
  const size_t words = (count + 63) / 64;
  const auto word_at = [&](size_t i) {
    const size_t at = (first >> 6) + i;
    uint64_t word = bits[at] >> shift;
    if (shift > 0 && at + 1 < bits.size()) word |= bits[at + 1] << (64 - shift);
    return word;
  };
  uint64_t all = ~uint64_t{0};
  for (size_t i = 0; i < words; ++i) {
    const size_t here = std::min<size_t>(64, count - i * 64);
    all &= here == 64 ? word_at(i) : word_at(i) | ~uint64_t{0} << here;
  }
  if (all == ~uint64_t{0}) return;
  duckdb_vector_ensure_validity_writable(vector);
  auto* to = duckdb_vector_get_validity(vector);
  for (size_t i = 0; i < words; ++i) to[i] = word_at(i);
}

void set_borrowed(duckdb_string_t& to, std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  if (length <= kInlineMax) {
    to = {};
    to.value.inlined.length = length;
    if (length > 0) std::memcpy(to.value.inlined.inlined, text.data(), length);
    return;
  }
  to.value.pointer.length = length;
  std::memcpy(to.value.pointer.prefix, text.data(), sizeof(to.value.pointer.prefix));
  to.value.pointer.ptr = const_cast<char*>(text.data());  // DuckDB does not write through it
}

void fill_texts(std::span<const std::string_view> texts, duckdb_vector vector, Texts form) {
  auto* to = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() <= kInlineMax || form == Texts::kBorrowed)
      set_borrowed(to[i], texts[i]);
    else
      duckdb_unsafe_vector_assign_string_element_len(vector, i, texts[i].data(), texts[i].size());
  }
}

/// Values [first, first + count) of the column (elements, for a list) to the start of `vector`.
void fill_values(const Column& column, size_t first, size_t count, duckdb_vector vector,
                 Texts texts) {
  if (count == 0) return;
  const Kind kind = column.type().kind;
  if (is_text(kind))
    return fill_texts(column.values<std::string_view>().subspan(first, count), vector, texts);
  const size_t width = width_of(kind);
  std::memcpy(duckdb_vector_get_data(vector), bytes_of(column) + first * width, count * width);
}

void fill_list(const Column& column, size_t first, size_t count, duckdb_vector vector,
               Texts texts) {
  const auto offsets = column.list_offsets().subspan(first, count + 1);
  const size_t elements = offsets[count] - offsets[0];
  auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
  for (size_t i = 0; i < count; ++i)
    entries[i] = {offsets[i] - offsets[0], offsets[i + 1] - offsets[i]};
  CHECK(duckdb_list_vector_reserve(vector, elements) == DuckDBSuccess &&
            duckdb_list_vector_set_size(vector, elements) == DuckDBSuccess,
        "a list vector has a child");
  fill_values(column, offsets[0], elements, duckdb_list_vector_get_child(vector), texts);
}

void read_validity(duckdb_vector vector, size_t rows, Column& column, size_t first_row) {
  column.set_valid(first_row, rows);
  auto* validity = duckdb_vector_get_validity(vector);
  if (validity == nullptr) return;
  for (size_t i = 0; i < rows; ++i) {
    if (!((validity[i >> 6] >> (i & 63)) & 1)) column.set_null(first_row + i);
  }
}

void read_texts(duckdb_vector vector, Column& column, size_t rows, size_t first_row) {
  const auto* from = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
  const auto to = column.values<std::string_view>().subspan(first_row, rows);
  for (size_t i = 0; i < rows; ++i) {
    // What stands at a NULL is not a text.
    to[i] = column.is_valid(first_row + i) ? view_of(from[i]) : std::string_view();
  }
}

bool is_set(const uint64_t* validity, size_t i) {
  return validity == nullptr || ((validity[i >> 6] >> (i & 63)) & 1);
}

void read_list(duckdb_vector vector, size_t rows, Column& column, size_t first_row) {
  const auto* entries = static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(vector));
  auto* child = duckdb_list_vector_get_child(vector);
  const auto* child_validity = duckdb_vector_get_validity(child);
  std::vector<uint32_t> offsets(column.list_offsets().begin(), column.list_offsets().end());
  std::vector<size_t> taken;
  uint32_t end = offsets[first_row];
  for (size_t i = 0; i < rows; ++i) {
    const size_t count = column.is_valid(first_row + i) ? entries[i].length : 0;
    for (size_t k = 0; k < count; ++k) {
      if (!is_set(child_validity, entries[i].offset + k)) continue;
      taken.push_back(entries[i].offset + k);
      ++end;
    }
    offsets[first_row + i + 1] = end;
  }
  std::fill(offsets.begin() + static_cast<ptrdiff_t>(first_row + rows) + 1, offsets.end(), end);
  const size_t begin = offsets[first_row];
  column.set_list_offsets(offsets);
  const Kind kind = column.type().kind;
  if (is_text(kind)) {
    const auto* from = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(child));
    const auto to = column.values<std::string_view>();
    for (size_t k = 0; k < taken.size(); ++k) to[begin + k] = view_of(from[taken[k]]);
    return;
  }
  const size_t width = width_of(kind);
  const auto* from = static_cast<const std::byte*>(duckdb_vector_get_data(child));
  auto* to = bytes_of(column) + begin * width;
  for (size_t k = 0; k < taken.size(); ++k)
    std::memcpy(to + k * width, from + taken[k] * width, width);
}

}  // namespace

std::optional<DataType> data_type_of(duckdb_logical_type type) {
  const auto id = duckdb_get_type_id(type);
  if (id == DUCKDB_TYPE_LIST) {
    const LogicalType child(duckdb_list_type_child_type(type));
    auto element = data_type_of(child.get());
    if (!element || element->list) return std::nullopt;
    element->list = true;
    return element;
  }
  for (const auto& pair : kTypes) {
    if (pair.type == id) return DataType{pair.kind, false};
  }
  return std::nullopt;
}

std::optional<DataType> data_type_named(std::string_view type_name) {
  for (const auto& pair : kTypes) {
    for (const bool list : {false, true}) {
      const DataType type{pair.kind, list};
      if (type_name == name_of(type)) return type;
    }
  }
  return std::nullopt;
}

LogicalType logical_type_of(DataType type) {
  const auto at = std::find_if(kTypes.begin(), kTypes.end(),
                               [&](const TypePair& pair) { return pair.kind == type.kind; });
  LogicalType element(duckdb_create_logical_type(at->type));
  return type.list ? LogicalType(duckdb_create_list_type(element.get())) : std::move(element);
}

DataChunk make_chunk(const std::vector<DataType>& types) {
  std::vector<LogicalType> owned;
  std::vector<duckdb_logical_type> borrowed;
  for (const auto type : types) {
    owned.push_back(logical_type_of(type));
    borrowed.push_back(owned.back().get());
  }
  return DataChunk(duckdb_create_data_chunk(borrowed.data(), borrowed.size()));
}

void fill_vector(const Column& column, size_t first, size_t count, duckdb_vector vector,
                 Texts texts) {
  if (count == 0) return;
  fill_validity(column, first, count, vector);
  if (column.type().list)
    fill_list(column, first, count, vector, texts);
  else
    fill_values(column, first, count, vector, texts);
}

void read_vector(duckdb_vector vector, size_t rows, Column& column, size_t first_row) {
  if (rows == 0) return;
  read_validity(vector, rows, column, first_row);
  if (column.type().list) return read_list(vector, rows, column, first_row);
  if (is_text(column.type().kind)) return read_texts(vector, column, rows, first_row);
  const size_t width = width_of(column.type().kind);
  std::memcpy(bytes_of(column) + first_row * width, duckdb_vector_get_data(vector), rows * width);
}

}  // namespace millrace::store
