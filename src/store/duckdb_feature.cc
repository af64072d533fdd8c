#include "store/duckdb_feature.h"

#include <cmath>
#include <optional>
#include <utility>

#include "store/duckdb_batch.h"
#include "store/value_text.h"

namespace millrace::store {
namespace {

using Vector = Handle<duckdb_vector, duckdb_destroy_vector>;

/// The kind that values of a type become, if they can become one.
std::optional<Kind> converted_kind(const TextType& type) {
  switch (type.type) {
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return Kind::kDouble;
    case DUCKDB_TYPE_ENUM:
      return Kind::kVarchar;
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Kind::kTimestamp;
    default:
      return std::nullopt;
  }
}

std::optional<DataType> converted_type(const TextType& type) {
  const bool list = type.type == DUCKDB_TYPE_LIST;
  const auto kind = converted_kind(list ? type.children[0] : type);
  if (!kind) return std::nullopt;
  return DataType{*kind, list};
}

double number(const TextType& type, const void* data, size_t row) {
  const double scale = std::pow(10.0, type.scale);
  switch (type.storage) {
    case DUCKDB_TYPE_SMALLINT:
      return static_cast<const int16_t*>(data)[row] / scale;
    case DUCKDB_TYPE_INTEGER:
      return static_cast<const int32_t*>(data)[row] / scale;
    case DUCKDB_TYPE_BIGINT:
      return static_cast<double>(static_cast<const int64_t*>(data)[row]) / scale;
    case DUCKDB_TYPE_UHUGEINT:
      return duckdb_uhugeint_to_double(static_cast<const duckdb_uhugeint*>(data)[row]);
    default:
      return duckdb_hugeint_to_double(static_cast<const duckdb_hugeint*>(data)[row]) / scale;
  }
}

size_t word(const TextType& type, const void* data, size_t row) {
  switch (type.storage) {
    case DUCKDB_TYPE_UTINYINT:
      return static_cast<const uint8_t*>(data)[row];
    case DUCKDB_TYPE_USMALLINT:
      return static_cast<const uint16_t*>(data)[row];
    default:
      return static_cast<const uint32_t*>(data)[row];
  }
}

/// Microseconds; the two infinities stay what they are, and what overflows becomes one.
int64_t moment(const TextType& type, const void* data, size_t row) {
  const int64_t value = static_cast<const int64_t*>(data)[row];
  constexpr int64_t kInfinity = std::numeric_limits<int64_t>::max();
  if (value == kInfinity || value == -kInfinity) return value;
  if (type.type == DUCKDB_TYPE_TIMESTAMP_TZ) return value;
  if (type.type == DUCKDB_TYPE_TIMESTAMP_NS) return value / 1000 - (value % 1000 < 0 ? 1 : 0);
  const int64_t factor = type.type == DUCKDB_TYPE_TIMESTAMP_S ? 1'000'000 : 1'000;
  if (value > kInfinity / factor) return kInfinity;
  if (value < -kInfinity / factor) return -kInfinity;
  return value * factor;
}

bool copy_validity(duckdb_vector from, size_t rows, duckdb_vector to, size_t row) {
  auto* validity = duckdb_vector_get_validity(from);
  if (validity == nullptr || duckdb_validity_row_is_valid(validity, row)) return true;
  if (rows > 0) duckdb_vector_ensure_validity_writable(to);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(to), row);
  return false;
}

void convert_values(const TextType& type, duckdb_vector from, size_t rows, duckdb_vector to) {
  const void* data = duckdb_vector_get_data(from);
  void* out = duckdb_vector_get_data(to);
  for (size_t row = 0; row < rows; ++row) {
    if (!copy_validity(from, rows, to, row)) continue;
    if (type.type == DUCKDB_TYPE_ENUM) {
      const auto& text = type.names[word(type, data, row)];
      duckdb_unsafe_vector_assign_string_element_len(to, row, text.data(), text.size());
    } else if (converted_kind(type) == Kind::kTimestamp) {
      static_cast<int64_t*>(out)[row] = moment(type, data, row);
    } else {
      static_cast<double*>(out)[row] = number(type, data, row);
    }
  }
}

void convert(const TextType& type, duckdb_vector from, size_t rows, duckdb_vector to) {
  if (type.type != DUCKDB_TYPE_LIST) return convert_values(type, from, rows, to);
  const auto* entries = static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(from));
  auto* out = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(to));
  for (size_t row = 0; row < rows; ++row) {
    out[row] = copy_validity(from, rows, to, row) ? entries[row] : duckdb_list_entry{};
  }
  const idx_t elements = duckdb_list_vector_get_size(from);
  CHECK(duckdb_list_vector_reserve(to, elements) == DuckDBSuccess &&
            duckdb_list_vector_set_size(to, elements) == DuckDBSuccess,
        "a list vector has a child");
  convert_values(type.children[0], duckdb_list_vector_get_child(from), elements,
                 duckdb_list_vector_get_child(to));
}

/// Keeps alive what text of a Batch points into.
std::shared_ptr<const void> owner_of(Vector vector) {
  return std::make_shared<Vector>(std::move(vector));
}

}  // namespace

void FeatureReader::add(std::vector<millrace::Field>& columns, idx_t child, std::string name,
                        const LogicalType& type) {
  if (const auto held = data_type_of(type.get())) {
    fields_.push_back({child, *held, false, {}});
  } else {
    auto from = TextType::of(type.get());
    const auto made = from ? converted_type(*from) : std::nullopt;
    if (!made) return;
    fields_.push_back({child, *made, true, std::move(*from)});
  }
  columns.push_back({std::move(name), fields_.back().type});
}

FeatureReader::FeatureReader(duckdb_logical_type row) {
  std::vector<millrace::Field> columns;
  for (idx_t i = 0; i < duckdb_struct_type_child_count(row); ++i)
    add(columns, i, take_text(duckdb_struct_type_child_name(row, i)),
        LogicalType(duckdb_struct_type_child_type(row, i)));
  schema_ = std::make_shared<Schema>(std::move(columns));
}

FeatureReader::FeatureReader(duckdb_result& result) {
  std::vector<millrace::Field> columns;
  for (idx_t i = 0; i < duckdb_column_count(&result); ++i)
    add(columns, i, duckdb_column_name(&result, i),
        LogicalType(duckdb_column_logical_type(&result, i)));
  schema_ = std::make_shared<Schema>(std::move(columns));
}

template <class VectorOf>
void FeatureReader::read_each(VectorOf vector_of, size_t rows, Batch& batch) const {
  batch.reset(rows);
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto& field = fields_[i];
    const auto child = vector_of(field.child);
    if (!field.converted) {
      read_vector(child, rows, batch.column(i), 0);
      continue;
    }
    const auto type = logical_type_of(field.type);
    Vector made(duckdb_create_vector(type.get(), rows));
    convert(field.from, child, rows, made.get());
    read_vector(made.get(), rows, batch.column(i), 0);
    batch.keep_alive(owner_of(std::move(made)));
  }
}

void FeatureReader::read(duckdb_vector vector, size_t rows, Batch& batch) const {
  read_each([&](idx_t child) { return duckdb_struct_vector_get_child(vector, child); }, rows,
            batch);
}

void FeatureReader::read(DataChunk chunk, Batch& batch) const {
  read_each([&](idx_t child) { return duckdb_data_chunk_get_vector(chunk.get(), child); },
            duckdb_data_chunk_get_size(chunk.get()), batch);
  batch.keep_alive(std::make_shared<DataChunk>(std::move(chunk)));
}

}  // namespace millrace::store
