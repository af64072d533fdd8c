// A TokenReader walks over the tokens of one statement for the parsers: it looks ahead, takes
// words, names, strings and numbers, and makes the errors that say where and what was expected.
// Borrowed text and tokens must outlive it; one parser owns it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/definition.h"
#include "sql/lexer.h"

namespace millrace::sql {

class TokenReader {
 public:
  /// `tokens` ends with kEnd.
  TokenReader(std::string_view text, std::span<const Token> tokens, LexOptions options)
      : text_(text), tokens_(tokens), options_(options) {}

  std::string_view text() const { return text_; }
  std::span<const Token> tokens() const { return tokens_; }
  LexOptions options() const { return options_; }
  size_t index() const { return index_; }
  void seek(size_t index) { index_ = index; }
  bool done() const { return peek().kind == TokenKind::kEnd; }
  const Token& peek(size_t ahead = 0) const;
  int64_t position() const { return peek().begin; }
  std::string_view raw_at(size_t ahead = 0) const { return raw(text_, peek(ahead)); }
  std::string value() const { return value_of(text_, peek(), options_); }

  /// True when the next tokens are these words (case ignored) or operators.
  bool at(std::string_view word, size_t ahead = 0) const;
  bool at(std::initializer_list<std::string_view> words) const;
  /// Takes them when they are next.
  bool accept(std::string_view word);
  bool accept(std::initializer_list<std::string_view> words);
  void skip() {
    if (!done()) ++index_;
  }

  // Each takes what it names, or tells what was expected.
  Status expect(std::string_view word);
  Status expect(std::initializer_list<std::string_view> words);
  Status expect_end();
  Result<std::string> name(std::string_view what);
  Result<std::string> string(std::string_view what);
  /// `what must be between min and max` when it is not.
  Result<int64_t> integer(std::string_view what, int64_t min, int64_t max);
  /// `name` or `database.name`; `database` is the current one, empty when there is none.
  Result<engine::ObjectName> object_name(std::string_view what, const std::string& database);

  /// `syntax error near "FORMT": FIELDS is expected`, with the nearest of `words` as a hint.
  Error error(std::string_view expected, const std::vector<std::string_view>& words = {}) const;
  /// An error of any code at a token.
  Error error_at(int64_t position, Code code, std::string message, std::string hint = {}) const;
  /// kUnsupported: `clause WITH TRANSFORM is not supported`.
  Error unsupported(std::string_view what) const;

 private:
  std::string_view text_;
  std::span<const Token> tokens_;
  LexOptions options_;
  size_t index_ = 0;
};

/// "no database is selected", as MySQL says it.
Error no_database();

}  // namespace millrace::sql
