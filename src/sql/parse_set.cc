// SET in its many forms, KILL.
#include <array>
#include <limits>

#include "data/schema.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

bool ends_value(const TokenReader& reader) {
  return reader.at(",");
}

/// The tokens up to the comma that ends them.
Status parse_value_tokens(TokenReader& reader, SetVariable& variable) {
  const size_t begin = reader.index();
  int depth = 0;
  for (; !reader.done(); reader.skip()) {
    if (depth == 0 && ends_value(reader)) break;
    if (reader.at("(") || reader.at("[")) ++depth;
    if (reader.at(")") || reader.at("]")) --depth;
  }
  if (reader.index() == begin) return reader.error("a value");
  const auto tokens = reader.tokens().subspan(begin, reader.index() - begin);
  variable.form = SetVariable::Form::kExpression;
  variable.expression.assign(tokens.begin(), tokens.end());
  return {};
}

Status parse_value(TokenReader& reader, SetVariable& variable) {
  const bool system = variable.target != SetVariable::Target::kUser;
  const Token& token = reader.peek();
  const bool alone = reader.at(",", 1) || reader.peek(1).kind == TokenKind::kEnd;
  const bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber ||
                       token.kind == TokenKind::kWord;
  if (!system || !alone || !literal) return parse_value_tokens(reader, variable);
  if (reader.at("DEFAULT")) {
    variable.form = SetVariable::Form::kDefault;
  } else if (reader.at("NULL")) {
    variable.form = SetVariable::Form::kNull;
  } else {
    variable.literal = reader.value();
  }
  reader.skip();
  return {};
}

/// The name with its scope: @v, @@x, @@global.x, GLOBAL x, x
Status parse_target(TokenReader& reader, SetVariable& variable) {
  variable.position = reader.position();
  const TokenKind kind = reader.peek().kind;
  if (kind == TokenKind::kVariable) {
    variable.target = SetVariable::Target::kUser;
    variable.name = to_lower(reader.value());
    reader.skip();
    return {};
  }
  if (kind == TokenKind::kSystemVariable) {
    variable.name = to_lower(reader.value());
    reader.skip();
    const size_t dot = variable.name.find('.');
    const std::string scope = variable.name.substr(0, dot == std::string::npos ? 0 : dot);
    if (scope == "global" || scope == "persist") variable.target = SetVariable::Target::kGlobal;
    if (!scope.empty()) variable.name.erase(0, dot + 1);
    return {};
  }
  if (reader.accept("GLOBAL") || reader.accept("PERSIST")) {
    variable.target = SetVariable::Target::kGlobal;
  } else if (!reader.accept("SESSION")) {
    (void)reader.accept("LOCAL");
  }
  TRY(const std::string name, reader.name("a variable"));
  variable.name = to_lower(name);
  return {};
}

SetVariable literal(std::string_view name, std::string value) {
  SetVariable result;
  result.name = name;
  result.literal = std::move(value);
  return result;
}

/// NAMES cs [COLLATE c], CHARACTER SET cs, CHARSET cs
Status parse_names(TokenReader& reader, Set& result) {
  const bool quoted = reader.peek().kind == TokenKind::kString;
  const int64_t position = reader.position();
  TRY(std::string charset,
      quoted ? reader.string("a character set") : reader.name("a character set"));
  charset = to_lower(charset);
  if (charset == "default") charset = "utf8mb4";
  if (!charset.starts_with("utf8") && charset != "binary" && charset != "latin1" &&
      charset != "ascii") {
    return reader.error_at(position, Code::kUnsupported,
                           "character set \"" + charset + "\" is not supported",
                           "Text is UTF-8: SET NAMES utf8mb4.");
  }
  for (const std::string_view name :
       {"character_set_client", "character_set_connection", "character_set_results"}) {
    result.variables.push_back(literal(name, charset));
  }
  if (reader.accept("COLLATE")) {
    const bool text = reader.peek().kind == TokenKind::kString;
    TRY(std::string collation, text ? reader.string("a collation") : reader.name("a collation"));
    result.variables.push_back(literal("collation_connection", std::move(collation)));
  }
  return {};
}

/// TRANSACTION | ISOLATION LEVEL ...: there is one level, a snapshot. A client that asks for
/// another is told it back, as from MySQL.
Status parse_set_transaction(TokenReader& reader, Set& result) {
  constexpr auto kLevels =
      std::to_array<std::array<std::string_view, 3>>({{"READ", "COMMITTED", "READ-COMMITTED"},
                                                      {"READ", "UNCOMMITTED", "READ-UNCOMMITTED"},
                                                      {"REPEATABLE", "READ", "REPEATABLE-READ"},
                                                      {"SERIALIZABLE", "", "SERIALIZABLE"}});
  do {
    if (reader.accept({"READ", "WRITE"}) || reader.accept({"READ", "ONLY"})) continue;
    std::string_view value;
    if (reader.accept({"ISOLATION", "LEVEL"})) {
      for (const auto& [first, second, name] : kLevels) {
        const bool found = second.empty() ? reader.accept(first) : reader.accept({first, second});
        if (found) value = name;
      }
    }
    if (value.empty()) return reader.error("an isolation level", {"ISOLATION", "READ"});
    for (const std::string_view name : {"transaction_isolation", "tx_isolation"}) {
      result.variables.push_back(literal(name, std::string(value)));
    }
  } while (reader.accept(","));
  return reader.expect_end();
}

}  // namespace

Result<Statement> parse_set(TokenReader& reader) {
  if (reader.accept("PASSWORD")) return parse_set_password(reader);
  if (reader.at("ROLE") || reader.at({"DEFAULT", "ROLE"})) return reader.unsupported("SET ROLE");
  Set result;
  if (reader.accept({"SESSION", "TRANSACTION"}) || reader.accept({"LOCAL", "TRANSACTION"})) {
    TRY_OK(parse_set_transaction(reader, result));
    return result;
  }
  if (reader.accept("TRANSACTION") || reader.accept({"GLOBAL", "TRANSACTION"})) {
    // Of the next transaction, or of sessions to come: nobody can ask back.
    TRY_OK(parse_set_transaction(reader, result));
    return Ignored{};
  }
  do {
    if (reader.accept("NAMES") || reader.accept({"CHARACTER", "SET"}) || reader.accept("CHARSET")) {
      TRY_OK(parse_names(reader, result));
      continue;
    }
    SetVariable variable;
    TRY_OK(parse_target(reader, variable));
    if (!reader.accept("=") && !reader.accept(":=")) return reader.error("\"=\"");
    TRY_OK(parse_value(reader, variable));
    result.variables.push_back(std::move(variable));
  } while (reader.accept(","));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_kill(TokenReader& reader) {
  Kill result;
  result.query_only = reader.accept("QUERY");
  if (!result.query_only) (void)reader.accept("CONNECTION");
  TRY(const int64_t id,
      reader.integer("a connection's number", 0, std::numeric_limits<int64_t>::max()));
  result.connection_id = static_cast<uint64_t>(id);
  TRY_OK(reader.expect_end());
  return result;
}

}  // namespace millrace::sql
