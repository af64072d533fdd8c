// What an audit log tells of statements: who asked for what, and whether it was done. Data, and the
// text of a statement without its values, which may be secrets. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sql/lexer.h"
#include "sql/statement.h"

namespace millrace::sql {

struct AuditEvent {
  std::string_view kind;  // "login", "login_failed", "ddl", "users", "denied"
  std::string user;
  std::string host;         // the client's: "127.0.0.1:51234"
  uint64_t connection = 0;  // 0: HTTP, before there is a session
  std::string database{};
  std::string statement{};  // without its texts
  uint16_t error = 0;       // MySQL's number; 0: it was done
};

/// "users" and "ddl" for statements that an audit log has, done or not; empty for the rest.
std::string_view audit_kind(const Statement& statement, bool changes_schema);

/// The statement with '?' in place of every text in it, comments left out, cut at some length.
std::string without_values(std::string_view text, std::span<const Token> tokens);

}  // namespace millrace::sql
