#include "store/duckdb_insert.h"

#include "store/duckdb_schema.h"

namespace millrace::store {

Result<std::unique_ptr<DuckdbInsert>> DuckdbInsert::open(
    duckdb_connection connection, std::shared_ptr<BatchSources> sources, const std::string& table,
    const std::vector<std::string>& columns, std::shared_ptr<const Schema> input,
    const std::vector<std::string>& expressions) {
  std::unique_ptr<DuckdbInsert> insert(new DuckdbInsert(std::move(sources)));
  insert->source_->schema = std::move(input);
  insert->scan_ = insert->sources_->add(insert->source_);
  std::string names, values;
  for (size_t i = 0; i < columns.size(); ++i) {
    names += (i > 0 ? ", " : "") + quoted_name(columns[i]);
    values += (i > 0 ? ", (" : "(") + expressions[i] + "\n)";
  }
  TRY(insert->statement_, prepare(connection, "INSERT INTO " + table + " (" + names + ") SELECT " +
                                                  values + " FROM " + insert->scan_ + " AS batch"));
  return insert;
}

Status DuckdbInsert::run(const Batch& batch) {
  source_->batch = &batch;
  source_->first = 0;
  source_->count = batch.rows();
  TRY(const int64_t rows, change(statement_, {}));
  CHECK(static_cast<size_t>(rows) == batch.rows(), "an INSERT takes all rows or fails");
  return {};
}

}  // namespace millrace::store
