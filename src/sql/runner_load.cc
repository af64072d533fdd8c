// A Runner's LOAD DATA INFILE: all of the file or, when anything ends it, nothing of it.
#include <algorithm>

#include "sql/runner.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

constexpr size_t kWarningsShown = 64;

std::string info_of(const engine::LoadReport& report) {
  const auto part = [](std::string_view name, int64_t count) {
    return std::string(name) + ": " + std::to_string(count);
  };
  return part("Records", report.records) + part("  Deleted", report.deleted) +
         part("  Skipped", report.records - report.taken) +
         part("  Warnings", report.bad + report.taken_keys);
}

}  // namespace

Result<StatementResult> Runner::execute(const LoadInfile& statement) {
  const std::string& database = statement.load.table.database;
  if (is_system_schema(database))
    return Error(Code::kPermission, "database \"" + database + "\" is millrace's own");
  if (statement.local && client_files_ == nullptr)
    return Error(Code::kUnsupported, "LOAD DATA LOCAL needs a client of MySQL's protocol");
  if (statement.local && !host_.local_infile())
    return Error(
        Code::kPermission, "loading files of clients is switched off (local_infile)",
        "SET GLOBAL local_infile = ON, or start the server with --local-infile; the client "
        "has a switch of its own and must connect anew.");
  const bool own = autocommit() && !in_transaction();
  if (!in_transaction()) TRY_OK(run_quietly("BEGIN TRANSACTION"));
  auto loaded = load(statement);
  if (own) {
    // What went wrong first is what the user must hear.
    auto ended = run_quietly(loaded ? "COMMIT" : "ROLLBACK");
    if (loaded && !ended) return std::move(ended).error();
  }
  TRY(const engine::LoadReport report, std::move(loaded));
  for (const auto& warning : report.warnings) {
    if (warnings_.size() < kWarningsShown)
      warnings_.push_back({"Warning", facts(Code::kCorruptRow).mysql_errno, warning});
  }
  if (report.taken_keys > 0)
    warnings_.push_back({"Warning", facts(Code::kConstraint).mysql_errno,
                         std::to_string(report.taken_keys) +
                             " rows were left out because their key was there already"});
  StatementResult result = ok(report.taken + report.deleted);
  result.info = info_of(report);
  result.warnings =
      static_cast<uint16_t>(std::min<int64_t>(report.bad + report.taken_keys, UINT16_MAX));
  return result;
}

Result<engine::LoadReport> Runner::load(const LoadInfile& statement) {
  return engine_.load(
      statement.load, *session_, [&] { return open_input(statement); }, new_stop());
}

Result<std::unique_ptr<engine::LoadInput>> Runner::open_input(const LoadInfile& statement) {
  return statement.local ? client_files_->open(statement.file)
                         : engine::open_load_file(statement.file);
}

}  // namespace millrace::sql
