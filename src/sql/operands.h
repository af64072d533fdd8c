// Where operands begin and end among a statement's tokens: parentheses and their counterparts, the
// operand before and behind an operator as far as a cast binds, types. A part of the translation,
// which looks at tokens and never at meaning. Borrows text and tokens; pure.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "data/schema.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// `count` tokens from `token` on are `sql` to the store; 0: it stands before that token.
struct Rewrite {
  size_t token = 0;
  size_t count = 1;
  std::string sql;
};

class Operands {
 public:
  /// `tokens` end with kEnd.
  Operands(std::string_view text, std::span<const Token> tokens) : text_(text), tokens_(tokens) {}

  size_t size() const { return tokens_.size(); }
  /// Beyond both ends stands kEnd.
  const Token& at(size_t i) const { return i < tokens_.size() ? tokens_[i] : kNone; }
  std::string_view raw_at(size_t i) const { return raw(text_, at(i)); }
  bool is(size_t i, std::string_view word) const {
    const Token& token = at(i);
    return (token.kind == TokenKind::kWord || token.kind == TokenKind::kOperator) &&
           same_name(raw(text_, token), word);
  }
  template <class Words>
  bool is_any(size_t i, const Words& words) const {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return is(i, word); });
  }
  /// A number, with a sign or without.
  bool is_number(size_t i) const {
    return at(i).kind == TokenKind::kNumber || (is(i, "-") && at(i + 1).kind == TokenKind::kNumber);
  }
  bool is_forced_cast(size_t i) const { return is(i, "!") && is(i + 1, ":>"); }
  /// An operand ends before token i.
  bool after_operand(size_t i) const;

  /// The last comma or USING between the parenthesis at `open` and its counterpart; 0: none.
  size_t last_separator(size_t open) const;
  /// The parenthesis that closes the one at `open`; 0: none.
  size_t close_of(size_t open) const;
  /// The same; `open` when there is none.
  size_t closing(size_t open) const;
  /// The parenthesis that `close` closes; `close` itself: none.
  size_t open_of(size_t close) const;
  /// Behind the CASE ... END that begins there; `begin`: it has no end.
  size_t case_end(size_t begin) const;

  /// Where the operand begins that ends before `end`, as far as a cast binds: a literal, a name, a
  /// call, CASE ... END, what is in parentheses; their elements; casts of them. `end`: there is
  /// none.
  size_t operand_begin(size_t end) const;
  /// Behind the operand that begins there; `begin`: there is none.
  size_t operand_end(size_t begin) const;
  /// Behind a type: DECIMAL(10, 2), SIGNED INTEGER.
  size_t type_end(size_t begin) const;

 private:
  size_t primary_begin(size_t end) const;
  size_t primary_end(size_t begin) const;

  static constexpr Token kNone{};
  std::string_view text_;
  std::span<const Token> tokens_;
};

}  // namespace millrace::sql
