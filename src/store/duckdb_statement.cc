#include "store/duckdb_statement.h"

#include <string_view>

#include "store/duckdb_text_type.h"

namespace millrace::store {
namespace {

/// Whether the statement's columns are rows for the client: those of a change say its count, unless
/// it has RETURNING; those of any other statement say nothing.
bool shows_rows(duckdb_prepared_statement statement) {
  switch (duckdb_prepared_statement_type(statement)) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_RELATION:
      return true;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE:
    case DUCKDB_STATEMENT_TYPE_MERGE_INTO: {
      if (duckdb_prepared_statement_column_count(statement) != 1) return true;
      const std::string name =
          take_text(const_cast<char*>(duckdb_prepared_statement_column_name(statement, 0)));
      return name != "Count" && name != "unknown";
    }
    default:
      return false;
  }
}

}  // namespace

Status DuckdbStatement::describe(Prepared prepared) {
  prepared_ = std::move(prepared);
  parameters_.clear();
  auto* statement = prepared_.get();
  for (idx_t i = 1; i <= duckdb_nparams(statement); ++i) {
    const LogicalType type(duckdb_param_logical_type(statement, i));
    const auto text = type ? TextType::of(type.get()) : Result<TextType>(TextType{});
    const bool known = text && text->type != DUCKDB_TYPE_INVALID;
    parameters_.push_back(known ? text->sql_type() : SqlType::kNull);
  }
  columns_.emplace();
  if (!shows_rows(statement)) return {};
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(statement); ++i) {
    if (duckdb_prepared_statement_column_type(statement, i) == DUCKDB_TYPE_INVALID) {
      columns_.reset();
      return {};
    }
    const std::string name =
        take_text(const_cast<char*>(duckdb_prepared_statement_column_name(statement, i)));
    const LogicalType type(duckdb_prepared_statement_column_logical_type(statement, i));
    auto text = TextType::of(type.get());
    if (!text) return std::move(text).error().within("column \"" + name + "\"");
    columns_->push_back({name, text->sql_type(), text->width, text->scale});
  }
  return {};
}

}  // namespace millrace::store
