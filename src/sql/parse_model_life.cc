// TRAIN MODEL ... ON, EVALUATE MODEL ... ON, RESTORE, ALTER and CHECK MODEL.
#include <array>
#include <limits>

#include "sql/parse.h"

namespace millrace::sql {
namespace {

constexpr int64_t kVersionMax = std::numeric_limits<int64_t>::max() - 1;

Result<engine::ObjectName> model_name(TokenReader& reader, const std::string& database) {
  return reader.object_name("the model's name", database);
}

/// ON and a query, which the store reads: only its first word is looked at here.
Result<size_t> parse_query(TokenReader& reader) {
  constexpr auto kQueries =
      std::to_array<std::string_view>({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "("});
  TRY_OK(reader.expect("ON"));
  for (const auto word : kQueries) {
    if (reader.at(word)) return reader.index();
  }
  Error error = reader.error("SELECT", {"SELECT", "WITH"});
  if (error.hint.empty()) error.hint = "Write ON SELECT ... FROM ...";
  return error;
}

/// learning_rate, or linear_optimizer.learning_rate; then = value.
Result<engine::ModelSetting> parse_setting(TokenReader& reader) {
  engine::ModelSetting setting;
  TRY(setting.name, reader.name("a setting"));
  if (reader.accept(".")) {
    TRY(const auto of, reader.name("a setting"));
    setting.name += "." + of;
  }
  if (!reader.accept("=>")) TRY_OK(reader.expect("="));
  TRY(setting.value, parse_argument(reader));
  return setting;
}

}  // namespace

Result<Statement> parse_train_model(TokenReader& reader, const std::string& database) {
  TRY_OK(check_utf8(reader));
  TrainModel result;
  TRY(result.name, model_name(reader, database));
  TRY(result.query, parse_query(reader));
  return result;
}

Result<Statement> parse_evaluate_model(TokenReader& reader, const std::string& database) {
  EvaluateModel result;
  TRY(result.name, model_name(reader, database));
  if (reader.accept("VERSION")) {
    TRY(result.version, reader.integer("the version", 0, kVersionMax));
  }
  TRY(result.query, parse_query(reader));
  return result;
}

/// EXPORT MODEL m [VERSION v] INTO OUTFILE 'file'
Result<Statement> parse_export_model(TokenReader& reader, const std::string& database) {
  ExportModel result;
  TRY(result.name, model_name(reader, database));
  if (reader.accept("VERSION")) {
    TRY(result.version, reader.integer("the version", 0, kVersionMax));
  }
  if (reader.at("TO")) return reader.unsupported("EXPORT MODEL ... TO");
  TRY_OK(reader.expect({"INTO", "OUTFILE"}));
  TRY(result.file, reader.string("the file's name"));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_restore_model(TokenReader& reader, const std::string& database) {
  TRY_OK(check_utf8(reader));
  RestoreModel result;
  TRY(result.name, model_name(reader, database));
  TRY_OK(reader.expect({"TO", "VERSION"}));
  TRY(result.version, reader.integer("the version", 0, kVersionMax));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_alter_model(TokenReader& reader, const std::string& database) {
  TRY_OK(check_utf8(reader));
  AlterModel result;
  TRY(result.name, model_name(reader, database));
  TRY_OK(reader.expect("SET"));
  do {
    TRY(auto setting, parse_setting(reader));
    result.settings.push_back(std::move(setting));
  } while (reader.accept(","));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_check_model(TokenReader& reader, const std::string& database) {
  CheckModel result;
  TRY(result.name, model_name(reader, database));
  TRY_OK(reader.expect_end());
  return result;
}

}  // namespace millrace::sql
