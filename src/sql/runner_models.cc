// The statements about models: their definitions, and their lives.
#include <algorithm>
#include <cmath>

#include "data/row_builder.h"
#include "sql/print.h"
#include "sql/runner.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

/// One row: the head's metrics under TensorFlow's names, then what evaluate() adds, and ours. Of no
/// rows there are no metrics.
Rows row_of(const engine::RowsReport& report) {
  std::vector<Field> fields;
  std::vector<Value> values;
  for (const auto& [name, value] : report.metrics) {
    fields.push_back({name, {Kind::kDouble}});
    auto& kept = values.emplace_back();
    if (report.examples > 0 && std::isfinite(value)) kept = value;
  }
  const auto add = [&](const char* name, int64_t value) {
    fields.push_back({name, {Kind::kInt64}});
    values.emplace_back(value);
  };
  add("global_step", report.global_step);
  add("examples", report.examples);
  add("model_version", report.version);
  RowBuilder rows(std::make_shared<Schema>(std::move(fields)));
  rows.add(std::move(values));
  return rows_of(rows.build());
}

}  // namespace

Result<StatementResult> Runner::execute(const CreateModel& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.create_model(statement.model, statement.existing));
  return ok();
}

Result<StatementResult> Runner::execute(const DropModel& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.drop_model(statement.name, statement.absent));
  return ok();
}

Result<StatementResult> Runner::execute(const DescribeModel& statement) {
  TRY(const Batch batch, engine_.describe_model(statement.name));
  return rows(rows_of(batch));
}

Result<StatementResult> Runner::execute(const ShowCreateModel& statement) {
  TRY(const auto model, engine_.model(statement.name));
  Rows result;
  result.add_column("Model");
  result.add_column("Create Model");
  result.rows.push_back({model.name.name, print(model)});
  return rows(std::move(result));
}

/// Runs the query at `first`.
Result<std::unique_ptr<store::RowStream>> Runner::query_at(size_t first) {
  const auto query = tokens_.subspan(first);
  TRY_OK(check_writes(text_, query, lex_options(), database_));
  TRY(const Translation translation, translate(text_, query, translate_options(false)));
  TRY_OK(check_query(translation.sql, NativeKind::kQuery));
  auto stream = session_->query(translation.sql);
  if (stream) return stream;
  Error error = std::move(stream).error();
  if (error.position >= 0) error.position = translation.position_of(error.position);
  return error;
}

/// Runs the query at `first`, and gives its rows to `use`.
template <class Use>
Result<engine::RowsReport> Runner::on_rows(size_t first, Use use) {
  TRY(auto stream, with_numbers([&] { return query_at(first); }));
  // Positions of what else fails are those of another statement, CREATE MODEL.
  auto report = use(*stream);
  if (!report) return placeless(report.error());
  if (report->refused > 0)
    warn(std::to_string(report->refused) + " of " +
         std::to_string(report->refused + report->examples) + " rows were left out");
  for (const auto& refusal : report->refusals) warn(refusal);
  return report;
}

/// What it learns is committed at once, so that what came before must be.
Result<StatementResult> Runner::execute(const TrainModel& statement) {
  TRY_OK(commit_open());
  TRY(const auto report, on_rows(statement.query, [&](store::RowStream& stream) {
        return engine_.train_model(statement.name, stream, std::string(text_));
      }));
  return rows(row_of(report));
}

Result<StatementResult> Runner::execute(const EvaluateModel& statement) {
  TRY_OK(begin_unless_autocommit());
  TRY(const auto report, on_rows(statement.query, [&](store::RowStream& stream) {
        return engine_.evaluate_model(statement.name, statement.version, stream);
      }));
  return rows(row_of(report));
}

Result<StatementResult> Runner::execute(const RestoreModel& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.restore_model(statement.name, statement.version, std::string(text_)));
  return ok();
}

/// The version that was written.
Result<StatementResult> Runner::execute(const ExportModel& statement) {
  TRY(const int64_t version,
      engine_.export_model(statement.name, statement.version, statement.file));
  Rows result;
  result.add_column("model_version", store::SqlType::kBigint);
  result.rows.push_back({std::to_string(version)});
  return rows(std::move(result));
}

Result<StatementResult> Runner::execute(const AlterModel& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.alter_model(statement.name, statement.settings, std::string(text_)));
  return ok();
}

Result<StatementResult> Runner::execute(const CheckModel& statement) {
  TRY(const Batch batch, engine_.check_model(statement.name, new_stop()));
  return rows(rows_of(batch));
}

}  // namespace millrace::sql
