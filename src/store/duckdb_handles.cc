#include "store/duckdb_handles.h"

#include "data/quoting.h"
#include "store/duckdb_error.h"

namespace millrace::store {
namespace {

duckdb_state bind(duckdb_prepared_statement statement, idx_t index, const Parameter& parameter) {
  if (const auto* whole = std::get_if<int64_t>(&parameter))
    return duckdb_bind_int64(statement, index, *whole);
  if (const auto* number = std::get_if<double>(&parameter))
    return duckdb_bind_double(statement, index, *number);
  if (const auto* text = std::get_if<std::string_view>(&parameter))
    return duckdb_bind_varchar_length(statement, index, text->data(), text->size());
  if (const auto* blob = std::get_if<Bytes>(&parameter))
    return duckdb_bind_blob(statement, index, blob->bytes.data(), blob->bytes.size());
  return duckdb_bind_null(statement, index);
}

}  // namespace

std::string take_text(char* text) {
  std::string result(text ? text : "");
  duckdb_free(text);
  return result;
}

Result<Prepared> prepare(duckdb_connection connection, const std::string& sql) {
  Prepared statement;
  if (duckdb_prepare(connection, sql.c_str(), statement.out()) == DuckDBError)
    return error_of(duckdb_prepare_error(statement.get()));
  return statement;
}

Result<QueryResult> execute(const Prepared& statement, std::span<const Parameter> parameters) {
  idx_t index = 0;
  for (const auto& parameter : parameters) {
    if (bind(statement.get(), ++index, parameter) == DuckDBError)
      return Error(Code::kInternal,
                   "statement has no parameter $" + std::to_string(index) + " of that type");
  }
  QueryResult result;
  if (duckdb_execute_prepared(statement.get(), &result.get()) == DuckDBError)
    return error_of(result.error());
  return result;
}

Result<int64_t> change(const Prepared& statement, std::initializer_list<Parameter> parameters) {
  TRY(auto result, execute(statement, parameters));
  return static_cast<int64_t>(duckdb_rows_changed(&result.get()));
}

Status run(duckdb_connection connection, const std::string& sql) {
  QueryResult result;
  if (duckdb_query(connection, sql.c_str(), &result.get()) == DuckDBError)
    return error_of(result.error());
  return {};
}

Status run(duckdb_connection connection, const std::string& sql,
           std::initializer_list<Parameter> parameters) {
  TRY(const auto statement, prepare(connection, sql));
  TRY_OK(execute(statement, parameters));
  return {};
}

Result<Rows> query(duckdb_connection connection, const std::string& sql,
                   std::initializer_list<Parameter> parameters) {
  TRY(const auto statement, prepare(connection, sql));
  TRY(auto result, execute(statement, parameters));
  return Rows(std::move(result));
}

bool Rows::next() {
  if (++row_ < rows_) return true;
  chunk_ = result_.fetch();
  row_ = 0;
  rows_ = chunk_ ? duckdb_data_chunk_get_size(chunk_.get()) : 0;
  return rows_ > 0;
}

bool Rows::is_null(idx_t column) const {
  auto* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_.get(), column));
  return validity && !duckdb_validity_row_is_valid(validity, row_);
}

int64_t Rows::integer(idx_t column) const {
  return is_null(column) ? 0 : value<int64_t>(column);
}

double Rows::number(idx_t column) const {
  return is_null(column) ? 0 : value<double>(column);
}

std::string Rows::text(idx_t column) const {
  return is_null(column) ? std::string() : std::string(view_of(value<duckdb_string_t>(column)));
}

std::string quoted_name(std::string_view name) {
  return with_doubled('"', name);
}

std::string quoted_text(std::string_view text) {
  return with_doubled('\'', text);
}

}  // namespace millrace::store
