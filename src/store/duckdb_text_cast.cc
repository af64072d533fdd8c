#include "store/duckdb_text_cast.h"

#include <array>

namespace millrace::store {
namespace {

/// Above that of every other type that a literal may become.
constexpr int64_t kCostOfLiteral = 1000;

bool copy_bytes(duckdb_function_info, idx_t count, duckdb_vector from, duckdb_vector to) {
  auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(from));
  uint64_t* valid = duckdb_vector_get_validity(from);
  for (idx_t row = 0; row < count; ++row) {
    if (duckdb_validity_row_is_valid(valid, row)) {
      duckdb_vector_assign_string_element_len(to, row, duckdb_string_t_data(&texts[row]),
                                              duckdb_string_t_length(texts[row]));
      continue;
    }
    duckdb_vector_ensure_validity_writable(to);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(to), row);
  }
  return true;
}

}  // namespace

Status register_text_cast(duckdb_connection connection) {
  constexpr std::array kTexts{DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_STRING_LITERAL};
  const LogicalType blob(duckdb_create_logical_type(DUCKDB_TYPE_BLOB));
  for (const auto type : kTexts) {
    const LogicalType text(duckdb_create_logical_type(type));
    const CastFunction cast(duckdb_create_cast_function());
    duckdb_cast_function_set_source_type(cast.get(), text.get());
    duckdb_cast_function_set_target_type(cast.get(), blob.get());
    // A literal is bytes where nothing else is wanted, as in to_base64('a').
    if (type == DUCKDB_TYPE_STRING_LITERAL)
      duckdb_cast_function_set_implicit_cast_cost(cast.get(), kCostOfLiteral);
    duckdb_cast_function_set_function(cast.get(), copy_bytes);
    if (duckdb_register_cast_function(connection, cast.get()) == DuckDBError)
      return Error(Code::kInternal, "could not register the cast of a text to a BLOB");
  }
  return {};
}

}  // namespace millrace::store
