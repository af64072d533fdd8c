// LOAD DATA [LOCAL] INFILE: MySQL's statement, with the clauses that a pipeline of CSV has.
#include <array>

#include "sql/keywords.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

/// The clauses that mean something here, by their groups.
constexpr auto kClauses = std::to_array<std::string_view>(
    {"INTO", "FORMAT", "FIELDS", "LINES", "IGNORE LINES", "NULL DEFINED BY", "CHARACTER SET",
     "REPLACE, IGNORE or SKIP ... ERRORS", "SET", "WHERE", "ON DUPLICATE KEY UPDATE", kColumnList,
     kPathList});

}  // namespace

Result<Statement> parse_load(TokenReader& reader, const std::string& database) {
  if (reader.at("XML", 1)) return reader.unsupported("LOAD XML");
  if (!reader.at("DATA", 1)) return Native{};
  reader.seek(reader.index() + 2);
  LoadInfile result;
  if (!reader.accept("LOW_PRIORITY")) (void)reader.accept("CONCURRENT");
  result.local = reader.accept("LOCAL");
  for (const std::string_view source : {"KAFKA", "FS", "S3"}) {
    if (!result.local && reader.at(source))
      return reader.error_at(reader.position(), Code::kSyntax,
                             "LOAD DATA " + std::string(source) + " is part of a pipeline",
                             "CREATE PIPELINE name AS LOAD DATA " + std::string(source) + " ...");
  }
  TRY_OK(reader.expect("INFILE"));
  TRY(result.file, reader.string("the file's name in quotes"));
  CreatePipeline clauses;
  // IGNORE and SKIP ... ERRORS are about what would end it, which is what any bad row does.
  clauses.pipeline.stop_on_error = true;
  TRY_OK(parse_load_data(reader, database, LoadDataOf::kFile, clauses));
  for (const auto& clause : clauses.clauses) {
    if (is_one_of(clause, kClauses)) continue;
    return Error(Code::kSyntax, "clause " + clause + " belongs to a pipeline",
                 "CREATE PIPELINE has it; LOAD DATA INFILE fills a table once.");
  }
  if (clauses.pipeline.format != engine::FormatKind::kCsv)
    return reader.unsupported("LOAD DATA INFILE with FORMAT JSON or AVRO");
  result.load = std::move(clauses.pipeline);
  return result;
}

}  // namespace millrace::sql
