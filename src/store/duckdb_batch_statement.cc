#include "store/duckdb_batch_statement.h"

namespace millrace::store {

Result<std::unique_ptr<BatchStatement>> BatchStatement::open(duckdb_connection connection,
                                                             std::shared_ptr<BatchSources> sources,
                                                             std::shared_ptr<const Schema> schema,
                                                             const Sql& sql) {
  std::unique_ptr<BatchStatement> statement(new BatchStatement(std::move(sources)));
  statement->source_->schema = std::move(schema);
  statement->scan_ = statement->sources_->add(statement->source_);
  TRY(statement->statement_, prepare(connection, sql(statement->scan_)));
  return statement;
}

Result<int64_t> BatchStatement::run(const Batch& batch) {
  source_->batch = &batch;
  source_->first = 0;
  source_->count = batch.rows();
  return change(statement_, {});
}

BatchStatement::Sql insert_into(const std::string& table, const std::vector<std::string>& columns,
                                const std::vector<std::string>& expressions) {
  std::string names, values;
  for (size_t i = 0; i < columns.size(); ++i) {
    names += (i > 0 ? ", " : "") + quoted_name(columns[i]);
    values += (i > 0 ? ", (" : "(") + expressions[i] + "\n)";
  }
  return [=](const std::string& rows) {
    return "INSERT INTO " + table + " (" + names + ") SELECT " + values + " FROM " + rows +
           " AS batch";
  };
}

}  // namespace millrace::store
