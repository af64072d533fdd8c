#include "sql/lexer.h"

#include <algorithm>
#include <array>

#include "data/quoting.h"

namespace millrace::sql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Longest first: the first that fits is the token.
constexpr std::array<std::string_view, 20> kOperators{
    "->>", "<=>", "=>", "<-", "->", "<=", ">=", "<>", "!=", "||",
    "&&",  "::",  ":>", ":=", "<<", ">>", "==", "//", "**", "^@"};

Error unfinished(std::string_view what, size_t position) {
  Error error(Code::kSyntax, "unfinished " + std::string(what));
  error.position = static_cast<int64_t>(position);
  return error;
}

/// Whether a backslash means something between these quotes.
bool has_escapes(char quote, LexOptions options) {
  return options.backslash_escapes && quote != '`' && !(quote == '"' && options.ansi_quotes);
}

/// The content between the quotes of `quoted`, whose first and last byte are the quote.
std::string unquoted(std::string_view quoted, bool escapes) {
  std::string result;
  const char quote = quoted.front();
  quoted = quoted.substr(1, quoted.size() - 2);
  result.reserve(quoted.size());
  for (size_t i = 0; i < quoted.size(); ++i) {
    const char c = quoted[i];
    if (c == quote && i + 1 < quoted.size()) {
      ++i;  // doubled
      result += c;
    } else if (c == '\\' && escapes && i + 1 < quoted.size()) {
      const char next = quoted[++i];
      // These two keep their backslash, for LIKE.
      if (next == '%' || next == '_') result += '\\';
      result += unescaped(next);
    } else {
      result += c;
    }
  }
  return result;
}

unsigned digit_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

/// The bytes of digits of `bits` bits each, padded with zeros on the left.
std::string bytes_of_digits(std::string_view digits, unsigned bits) {
  std::string result((digits.size() * bits + 7) / 8, '\0');
  size_t bit = 0;
  for (size_t i = digits.size(); i-- > 0; bit += bits) {
    char& byte = result[result.size() - 1 - bit / 8];
    byte =
        static_cast<char>(static_cast<unsigned char>(byte) | digit_value(digits[i]) << (bit % 8));
  }
  return result;
}

/// The digits of x'4D' or 0x4D.
std::string_view digits_of(std::string_view raw) {
  raw.remove_prefix(2);
  if (!raw.empty() && raw.back() == '\'') raw.remove_suffix(1);
  return raw;
}

/// MySQL executes what is in /*! */; a number is the version from which on it does. Later ones are
/// comments, and so is what MariaDB alone executes, /*M! */.
bool is_executed(std::string_view comment) {
  constexpr int kVersion = 80036;
  if (!comment.starts_with("/*!")) return false;
  int version = 0;
  for (size_t i = 3; i < comment.size() && i < 9 && is_digit(comment[i]); ++i)
    version = version * 10 + (comment[i] - '0');
  return version <= kVersion;
}

}  // namespace

Token Lexer::token(TokenKind kind, size_t begin, size_t end) {
  position_ = end;
  return {kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

Status Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const std::string_view rest = text_.substr(position_);
    if (is_space(c)) {
      ++position_;
    } else if (std::string_view("#-/*").find(c) == std::string_view::npos) {
      break;  // most tokens
    } else if (c == '#' || (rest.starts_with("--") && (rest.size() == 2 || is_space(rest[2]) ||
                                                       static_cast<unsigned char>(rest[2]) < 32))) {
      const size_t line_end = text_.find('\n', position_);
      position_ = line_end == std::string_view::npos ? text_.size() : line_end + 1;
    } else if (is_executed(rest)) {
      in_executed_comment_ = true;
      position_ += 3;
      for (int digits = 0; digits < 6 && is_digit(at(position_)); ++digits) ++position_;
    } else if (rest.starts_with("/*")) {
      const size_t close = text_.find("*/", position_ + 2);
      if (close == std::string_view::npos) return unfinished("comment", position_);
      position_ = close + 2;
    } else if (in_executed_comment_ && rest.starts_with("*/")) {
      in_executed_comment_ = false;
      position_ += 2;
    } else {
      break;
    }
  }
  if (position_ >= text_.size() && in_executed_comment_) {
    return unfinished("comment", text_.rfind("/*"));
  }
  return {};
}

Result<Token> Lexer::quoted(TokenKind kind, size_t begin, size_t quote_at, char quote) {
  const bool escapes = has_escapes(quote, options_);
  for (size_t i = quote_at + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\' && escapes) {
      ++i;
    } else if (text_[i] == quote) {
      if (at(i + 1) != quote) return token(kind, begin, i + 1);
      ++i;
    }
  }
  return unfinished(quote == '`' ? "name" : "string", begin);
}

Result<Token> Lexer::variable(size_t begin) {
  const bool system = at(begin + 1) == '@';
  const size_t name = begin + (system ? 2 : 1);
  const char c = at(name);
  if (c == '`' || (!system && (c == '\'' || c == '"'))) {
    return quoted(system ? TokenKind::kSystemVariable : TokenKind::kVariable, begin, name, c);
  }
  size_t end = name;
  while (is_name_char(at(end)) || (at(end) == '.' && is_name_char(at(end + 1)))) ++end;
  if (end == name) return token(TokenKind::kOperator, begin, begin + 1);
  return token(system ? TokenKind::kSystemVariable : TokenKind::kVariable, begin, end);
}

Token Lexer::number(size_t begin) {
  size_t i = begin;
  if (at(i) == '0' && (at(i + 1) == 'x' || at(i + 1) == 'b')) {
    const bool hex = at(i + 1) == 'x';
    size_t end = i + 2;
    while (hex ? is_hex_digit(at(end)) : (at(end) == '0' || at(end) == '1')) ++end;
    if (end > i + 2 && !is_name_char(at(end))) {
      return token(hex ? TokenKind::kHex : TokenKind::kBits, begin, end);
    }
  }
  while (is_digit(at(i))) ++i;
  bool whole = true;
  if (at(i) == '.') {
    whole = false;
    ++i;
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    size_t exponent = i + 1;
    if (at(exponent) == '+' || at(exponent) == '-') ++exponent;
    if (is_digit(at(exponent))) {
      whole = false;
      i = exponent;
      while (is_digit(at(i))) ++i;
    }
  }
  // A name may begin with digits.
  if (whole && is_name_char(at(i))) return word(begin);
  return token(TokenKind::kNumber, begin, i);
}

Token Lexer::word(size_t begin) {
  size_t end = begin;
  while (is_name_char(at(end))) ++end;
  return token(TokenKind::kWord, begin, end);
}

Token Lexer::operator_at(size_t begin) {
  // The second byte of any of the long ones.
  if (std::string_view(">=<-|&:/*@").find(at(begin + 1)) == std::string_view::npos)
    return token(TokenKind::kOperator, begin, begin + 1);
  const std::string_view rest = text_.substr(begin);
  for (const auto op : kOperators) {
    if (rest.starts_with(op)) return token(TokenKind::kOperator, begin, begin + op.size());
  }
  return token(TokenKind::kOperator, begin, begin + 1);
}

Result<Token> Lexer::next() {
  TRY_OK(skip_blanks());
  const size_t begin = position_;
  const char c = at(begin);
  if (begin >= text_.size()) return token(TokenKind::kEnd, text_.size(), text_.size());
  const char next = at(begin + 1);
  switch (c) {
    case '`':
      return quoted(TokenKind::kQuotedName, begin, begin, c);
    case '"':
      return quoted(options_.ansi_quotes ? TokenKind::kQuotedName : TokenKind::kString, begin,
                    begin, c);
    case '\'':
      return quoted(TokenKind::kString, begin, begin, c);
    case '@':
      return variable(begin);
    case 'n':
    case 'N':
      if (next == '\'') return quoted(TokenKind::kString, begin, begin + 1, next);
      break;
    case 'x':
    case 'X':
    case 'b':
    case 'B': {
      if (next != '\'') break;
      const bool hex = (c | 0x20) == 'x';
      size_t end = begin + 2;
      while (hex ? is_hex_digit(at(end)) : (at(end) == '0' || at(end) == '1')) ++end;
      if (at(end) != '\'') return unfinished(hex ? "hex literal" : "bit literal", begin);
      return token(hex ? TokenKind::kHex : TokenKind::kBits, begin, end + 1);
    }
    default:
      break;
  }
  if (is_digit(c) || (c == '.' && is_digit(next))) return number(begin);
  if (is_name_char(c)) return word(begin);
  if (static_cast<unsigned char>(c) < 32 || c == 127) {
    Error error(Code::kSyntax, "a control character stands outside of quotes");
    error.position = static_cast<int64_t>(begin);
    return error;
  }
  return operator_at(begin);
}

Result<std::vector<Token>> lex(std::string_view text, LexOptions options) {
  if (text.size() > kTextBytesMax) {
    return Error(Code::kResourceExhausted, "the statement is longer than 1 GiB");
  }
  Lexer lexer(text, options);
  std::vector<Token> tokens;
  tokens.reserve(std::min<size_t>(text.size() / 4 + 2, 64));
  do {
    TRY(const Token token, lexer.next());
    tokens.push_back(token);
  } while (tokens.back().kind != TokenKind::kEnd);
  return tokens;
}

std::string value_of(std::string_view text, const Token& token, LexOptions options) {
  std::string_view part = raw(text, token);
  switch (token.kind) {
    case TokenKind::kString:
      if (part[0] == 'n' || part[0] == 'N') part.remove_prefix(1);
      return unquoted(part, options.backslash_escapes);
    case TokenKind::kQuotedName:
      return unquoted(part, false);
    case TokenKind::kVariable:
    case TokenKind::kSystemVariable: {
      part.remove_prefix(token.kind == TokenKind::kVariable ? 1 : 2);
      const char first = part.empty() ? '\0' : part[0];
      if (first == '`' || first == '\'' || first == '"') {
        return unquoted(part, has_escapes(first, options));
      }
      return std::string(part);
    }
    case TokenKind::kHex:
      return bytes_of_digits(digits_of(part), 4);
    case TokenKind::kBits:
      return bytes_of_digits(digits_of(part), 1);
    default:
      return std::string(part);
  }
}

bool is_name(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
}

}  // namespace millrace::sql
