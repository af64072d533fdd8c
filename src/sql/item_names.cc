#include "sql/item_names.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/operands.h"

namespace millrace::sql {
namespace {

/// MySQL's longest alias.
constexpr size_t kNameBytesMax = 256;

constexpr auto kSelectEnds = std::to_array<std::string_view>(
    {"FROM", "INTO", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "INTERSECT",
     "EXCEPT", "WINDOW", "QUALIFY", "FOR", "LOCK", "USING"});

constexpr auto kModifiers = std::to_array<std::string_view>(
    {"ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT",
     "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_CACHE", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS"});

/// Functions that may make several columns of one item.
constexpr auto kSpreading = std::to_array<std::string_view>({"COLUMNS", "UNNEST", "UNPACK"});

/// Words behind which a string is a value.
constexpr auto kBeforeStrings = std::to_array<std::string_view>(
    {"DATE", "TIME", "TIMESTAMP", "DATETIME", "ESCAPE", "GLOB", "TO", "SEPARATOR", "ZONE"});

/// One walk over a statement's tokens.
class Finder {
 public:
  Finder(std::string_view text, std::span<const Token> tokens, LexOptions options)
      : text_(text), tokens_(tokens), options_(options) {}

  std::vector<ItemName> find() {
    int depth = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      depth += nesting(i);
      if (depth == 0 && is(i, "SELECT")) i = list(i + 1) - 1;
    }
    return std::move(names_);
  }

 private:
  std::string_view raw_at(size_t i) const { return raw(text_, tokens_[i]); }
  bool is(size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kWord && same_name(raw_at(i), word);
  }
  bool is_operator(size_t i, std::string_view op) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kOperator && raw_at(i) == op;
  }
  template <class Words>
  bool is_one_of(size_t i, const Words& words) const {
    return std::any_of(words.begin(), words.end(), [&](auto word) { return is(i, word); });
  }
  int nesting(size_t i) const {
    if (tokens_[i].kind != TokenKind::kOperator) return 0;
    const auto op = raw_at(i);
    if (op == "(" || op == "[" || op == "{") return 1;
    return op == ")" || op == "]" || op == "}" ? -1 : 0;
  }

  /// From the token after SELECT; returns the index behind the list.
  size_t list(size_t i) {
    while (is_one_of(i, kModifiers)) ++i;
    if (is(i, "ON")) return i;  // DISTINCT ON (...): left alone
    size_t begin = i;
    int depth = 0;
    for (; i < tokens_.size(); ++i) {
      depth += nesting(i);
      if (depth < 0 || tokens_[i].kind == TokenKind::kEnd) break;
      if (depth > 0) continue;
      const bool distinct_from = is(i, "FROM") && i > begin && is(i - 1, "DISTINCT");
      if (is_one_of(i, kSelectEnds) && !distinct_from) break;
      if (is_operator(i, ",")) {
        item(begin, i);
        begin = i + 1;
      }
    }
    item(begin, i);
    return i;
  }

  /// SELECT count(*) "n": behind an operand a string is a name. DATE '2026-11-23' is none.
  bool is_alias(size_t begin, size_t last) const {
    if (tokens_[last].kind != TokenKind::kString || last == begin) return false;
    const Token& before = tokens_[last - 1];
    if (!ends_operand(text_, before) || before.kind == TokenKind::kString) return false;
    if (before.kind != TokenKind::kWord) return true;
    return raw_at(last).front() == '"' && !is_one_of(last - 1, kBeforeStrings);
  }

  /// INTERVAL 1 DAY: the unit is no name.
  bool ends_interval(size_t begin, size_t end) const {
    const Operands operands(text_, tokens_);
    for (size_t i = begin; i + 2 < end; ++i) {
      if (!is(i, "INTERVAL")) continue;
      const size_t amount = is_operator(i + 1, "-") ? i + 2 : i + 1;
      if (operands.operand_end(amount) + 1 == end) return true;
    }
    return false;
  }

  bool may_be_named(size_t begin, size_t end) const {
    int depth = 0;
    for (size_t i = begin; i < end; ++i) {
      depth += nesting(i);
      if (is_one_of(i, kSpreading)) return true;
      if (depth > 0) continue;
      if (is(i, "AS") || is_operator(i, ":") || is_operator(i, ":=")) return true;
      if (is_operator(i, "*") && (i == begin || is_operator(i - 1, "."))) return true;
    }
    const size_t last = end - 1;
    const bool word = is_name(tokens_[last]) || tokens_[last].kind == TokenKind::kString;
    if (word && ends_interval(begin, end)) return false;
    return word && last > begin && !is(last, "END") && !is(last, "NULL") && !is(last, "TRUE") &&
           !is(last, "FALSE") && ends_operand(text_, tokens_[last - 1]);
  }

  /// a, t.a, db.t.a; a member of what is none of these, f(t).a, is called by its whole text.
  bool has_own_name(size_t begin, size_t end) const {
    if (is(begin, "NULL") || is(begin, "TRUE") || is(begin, "FALSE")) return false;
    for (size_t i = begin; i < end; ++i) {
      const bool name = (i - begin) % 2 == 0;
      if (name ? !is_name(tokens_[i]) : !is_operator(i, ".")) return false;
    }
    return (end - begin) % 2 == 1;
  }

  void item(size_t begin, size_t end) {
    if (end <= begin) return;
    if (is_alias(begin, end - 1)) {
      names_.push_back({end - 1, value_of(text_, tokens_[end - 1], options_), true});
      return;
    }
    if (may_be_named(begin, end) || has_own_name(begin, end)) return;
    std::string name;
    for (size_t i = begin; i < end; ++i) {
      if (i > begin) name += between(tokens_[i - 1], tokens_[i]);
      name += raw_at(i);
      if (name.size() > kNameBytesMax) return;
    }
    if (end - begin == 1 && tokens_[begin].kind == TokenKind::kString) {
      name = value_of(text_, tokens_[begin], options_);
    }
    if (!name.empty() && name.find('\0') == std::string::npos) {
      names_.push_back({end - 1, std::move(name), false});
    }
  }

  std::string_view between(const Token& a, const Token& b) const {
    const auto gap = text_.substr(a.end, b.begin - a.end);
    return gap.find_first_not_of(" \t\r\n") == std::string_view::npos ? gap : " ";
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  LexOptions options_;
  std::vector<ItemName> names_;
};

}  // namespace

std::vector<ItemName> item_names(std::string_view text, std::span<const Token> tokens,
                                 LexOptions options) {
  return Finder(text, tokens, options).find();
}

}  // namespace millrace::sql
