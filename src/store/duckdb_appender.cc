#include "store/duckdb_appender.h"

#include "store/duckdb_error.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

Error error_of_appender(duckdb_appender appender) {
  const ErrorData data(duckdb_appender_error_data(appender));
  return error_of(duckdb_error_data_message(data.get()));
}

/// A table that is not as it was does not fail by the values of rows.
Error as_altered(Error error) {
  if (is_of_rows(error)) error.code = Code::kNotFound;
  return error;
}

}  // namespace

Result<Appender> open_appender(duckdb_connection connection, const char* catalog,
                               const std::string& schema, const std::string& table,
                               const std::vector<std::string>& columns) {
  Appender appender;
  if (duckdb_appender_create_ext(connection, catalog, schema.c_str(), table.c_str(),
                                 appender.out()) == DuckDBError)
    return as_altered(error_of_appender(appender.get()));
  for (const auto& column : columns) {
    if (duckdb_appender_add_column(appender.get(), column.c_str()) == DuckDBError)
      return as_altered(error_of_appender(appender.get()));
  }
  return appender;
}

Status append_chunk(const Appender& appender, duckdb_data_chunk chunk) {
  if (duckdb_append_data_chunk(appender.get(), chunk) == DuckDBError)
    return error_of_appender(appender.get());
  return {};
}

Status finish(const Appender& appender) {
  if (duckdb_appender_flush(appender.get()) == DuckDBError)
    return error_of_appender(appender.get());
  return {};
}

Result<RowAppender> RowAppender::open(duckdb_connection connection, const std::string& schema,
                                      const std::string& table) {
  TRY(auto appender, open_appender(connection, kCatalog, schema, table, {}));
  return RowAppender(std::move(appender));
}

RowAppender& RowAppender::add(int64_t value) {
  note(duckdb_append_int64(appender_.get(), value));
  return *this;
}

RowAppender& RowAppender::add(std::string_view text) {
  note(duckdb_append_varchar_length(appender_.get(), text.data(), text.size()));
  return *this;
}

RowAppender& RowAppender::add(Bytes bytes) {
  note(duckdb_append_blob(appender_.get(), bytes.bytes.data(), bytes.bytes.size()));
  return *this;
}

RowAppender& RowAppender::add_time(int64_t micros) {
  note(duckdb_append_timestamp(appender_.get(), {micros}));
  return *this;
}

RowAppender& RowAppender::add_null() {
  note(duckdb_append_null(appender_.get()));
  return *this;
}

void RowAppender::end_row() {
  note(duckdb_appender_end_row(appender_.get()));
}

Status RowAppender::finish() {
  if (failed_) return error_of_appender(appender_.get());
  return store::finish(appender_);
}

}  // namespace millrace::store
