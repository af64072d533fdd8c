// The lexis of MySQL: text in, tokens out. First step of every statement, ours or the store's;
// split, the parsers and the translation all read its tokens and never the text itself. A token is
// a kind and a place, twelve bytes, so that an INSERT of many megabytes stays affordable. Stateless
// but for the place; owns no memory: the text must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::sql {

enum class TokenKind : uint8_t {
  kEnd,             // after the last one
  kWord,            // a keyword or a bare name
  kQuotedName,      // `name`, and "name" with ANSI_QUOTES
  kString,          // 'text', "text", N'text'
  kNumber,          // 12, 1.5, .5, 1e-3: never signed
  kHex,             // x'4D', 0x4D
  kBits,            // b'01', 0b01
  kVariable,        // @v, @`v`, @'v', @"v"
  kSystemVariable,  // @@v, @@global.v
  kOperator,        // punctuation too
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t begin = 0;  // byte offsets in the text
  uint32_t end = 0;
};

/// What sql_mode changes in the lexis, and in what an operator means.
struct LexOptions {
  bool ansi_quotes = false;       // "x" is a name
  bool backslash_escapes = true;  // off: NO_BACKSLASH_ESCAPES
  bool pipes_as_concat = true;    // || joins texts; off: it is OR
};

/// Longer texts are refused: offsets are 32 bits wide.
inline constexpr size_t kTextBytesMax = size_t{1} << 30;

class Lexer {
 public:
  Lexer(std::string_view text, LexOptions options) : text_(text), options_(options) {}
  /// The next token; kEnd for ever after the last. Errors: kSyntax with the position of the quote
  /// or comment that is not finished.
  Result<Token> next();

 private:
  Status skip_blanks();
  Result<Token> quoted(TokenKind kind, size_t begin, size_t quote_at, char quote);
  Result<Token> variable(size_t begin);
  Token number(size_t begin);
  Token word(size_t begin);
  Token operator_at(size_t begin);
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  Token token(TokenKind kind, size_t begin, size_t end);

  std::string_view text_;
  LexOptions options_;
  size_t position_ = 0;
  bool in_executed_comment_ = false;  // between /*!50000 and */
};

/// All tokens of a text; the last is kEnd.
Result<std::vector<Token>> lex(std::string_view text, LexOptions options);

inline std::string_view raw(std::string_view text, const Token& token) {
  return text.substr(token.begin, token.end - token.begin);
}
/// What the token means: a string without quotes and escapes, a name without backticks, a
/// variable's name without @, the bytes of hex and bit literals, any other token as it is.
std::string value_of(std::string_view text, const Token& token, LexOptions options);

bool is_name(const Token& token);  // kWord or kQuotedName

}  // namespace millrace::sql
