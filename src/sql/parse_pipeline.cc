// CREATE, DROP, START and STOP PIPELINE, but for the LOAD DATA inside (parse_load_data.cc).
#include "sql/parse.h"

namespace millrace::sql {

Result<Statement> parse_create_pipeline(TokenReader& reader, const std::string& database,
                                        bool or_replace) {
  TRY_OK(check_utf8(reader));
  CreatePipeline result;
  TRY(result.existing, parse_existing(reader, or_replace));
  TRY(result.pipeline.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect("AS"));
  // What the pipeline names without a database is looked for beside the pipeline.
  TRY_OK(parse_load_data(reader, result.pipeline.name.database, result.pipeline, result.warnings));
  return result;
}

Result<Statement> parse_drop_pipeline(TokenReader& reader, const std::string& database) {
  DropPipeline result;
  result.absent = parse_absent(reader);
  TRY(result.name, reader.object_name("the pipeline's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_run_pipeline(TokenReader& reader, const std::string& database, Verb verb) {
  RunPipeline result;
  result.verb = verb;
  if (reader.accept({"ALL", "PIPELINES"})) {
    if (database.empty()) return no_database();
    result.all = true;
    result.name.database = database;
    TRY_OK(reader.expect_end());
    return result;
  }
  TRY_OK(reader.expect("PIPELINE"));
  const bool lenient = verb == Verb::kStart ? reader.accept({"IF", "NOT", "RUNNING"})
                                            : reader.accept({"IF", "RUNNING"});
  if (lenient) result.absent = engine::Absent::kIgnore;
  TRY(result.name, reader.object_name("the pipeline's name", database));
  if (reader.at("FOREGROUND")) return reader.unsupported("START PIPELINE ... FOREGROUND");
  TRY_OK(reader.expect_end());
  return result;
}

}  // namespace millrace::sql
