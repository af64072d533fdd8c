#include "sql/parse.h"

#include <array>

#include "data/schema.h"
#include "sql/keywords.h"

namespace millrace::sql {
namespace {

using Parser = Result<Statement> (*)(TokenReader&, const std::string&);

Result<std::string> database_name(TokenReader& reader) {
  return reader.name("the database's name");
}

/// [DEFAULT] CHARACTER SET [=] x, COLLATE [=] y...: there is one, UTF-8 by bytes.
Status database_options(TokenReader& reader) {
  while (!reader.done()) {
    (void)reader.accept("DEFAULT");
    const bool option = reader.accept({"CHARACTER", "SET"}) || reader.accept("CHARSET") ||
                        reader.accept("COLLATE") || reader.accept("ENCRYPTION") ||
                        reader.accept("PARTITIONS");
    if (!option) {
      return reader.error("a database option or the end of the statement",
                          {"CHARACTER", "CHARSET", "COLLATE"});
    }
    (void)reader.accept("=");
    if (reader.done() || reader.peek().kind == TokenKind::kOperator) return reader.error("a value");
    reader.skip();
  }
  return {};
}

Result<Statement> create_database(TokenReader& reader, const std::string&) {
  CreateDatabase result;
  result.if_not_exists = reader.accept({"IF", "NOT", "EXISTS"});
  TRY(result.name, database_name(reader));
  TRY_OK(database_options(reader));
  return result;
}

Result<Statement> drop_database(TokenReader& reader, const std::string&) {
  DropDatabase result;
  result.if_exists = reader.accept({"IF", "EXISTS"});
  TRY(result.name, database_name(reader));
  TRY_OK(reader.expect_end());
  return result;
}

bool accept_database(TokenReader& reader) {
  return reader.accept("DATABASE") || reader.accept("SCHEMA");
}

Error roles_unsupported(const TokenReader& reader) {
  Error error = reader.unsupported("a role");
  error.hint = "GRANT gives rights to users.";
  return error;
}

Result<Statement> parse_create(TokenReader& reader, const std::string& database) {
  const size_t begin = reader.index();
  reader.skip();
  const bool or_replace = reader.accept({"OR", "REPLACE"});
  if (reader.accept("MODEL")) return parse_create_model(reader, database, or_replace);
  if (reader.accept({"AGGREGATOR", "PIPELINE"})) {
    TRY(auto statement, parse_create_pipeline(reader, database, or_replace));
    std::get<CreatePipeline>(statement).warnings.emplace_back(
        "AGGREGATOR has no effect in millrace");
    return statement;
  }
  if (reader.accept("PIPELINE")) return parse_create_pipeline(reader, database, or_replace);
  if (accept_database(reader)) {
    if (or_replace) return reader.unsupported("CREATE OR REPLACE DATABASE");
    return create_database(reader, database);
  }
  if (reader.accept("USER")) return parse_create_user(reader);
  if (reader.accept("TOKEN")) return parse_create_token(reader);
  if (reader.at("ROLE")) return roles_unsupported(reader);
  for (const std::string_view kind : {"PROCEDURE", "TRIGGER", "EVENT", "SERVER"}) {
    if (reader.at(kind)) return reader.unsupported("CREATE " + std::string(kind));
  }
  reader.seek(begin);
  return parse_create_table(reader, database);
}

Result<Statement> parse_drop(TokenReader& reader, const std::string& database) {
  reader.skip();
  if (reader.accept("MODEL")) return parse_drop_model(reader, database);
  if (reader.accept("PIPELINE")) return parse_drop_pipeline(reader, database);
  if (accept_database(reader)) return drop_database(reader, database);
  if (reader.accept("USER")) return parse_drop_user(reader);
  if (reader.accept("TOKEN")) return parse_drop_token(reader);
  if (reader.at("ROLE")) return roles_unsupported(reader);
  return Native{};
}

Result<Statement> parse_alter(TokenReader& reader, const std::string& database) {
  reader.skip();
  if (reader.accept("PIPELINE")) return parse_alter_pipeline(reader, database);
  if (reader.accept("USER")) return parse_alter_user(reader);
  if (reader.accept("MODEL")) return parse_alter_model(reader, database);
  if (accept_database(reader)) {
    if (is_name(reader.peek()) && !reader.at("CHARACTER")) reader.skip();
    TRY_OK(database_options(reader));
    return Ignored{};
  }
  return Native{};
}

/// START TRANSACTION ..., START PIPELINE
Result<Statement> parse_start(TokenReader& reader, const std::string& database) {
  reader.skip();
  if (reader.accept("TRANSACTION")) {
    do {  // every transaction reads one snapshot
      (void)(reader.accept({"WITH", "CONSISTENT", "SNAPSHOT"}) ||
             reader.accept({"READ", "WRITE"}) || reader.accept({"READ", "ONLY"}));
    } while (reader.accept(","));
    TRY_OK(reader.expect_end());
    return Transaction{TransactionVerb::kBegin};
  }
  if (!reader.at("PIPELINE") && !reader.at("ALL")) {
    return reader.error("PIPELINE or TRANSACTION", {"PIPELINE", "TRANSACTION", "ALL"});
  }
  return parse_run_pipeline(reader, database, Verb::kStart);
}

Result<Statement> parse_stop(TokenReader& reader, const std::string& database) {
  reader.skip();
  return parse_run_pipeline(reader, database, Verb::kStop);
}

Result<Statement> parse_transaction(TokenReader& reader, const std::string&) {
  Transaction result;
  if (reader.at("COMMIT")) result.verb = TransactionVerb::kCommit;
  if (reader.at("ROLLBACK")) result.verb = TransactionVerb::kRollback;
  reader.skip();
  if (!reader.accept("WORK")) (void)reader.accept("TRANSACTION");
  if (reader.at("TO")) return reader.unsupported("ROLLBACK TO SAVEPOINT");
  (void)reader.accept({"AND", "NO", "CHAIN"});
  (void)reader.accept({"NO", "RELEASE"});
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_use(TokenReader& reader, const std::string&) {
  reader.skip();
  Use result;
  TRY(result.database, database_name(reader));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> ignore(TokenReader&, const std::string&) {
  return Ignored{};
}

Result<Statement> unsupported_statement(TokenReader& reader, const std::string&) {
  const auto first = std::string(reader.raw_at());
  const bool two = reader.peek(1).kind == TokenKind::kWord;
  return reader.unsupported(first + (two ? " " + std::string(reader.raw_at(1)) : ""));
}

/// TEST, PROFILE and EXTRACT are ours before PIPELINE.
template <Parser kParse>
Result<Statement> pipeline_statement(TokenReader& reader, const std::string& database) {
  if (!reader.at("PIPELINE", 1)) return Native{};
  reader.skip();
  reader.skip();
  return kParse(reader, database);
}

Result<Statement> retry_statement(TokenReader& reader, const std::string& database) {
  reader.skip();
  return parse_retry_rejects(reader, database);
}

/// Words that are ours only with a certain second one.
Result<Statement> unsupported_model_statement(TokenReader& reader, const std::string& database) {
  if (reader.at("MODEL", 1) || reader.at("PIPELINE", 1)) {
    return unsupported_statement(reader, database);
  }
  return Native{};
}

/// TRAIN MODEL and its sisters, by `parse`; the word alone is nothing of ours.
template <Parser parse>
Result<Statement> model_statement(TokenReader& reader, const std::string& database) {
  if (!reader.at("MODEL", 1)) return unsupported_model_statement(reader, database);
  reader.seek(reader.index() + 2);
  return parse(reader, database);
}

Result<Statement> parse_prepare(TokenReader& reader, const std::string&) {
  if (is_name(reader.peek(1)) && reader.at("FROM", 2)) {
    return reader.unsupported("PREPARE ... FROM");
  }
  return Native{};
}

Result<Statement> set_statement(TokenReader& reader, const std::string&) {
  reader.skip();
  return parse_set(reader);
}

Result<Statement> show_statement(TokenReader& reader, const std::string& database) {
  reader.skip();
  return parse_show(reader, database);
}

Result<Statement> describe_statement(TokenReader& reader, const std::string& database) {
  return parse_describe(reader, database);
}

Result<Statement> kill_statement(TokenReader& reader, const std::string&) {
  reader.skip();
  return parse_kill(reader);
}

Result<Statement> parse_lock(TokenReader& reader, const std::string&) {
  if (reader.at("TABLES", 1) || reader.at("TABLE", 1)) return Ignored{};
  return reader.error("a statement", statement_words());
}

/// ALTER TABLE t DISABLE KEYS, which dumps have, says nothing to us.
bool is_keys_statement(const TokenReader& reader) {
  if (!reader.at({"ALTER", "TABLE"})) return false;
  for (size_t i = 2; i < 6; ++i) {
    if ((reader.at("DISABLE", i) || reader.at("ENABLE", i)) && reader.at("KEYS", i + 1))
      return true;
  }
  return false;
}

struct Family {
  std::string_view word;
  Parser parse;
};

constexpr auto kFamilies = std::to_array<Family>({
    {"CREATE", parse_create},
    {"DROP", parse_drop},
    {"ALTER", parse_alter},
    {"START", parse_start},
    {"STOP", parse_stop},
    {"BEGIN", parse_transaction},
    {"COMMIT", parse_transaction},
    {"ROLLBACK", parse_transaction},
    {"USE", parse_use},
    {"SET", set_statement},
    {"SHOW", show_statement},
    {"DESCRIBE", describe_statement},
    {"DESC", describe_statement},
    {"EXPLAIN", describe_statement},
    {"KILL", kill_statement},
    {"LOCK", parse_lock},
    {"UNLOCK", parse_lock},
    {"FLUSH", ignore},
    {"GRANT", parse_grant},
    {"REVOKE", parse_grant},
    {"SAVEPOINT", unsupported_statement},
    {"RELEASE", unsupported_statement},
    {"CLEAR", unsupported_statement},
    {"PREPARE", parse_prepare},
    {"TRAIN", model_statement<parse_train_model>},
    {"EVALUATE", model_statement<parse_evaluate_model>},
    {"RESTORE", model_statement<parse_restore_model>},
    {"EXPORT", model_statement<parse_export_model>},
    {"CHECK", model_statement<parse_check_model>},
    {"TEST", pipeline_statement<parse_test_pipeline>},
    {"PROFILE", pipeline_statement<parse_profile_pipeline>},
    {"EXTRACT", pipeline_statement<parse_extract_pipeline>},
    {"DETACH", pipeline_statement<parse_detach_pipeline>},
    {"RETRY", retry_statement},
    {"LOAD", parse_load},
});

bool is_statement_word(std::string_view word) {
  for (const auto known : statement_words()) {
    if (same_name(known, word)) return true;
  }
  return false;
}

}  // namespace

Result<Statement> parse(TokenReader& reader, const std::string& database) {
  if (is_keys_statement(reader)) return Ignored{};
  for (const auto& family : kFamilies) {
    if (reader.at(family.word)) return family.parse(reader, database);
  }
  if (reader.at("(")) return Native{};
  if (reader.peek().kind != TokenKind::kWord || !is_statement_word(reader.raw_at())) {
    return reader.error("a statement", statement_words());
  }
  return Native{};
}

}  // namespace millrace::sql
