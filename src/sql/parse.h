// The parser: one statement's tokens in, a Statement out. parse() looks at the first words and
// hands over to the parser of that family of statements (parse_model.cc, parse_pipeline.cc, ...).
// Names without a database get the current one. Nothing is checked against the world: that is the
// engine's and the store's. Pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "sql/statement.h"
#include "sql/token_reader.h"

namespace millrace::sql {

/// `database` is the current one, empty when there is none. Errors: kSyntax, kUnsupported,
/// kInvalidArgument, all with positions in the reader's text.
Result<Statement> parse(TokenReader& reader, const std::string& database);

// The families. Each begins behind the words that chose it.

/// CREATE [OR REPLACE] | MODEL ...; DROP | MODEL ...
Result<Statement> parse_create_model(TokenReader& reader, const std::string& database,
                                     bool or_replace);
Result<Statement> parse_drop_model(TokenReader& reader, const std::string& database);
/// TRAIN MODEL | m ON query; EVALUATE MODEL | m [VERSION v] ON query
Result<Statement> parse_train_model(TokenReader& reader, const std::string& database);
Result<Statement> parse_evaluate_model(TokenReader& reader, const std::string& database);
/// RESTORE MODEL | m TO VERSION v; ALTER MODEL | m SET name = value, ...; CHECK MODEL | m
Result<Statement> parse_export_model(TokenReader& reader, const std::string& database);
Result<Statement> parse_detach_pipeline(TokenReader& reader, const std::string& database);
Result<Statement> parse_restore_model(TokenReader& reader, const std::string& database);
Result<Statement> parse_alter_model(TokenReader& reader, const std::string& database);
Result<Statement> parse_check_model(TokenReader& reader, const std::string& database);
/// CREATE [OR REPLACE] | PIPELINE ...
Result<Statement> parse_create_pipeline(TokenReader& reader, const std::string& database,
                                        bool or_replace);
Result<Statement> parse_drop_pipeline(TokenReader& reader, const std::string& database);
/// START | STOP ... PIPELINE
Result<Statement> parse_run_pipeline(TokenReader& reader, const std::string& database, Verb verb);
/// ALTER | PIPELINE ..., TEST | PIPELINE ..., PROFILE | PIPELINE ..., EXTRACT | PIPELINE ...
Result<Statement> parse_alter_pipeline(TokenReader& reader, const std::string& database);
Result<Statement> parse_test_pipeline(TokenReader& reader, const std::string& database);
Result<Statement> parse_profile_pipeline(TokenReader& reader, const std::string& database);
/// RETRY | REJECTS FOR PIPELINE ...
Result<Statement> parse_retry_rejects(TokenReader& reader, const std::string& database);
Result<Statement> parse_extract_pipeline(TokenReader& reader, const std::string& database);
/// LOAD DATA ... to the end: the body of CREATE PIPELINE. Of a file: what stands behind its name.
/// Of a change: the clauses that stand here, where at_changed_clause() is true. Of a source: LOAD
/// DATA and where from, and no clause.
enum class LoadDataOf : uint8_t { kPipeline, kFile, kChange, kSource };
/// What a change's clauses have of a column list.
inline constexpr std::string_view kColumnList = "column list";
inline constexpr std::string_view kPathList = "column list with paths";
bool at_changed_clause(const TokenReader& reader);
Status parse_load_data(TokenReader& reader, const std::string& database, LoadDataOf of,
                       CreatePipeline& result);
/// LOAD DATA [LOCAL] INFILE ...
Result<Statement> parse_load(TokenReader& reader, const std::string& database);
/// | {FIELDS | COLUMNS} ..., | LINES ..., | NULL DEFINED BY ... of LOAD DATA
Status parse_csv_fields(TokenReader& reader, decode::CsvFormat& csv);
Status parse_csv_lines(TokenReader& reader, decode::CsvFormat& csv);
Status parse_csv_null(TokenReader& reader, decode::CsvFormat& csv);
/// ('uri', 'program', 'arguments')
Result<transform::ProgramSource> parse_transform(TokenReader& reader);
/// Behind `<-` of an entry of the column list: a path, and its DEFAULT.
Status parse_path(TokenReader& reader, engine::FieldDefinition& field);
/// CREATE | ... TABLE ...
Result<Statement> parse_create_table(TokenReader& reader, const std::string& database);
Result<Statement> parse_show(TokenReader& reader, const std::string& database);
/// DESCRIBE | ..., also DESC and EXPLAIN
Result<Statement> parse_describe(TokenReader& reader, const std::string& database);
Result<Statement> parse_set(TokenReader& reader);
/// CREATE USER | ..., ALTER USER | ..., DROP USER | ...; | GRANT ..., | REVOKE ...
Result<Statement> parse_create_user(TokenReader& reader);
Result<Statement> parse_alter_user(TokenReader& reader);
Result<Statement> parse_drop_user(TokenReader& reader);
Result<Statement> parse_grant(TokenReader& reader, const std::string& database);
/// CREATE TOKEN | ..., DROP TOKEN | ...
Result<Statement> parse_create_token(TokenReader& reader);
Result<Statement> parse_drop_token(TokenReader& reader);
Result<Statement> parse_set_password(TokenReader& reader);
Status parse_show_grants(TokenReader& reader, Show& show);
Result<Statement> parse_kill(TokenReader& reader);

/// An expression from the reader's place to the token that `ends` it at the outermost level, which
/// is left there. Errors: kSyntax when it is empty or its parentheses do not match.
enum class ExpressionOf : uint8_t { kRow, kDuplicate };  // kDuplicate: of ON DUPLICATE KEY UPDATE
Result<engine::Expression> parse_expression(TokenReader& reader, bool (*ends)(const TokenReader&),
                                            ExpressionOf of = ExpressionOf::kRow);

/// A model's or pipeline's call: LinearClassifier(label => match, ...).
Result<Argument> parse_call(TokenReader& reader);
/// An argument's value: a word, a literal, a list or a call.
Result<Argument> parse_argument(TokenReader& reader);

/// What becomes a definition is kept as JSON, which is UTF-8.
Status check_utf8(const TokenReader& reader);

/// [IF NOT EXISTS] behind CREATE [OR REPLACE] kind; both together are an error.
Result<engine::Existing> parse_existing(TokenReader& reader, bool or_replace);
/// [IF EXISTS]
engine::Absent parse_absent(TokenReader& reader);

}  // namespace millrace::sql
