// DuckDB's C handles as owned values, and the two ways of asking it something: run() for a
// statement without an answer, query() for one with rows. Private to the store's duckdb_*.cc files,
// the only ones that see duckdb.h. Every failure comes back as our Error (duckdb_error.h); nothing
// here throws. A handle belongs to one thread; a connection too.
#pragma once

#include <duckdb.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millrace::store {

template <class H, void (*kDestroy)(H*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(H handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_) kDestroy(&handle_);
  }

  H get() const { return handle_; }
  /// For functions that make the handle; frees the one that was here.
  H* out() {
    if (handle_) kDestroy(&handle_);
    handle_ = nullptr;
    return &handle_;
  }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  H handle_ = nullptr;
};

inline void destroy_appender(duckdb_appender* appender) {
  // What is not flushed by now belongs to a transaction that was given up.
  (void)duckdb_appender_clear(*appender);
  (void)duckdb_appender_destroy(appender);
}

using Connection = Handle<duckdb_connection, duckdb_disconnect>;
using Config = Handle<duckdb_config, duckdb_destroy_config>;
using LogicalType = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DataChunk = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using Prepared = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Extracted = Handle<duckdb_extracted_statements, duckdb_destroy_extracted>;
using Appender = Handle<duckdb_appender, destroy_appender>;
using ErrorData = Handle<duckdb_error_data, duckdb_destroy_error_data>;
using DuckValue = Handle<duckdb_value, duckdb_destroy_value>;
using Expression = Handle<duckdb_expression, duckdb_destroy_expression>;
using ClientContext = Handle<duckdb_client_context, duckdb_destroy_client_context>;
using TableFunction = Handle<duckdb_table_function, duckdb_destroy_table_function>;
using CastFunction = Handle<duckdb_cast_function, duckdb_destroy_cast_function>;
using ScalarFunction = Handle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

/// Frees a T that DuckDB was given to keep: duckdb_delete_callback_t.
template <class T>
void destroy(void* data) {
  const std::unique_ptr<T> owned(static_cast<T*>(data));
}

/// Text that DuckDB allocated.
std::string take_text(char* text);

class QueryResult {
 public:
  QueryResult() = default;
  QueryResult(QueryResult&& other) noexcept
      : result_(std::exchange(other.result_, duckdb_result{})) {}
  QueryResult& operator=(QueryResult&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  ~QueryResult() { duckdb_destroy_result(&result_); }

  duckdb_result& get() { return result_; }
  const char* error() { return duckdb_result_error(&result_); }
  /// The next rows; empty at the end or when the query failed (error() says).
  DataChunk fetch() { return DataChunk(duckdb_fetch_chunk(result_)); }

 private:
  duckdb_result result_{};
};

/// A parameter of a prepared statement.
struct Bytes {
  std::string_view bytes;
};
using Parameter = std::variant<std::monostate, int64_t, double, std::string_view, Bytes>;

Result<Prepared> prepare(duckdb_connection connection, const std::string& sql);
Result<QueryResult> execute(const Prepared& statement, std::span<const Parameter> parameters);
inline Result<QueryResult> execute(const Prepared& statement,
                                   std::initializer_list<Parameter> parameters = {}) {
  return execute(statement, std::span(parameters.begin(), parameters.size()));
}
/// How many rows an INSERT, UPDATE or DELETE changed.
Result<int64_t> change(const Prepared& statement, std::initializer_list<Parameter> parameters);
Status run(duckdb_connection connection, const std::string& sql);
/// `sql` with $1.. bound to `parameters`.
Status run(duckdb_connection connection, const std::string& sql,
           std::initializer_list<Parameter> parameters);

/// The rows of a small result, read one by one. Columns must be BIGINT, DOUBLE, VARCHAR or BLOB.
class Rows {
 public:
  explicit Rows(QueryResult result) : result_(std::move(result)) {}

  bool next();
  bool is_null(idx_t column) const;
  int64_t integer(idx_t column) const;
  double number(idx_t column) const;
  std::string text(idx_t column) const;

 private:
  template <class T>
  const T& value(idx_t column) const {
    return static_cast<const T*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_.get(), column)))[row_];
  }

  QueryResult result_;
  DataChunk chunk_;
  idx_t row_ = 0;
  idx_t rows_ = 0;
};

Result<Rows> query(duckdb_connection connection, const std::string& sql,
                   std::initializer_list<Parameter> parameters = {});

/// The bytes of a string in a vector; they stay where the vector keeps them.
inline std::string_view view_of(const duckdb_string_t& text) {
  const uint32_t length = text.value.inlined.length;
  return {length <= 12 ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

/// `name` quoted as an SQL identifier, and `text` as an SQL string.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);

}  // namespace millrace::store
