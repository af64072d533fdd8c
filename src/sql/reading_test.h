// What the tests of the parsers share: a statement's text in, what came of it out. Only tests
// include it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sql/lexer.h"
#include "sql/parse.h"
#include "sql/token_reader.h"

namespace millrace::sql {

inline Result<Statement> read(std::string_view text, const std::string& database = "db",
                              LexOptions options = {}) {
  TRY(const std::vector<Token> tokens, lex(text, options));
  TokenReader reader(text, tokens, options);
  return parse(reader, database);
}

/// The statement as a T; fails the test when it is none.
template <class T>
T read_as(std::string_view text, const std::string& database = "db", LexOptions options = {}) {
  auto statement = read(text, database, options);
  EXPECT_TRUE(statement) << text << "\n" << (statement ? "" : statement.error().to_string());
  if (!statement) return {};
  T* result = std::get_if<T>(&*statement);
  EXPECT_NE(result, nullptr) << text << " is statement number " << statement->index();
  return result == nullptr ? T{} : std::move(*result);
}

/// "position: message. Hint" of the error that the text must give.
inline std::string error_of(std::string_view text, const std::string& database = "db") {
  const auto statement = read(text, database);
  if (statement) return "no error";
  const Error& error = statement.error();
  return std::to_string(error.position) + ": " + error.message +
         (error.hint.empty() ? "" : ". " + error.hint);
}

}  // namespace millrace::sql
