// What a session does with the statements about pipelines: it hands them to the engine.
#include <algorithm>

#include "sql/print.h"
#include "sql/runner.h"
#include "sql/system_schema.h"

namespace millrace::sql {

void Runner::interrupt() {
  session_->interrupt();
  Lock lock(stop_mutex_);
  stop_.request_stop();
}

std::stop_token Runner::new_stop() {
  Lock lock(stop_mutex_);
  stop_ = std::stop_source();
  return stop_.get_token();
}

PipelineDefaults Runner::pipeline_defaults() const {
  using engine::EngineVariable;
  return {engine_.variable(EngineVariable::kBatchInterval),
          engine_.variable(EngineVariable::kOffsetsPerBatch),
          engine_.variable(EngineVariable::kStopOnError) != 0};
}

/// What the statement does not say is as SET GLOBAL has it now.
engine::PipelineDefinition Runner::with_defaults(const CreatePipeline& statement) const {
  engine::PipelineDefinition pipeline = statement.pipeline;
  const auto unsaid = [&](std::string_view clause) {
    const auto& clauses = statement.clauses;
    return std::find(clauses.begin(), clauses.end(), clause) == clauses.end();
  };
  const auto defaults = pipeline_defaults();
  if (unsaid("BATCH_INTERVAL")) pipeline.batch_interval_ms = defaults.batch_interval_ms;
  if (unsaid("MAX_OFFSETS_PER_BATCH_PARTITION"))
    pipeline.offsets_per_partition_max = defaults.offsets_per_partition_max;
  if (unsaid("STOP_ON_ERROR")) pipeline.stop_on_error = defaults.stop_on_error;
  pipeline.creator = info_.user;
  return pipeline;
}

Result<StatementResult> Runner::execute(const CreatePipeline& statement) {
  if (is_system_schema(statement.pipeline.table.database)) {
    return Error(Code::kPermission, "cannot write to \"" + statement.pipeline.table.name +
                                        "\": schema \"" + statement.pipeline.table.database +
                                        "\" is read only");
  }
  TRY_OK(commit_open());
  for (const auto& warning : statement.warnings) warn(warning);
  // Positions of arguments are those of another statement, CREATE MODEL.
  auto created = engine_.create_pipeline(with_defaults(statement), statement.existing);
  if (!created) return placeless(created.error());
  return ok();
}

Result<StatementResult> Runner::execute(const DropPipeline& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.drop_pipeline(statement.name, statement.absent));
  return ok();
}

Result<StatementResult> Runner::execute(const ShowCreatePipeline& statement) {
  TRY(const auto pipeline, engine_.pipeline(statement.name));
  Rows result;
  result.add_column("Pipeline");
  result.add_column("Create Pipeline");
  result.rows.push_back({pipeline.name.name, print(pipeline, pipeline_defaults())});
  return rows(std::move(result));
}

Result<StatementResult> Runner::execute(const RunPipeline& statement) {
  TRY_OK(commit_open());
  const bool start = statement.verb == Verb::kStart;
  if (statement.all) {
    auto done = start ? engine_.start_all(statement.name.database)
                      : engine_.stop_all(statement.name.database);
    if (!done) return placeless(done.error());
    return ok();
  }
  if (statement.foreground) {
    auto report = engine_.run_pipeline(statement.name, statement.batches_max, new_stop());
    if (!report) return placeless(report.error());
    return ok(report->rows);
  }
  auto done = start ? engine_.start_pipeline(statement.name, statement.absent)
                    : engine_.stop_pipeline(statement.name, statement.absent);
  if (!done) return placeless(done.error());
  return ok();
}

Result<StatementResult> Runner::execute(const DetachPipeline& statement) {
  TRY_OK(commit_open());
  TRY_OK(engine_.detach_pipeline(statement.name));
  return ok();
}

Result<StatementResult> Runner::execute(const AlterPipeline& statement) {
  TRY_OK(commit_open());
  for (const auto& warning : statement.warnings) warn(warning);
  auto done = engine_.alter_pipeline(statement.name, statement.change);
  if (!done) return placeless(done.error());
  return ok();
}

Result<StatementResult> Runner::execute(const TestPipeline& statement) {
  auto report = engine_.test_pipeline(statement.name, statement.limit, new_stop());
  if (!report) return placeless(report.error());
  for (const auto& reject : report->rejects) warn(reject);
  if (!report->said.empty()) warn("the transform wrote to stderr: " + report->said);
  return rows(rows_of(report->rows));
}

/// One batch, worked as ever, and where its time went.
Result<StatementResult> Runner::execute(const ProfilePipeline& statement) {
  TRY_OK(commit_open());
  auto report = engine_.run_pipeline(statement.name, 1, new_stop());
  if (!report) return placeless(report.error());
  Rows result;
  result.add_column("step");
  for (const std::string_view name : {"microseconds", "messages", "rows", "rejects"})
    result.add_column(std::string(name), store::SqlType::kBigint);
  for (const auto& [step, micros] : report->steps)
    result.rows.push_back({step, std::to_string(micros), std::to_string(report->messages),
                           std::to_string(report->rows), std::to_string(report->rejects)});
  return rows(std::move(result));
}

Result<StatementResult> Runner::execute(const ExtractPipeline& statement) {
  auto count =
      engine_.extract_pipeline(statement.name, statement.offsets, statement.file, new_stop());
  if (!count) return placeless(count.error());
  return ok(*count);
}

Result<StatementResult> Runner::execute(const RetryRejects& statement) {
  TRY_OK(commit_open());
  auto report = engine_.retry_rejects(statement.name, new_stop());
  if (!report) return placeless(report.error());
  Rows result;
  for (const std::string_view name : {"messages", "rows", "rejects"})
    result.add_column(std::string(name), store::SqlType::kBigint);
  result.rows.push_back({std::to_string(report->messages), std::to_string(report->rows),
                         std::to_string(report->rejects)});
  return rows(std::move(result));
}

}  // namespace millrace::sql
