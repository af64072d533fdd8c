#include "sql/token_reader.h"

#include <charconv>

#include "data/schema.h"

namespace millrace::sql {
namespace {

/// Long tokens (a string of megabytes) are not repeated in errors.
constexpr size_t kNearBytesMax = 60;

std::string shortened(std::string_view text) {
  if (text.size() <= kNearBytesMax) return std::string(text);
  size_t end = kNearBytesMax;
  // Not in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

Error no_database() {
  return {Code::kInvalidArgument, "no database is selected",
          "USE a database first, or write database.name."};
}

const Token& TokenReader::peek(size_t ahead) const {
  const size_t i = index_ + ahead;
  return i < tokens_.size() ? tokens_[i] : tokens_.back();
}

bool TokenReader::at(std::string_view word, size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::kWord) return same_name(raw(text_, token), word);
  return token.kind == TokenKind::kOperator && raw(text_, token) == word;
}

bool TokenReader::at(std::initializer_list<std::string_view> words) const {
  size_t ahead = 0;
  for (const auto word : words) {
    if (!at(word, ahead++)) return false;
  }
  return true;
}

bool TokenReader::accept(std::string_view word) {
  if (!at(word)) return false;
  ++index_;
  return true;
}

bool TokenReader::accept(std::initializer_list<std::string_view> words) {
  if (!at(words)) return false;
  index_ += words.size();
  return true;
}

Status TokenReader::expect(std::string_view word) {
  if (!accept(word)) return error(word, {word});
  return {};
}

Status TokenReader::expect(std::initializer_list<std::string_view> words) {
  for (const auto word : words) TRY_OK(expect(word));
  return {};
}

Status TokenReader::expect_end() {
  if (!done()) return error("the end of the statement");
  return {};
}

Result<std::string> TokenReader::name(std::string_view what) {
  if (!is_name(peek())) return error(what);
  std::string result = value();
  if (result.empty()) return error(what);
  ++index_;
  return result;
}

Result<std::string> TokenReader::string(std::string_view what) {
  if (peek().kind != TokenKind::kString) return error(what);
  std::string result = value();
  ++index_;
  return result;
}

Result<int64_t> TokenReader::integer(std::string_view what, int64_t min, int64_t max) {
  const bool negative = at("-");
  const auto digits = raw_at(negative ? 1 : 0);
  int64_t result = 0;
  const auto [stop, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  const bool whole =
      peek(negative ? 1 : 0).kind == TokenKind::kNumber && stop == digits.data() + digits.size();
  if (!whole) return error(std::string(what) + ", a whole number,");
  if (negative) result = -result;
  if (wrong != std::errc() || result < min || result > max) {
    return error_at(position(), Code::kInvalidArgument,
                    std::string(what) + " must be between " + std::to_string(min) + " and " +
                        std::to_string(max));
  }
  index_ += negative ? 2 : 1;
  return result;
}

Result<engine::ObjectName> TokenReader::object_name(std::string_view what,
                                                    const std::string& database) {
  engine::ObjectName result;
  TRY(result.name, name(what));
  if (accept(".")) {
    result.database = std::move(result.name);
    TRY(result.name, name(what));
    return result;
  }
  if (database.empty()) return no_database();
  result.database = database;
  return result;
}

Error TokenReader::error(std::string_view expected,
                         const std::vector<std::string_view>& words) const {
  std::string message = done() ? std::string("syntax error at the end of the statement")
                               : "syntax error near \"" + shortened(raw_at()) + "\"";
  message += ": " + std::string(expected) + " is expected";
  const std::string hint =
      peek().kind == TokenKind::kWord ? did_you_mean(raw_at(), words) : std::string();
  return error_at(position(), Code::kSyntax, std::move(message), hint);
}

Error TokenReader::error_at(int64_t position, Code code, std::string message,
                            std::string hint) const {
  Error error(code, std::move(message), std::move(hint));
  error.position = position;
  return error;
}

Error TokenReader::unsupported(std::string_view what) const {
  return error_at(position(), Code::kUnsupported, std::string(what) + " is not supported");
}

}  // namespace millrace::sql
