#include "store/duckdb_batch_query.h"

#include <algorithm>

#include "data/schema.h"
#include "store/duckdb_connection.h"
#include "store/duckdb_error.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {

constexpr size_t kDetailBytesMax = 1000;

std::string detail_of(const Error& error) {
  std::string detail = error.message;
  if (detail.size() <= kDetailBytesMax) return detail;
  size_t end = kDetailBytesMax;
  while (end > 0 && (static_cast<uint8_t>(detail[end]) & 0xC0) == 0x80) --end;  // whole characters
  detail.resize(end);
  return detail + "...";
}

Result<std::unique_ptr<BatchQuery>> BatchQuery::open(duckdb_database database,
                                                     std::shared_ptr<BatchSources> sources,
                                                     std::string_view names_in,
                                                     std::shared_ptr<const Schema> input,
                                                     std::vector<Assignment> columns,
                                                     std::string where, size_t failures_max) {
  auto query = std::unique_ptr<BatchQuery>(new BatchQuery());
  TRY(query->connection_, open_connection(database, names_in));
  query->sources_ = std::move(sources);
  query->source_ = std::make_shared<BatchSource>();
  query->source_->schema = std::move(input);
  query->scan_ = query->sources_->add(query->source_);
  query->columns_ = std::move(columns);
  query->where_ = std::move(where);
  query->failures_max_ = failures_max;
  TRY_OK(query->prepare_query());
  TRY(query->reads_tables_, query->may_read_tables());
  return query;
}

/// A subquery has one of these words, or is inside of a user's macro. A word too many costs a plan.
Result<bool> BatchQuery::may_read_tables() const {
  std::string text = to_lower(where_);
  for (const auto& column : columns_) text += " " + to_lower(column.expression);
  for (const std::string_view word : {"from", "table", "values"})
    if (text.find(word) != std::string::npos) return true;
  TRY(auto macros, query(connection_.get(),
                         "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE NOT "
                         "internal AND function_type = 'macro' AND schema_name <> $1",
                         {std::string_view(kInternalSchema)}));
  while (macros.next())
    if (text.find(macros.text(0)) != std::string::npos) return true;
  return false;
}

Result<QueryResult> BatchQuery::execute_anew() {
  if (!reads_tables_) return execute(statement_);
  TRY(auto transaction, Transaction::begin(connection_.get()));
  std::vector<LogicalType> types;
  for (size_t i = 0; i < columns_.size(); ++i) types.push_back(type(i));
  TRY_OK(prepare_query());
  for (size_t i = 0; i < types.size(); ++i) {
    if (duckdb_get_type_id(types[i].get()) != duckdb_get_type_id(type(i).get()))
      return Error(Code::kConflict, "what an expression reads has got another type");
  }
  TRY(auto result, execute(statement_));
  TRY_OK(transaction.commit());
  return result;
}

BatchQuery::~BatchQuery() {
  if (!scan_.empty()) sources_->remove(scan_);
}

Status BatchQuery::prepare_query() {
  std::string sql = "SELECT ";
  for (const auto& column : columns_) sql += "(" + column.expression + "\n), ";
  sql += quoted_name(kRowColumn) + " FROM " + scan_ + " AS batch";
  if (!where_.empty()) sql += " WHERE (" + where_ + "\n)";
  if (sorted_) sql += " ORDER BY " + quoted_name(kRowColumn);
  TRY(statement_, prepare(connection_.get(), sql));
  return {};
}

LogicalType BatchQuery::type(size_t i) const {
  return LogicalType(duckdb_prepared_statement_column_logical_type(statement_.get(), i));
}

Result<BatchRows> BatchQuery::run(const Batch& batch, std::vector<RowFailure>& failures) {
  BatchRows rows;
  if (batch.rows() == 0) return rows;
  source_->batch = &batch;
  const size_t failures_before = failures.size();
  TRY_OK(run_range(0, batch.rows(), rows, failures));
  if (std::is_sorted(rows.row_of.begin(), rows.row_of.end())) return rows;
  sorted_ = true;
  TRY_OK(prepare_query());
  failures.resize(failures_before);
  rows = BatchRows();
  TRY_OK(run_range(0, batch.rows(), rows, failures));
  return rows;
}

Status BatchQuery::run_range(size_t first, size_t count, BatchRows& rows,
                             std::vector<RowFailure>& failures) {
  if (failures.size() >= failures_max_) return {};
  source_->first = first;
  source_->count = count;
  auto result = execute_anew();
  if (result) return take_result(std::move(*result), rows);
  if (!is_of_rows(result.error())) return std::move(result).error();
  if (count == 1) {
    failures.push_back(
        {static_cast<uint32_t>(first), RejectReason::kExpression, detail_of_row(result.error())});
    return {};
  }
  const size_t half = count / 2;
  TRY_OK(run_range(first, half, rows, failures));
  return run_range(first + half, count - half, rows, failures);
}

/// Whether a column, or WHERE, which is counted behind them, fails alone.
bool BatchQuery::fails_alone(size_t part) {
  auto& alone = alone_[part];
  if (!alone) {
    const auto& expression = part < columns_.size() ? columns_[part].expression : where_;
    auto prepared =
        prepare(connection_.get(), "SELECT (" + expression + "\n) FROM " + scan_ + " AS batch");
    if (!prepared) return false;
    alone = std::move(*prepared);
  }
  return !execute(alone);
}

/// What failed last is likely what fails now. What reads tables would have to be planned anew.
std::string BatchQuery::detail_of_row(const Error& error) {
  if (reads_tables_) return detail_of(error);
  const size_t parts = columns_.size() + (where_.empty() ? 0 : 1);
  if (suspect_ >= parts || !fails_alone(suspect_)) {
    suspect_ = 0;
    while (suspect_ < parts && !fails_alone(suspect_)) ++suspect_;
  }
  if (suspect_ == parts) return detail_of(error);
  const bool is_where = suspect_ == columns_.size();
  return detail_of(
      Error(error).within(is_where ? "WHERE" : "column \"" + columns_[suspect_].column + "\""));
}

Status BatchQuery::take_result(QueryResult result, BatchRows& rows) {
  for (;;) {
    auto chunk = result.fetch();
    const idx_t count = chunk ? duckdb_data_chunk_get_size(chunk.get()) : 0;
    if (count == 0) break;
    auto* numbers = duckdb_data_chunk_get_vector(chunk.get(), columns_.size());
    const auto* row = static_cast<const uint32_t*>(duckdb_vector_get_data(numbers));
    rows.row_of.insert(rows.row_of.end(), row, row + count);
    rows.chunks.push_back(std::move(chunk));
  }
  rows.results.push_back(std::move(result));
  return {};
}

}  // namespace millrace::store
