#include "sql/text_numbers.h"

#include <array>
#include <utility>

#include "sql/keywords.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

/// @variables that are no text.
constexpr auto kOfModels = std::to_array<std::string_view>(
    {"class_id", "model_version", "prediction", "probability", "probabilities", "logits"});
/// Their first argument is a number.
constexpr auto kOfNumbers = std::to_array<std::string_view>(
    {"ABS",   "CEIL",  "CEILING", "COS",   "EXP",  "FLOOR", "GREATEST",
     "LEAST", "LN",    "LOG",     "LOG10", "LOG2", "MOD",   "POW",
     "POWER", "ROUND", "SIGN",    "SIN",   "SQRT", "TAN",   "FROM_UNIXTIME"});
/// Of texts, too: the greatest text.
constexpr auto kOfAny = std::to_array<std::string_view>({"GREATEST", "LEAST"});
constexpr auto kOverRows =
    std::to_array<std::string_view>({"SUM", "AVG", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP",
                                     "VARIANCE", "VAR_POP", "VAR_SAMP"});
/// The first of theirs that is not NULL: of texts and a number that is written out, a text.
constexpr auto kChoosing = std::to_array<std::string_view>({"COALESCE", "IFNULL"});

constexpr std::string_view kDividedWhole = "divided_whole";
using Operator = std::pair<std::string_view, std::string_view>;
constexpr auto kComparisons = std::to_array<Operator>({{"=", "equal"},
                                                       {"==", "equal"},
                                                       {"<>", "unequal"},
                                                       {"!=", "unequal"},
                                                       {"<", "less"},
                                                       {"<=", "at_most"},
                                                       {">", "more"},
                                                       {">=", "at_least"}});
constexpr auto kSums = std::to_array<Operator>({{"+", "plus"}, {"-", "minus"}});
constexpr auto kProducts = std::to_array<Operator>({{"*", "times"},
                                                    {"/", "divided"},
                                                    {"%", "modulo"},
                                                    {"MOD", "modulo"},
                                                    {"DIV", kDividedWhole},
                                                    {"^", "to_the_power"}});
/// Between sums and comparisons, and no numbers of ours. -> and ->> bind more loosely to the store.
constexpr auto kOthers = std::to_array<std::string_view>({"&", "|", "<<", ">>", "||"});
/// Behind these stands an operand that is a pattern.
constexpr auto kMatching =
    std::to_array<std::string_view>({"LIKE", "ILIKE", "REGEXP", "RLIKE", "GLOB"});
constexpr auto kOfRows = std::to_array<std::string_view>({"SOME", "ANY", "ALL", "EXISTS"});
/// Reserved, and functions all the same before a parenthesis.
constexpr auto kReservedCalls =
    std::to_array<std::string_view>({"CAST", "LEFT", "RIGHT", "VALUES"});
/// What is in more parentheses than these is left as it is.
constexpr int kDepthMax = 100;

/// One walk over the tokens, by descent.
class Finder {
 public:
  Finder(std::string_view text, std::span<const Token> tokens, LexOptions options, NumbersOf of)
      : operands_(text, tokens), text_(text), options_(options), of_(of) {
    fields_before_.push_back(0);
    for (const Token& token : tokens) {
      const bool field =
          token.kind == TokenKind::kVariable && is_field_variable(value_of(text, token, options));
      fields_before_.push_back(fields_before_.back() + field);
    }
  }

  void run(std::vector<Rewrite>& found) {
    walk(0, operands_.size());
    std::stable_sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    for (auto& pair : pairs_) {
      found.push_back({pair.begin, 0, std::move(pair.opening)});
      found.push_back({pair.end, 0, std::move(pair.closing)});
    }
    std::move(others_.begin(), others_.end(), std::back_inserter(found));
  }

 private:
  struct Pair {
    size_t begin, end;
    std::string opening, closing;
  };

  // Each returns the index behind what it read from `i` on; `i`: nothing.
  void walk(size_t begin, size_t end);
  size_t comparison(size_t i);
  size_t between(size_t begin, size_t i, bool negated);
  size_t others(size_t i);
  template <class Lower, class Operators>
  size_t chain(size_t i, Lower lower, const Operators& operators);
  size_t sum(size_t i) { return chain(i, &Finder::product, kSums); }
  size_t product(size_t i) { return chain(i, &Finder::signed_operand, kProducts); }
  size_t signed_operand(size_t i);
  size_t operand(size_t i);
  void call(size_t name);
  size_t assigned(size_t i);

  std::string raw_between(size_t begin, size_t end) const {
    return std::string(text_.substr(operands_.at(begin).begin,
                                    operands_.at(end - 1).end - operands_.at(begin).begin));
  }
  template <class Operators>
  std::string_view function_of(size_t i, const Operators& operators) const {
    for (const auto& [sign, function] : operators) {
      if (operands_.is(i, sign)) return function;
    }
    return {};
  }
  void wrap(size_t begin, size_t end, std::string_view function) {
    pairs_.push_back({begin, end, "memory.millrace_internal." + std::string(function) + "(", ")"});
  }
  /// Of two numbers, a DIV at `sign` between them. The store's // is / but of whole ones.
  void divide_whole(size_t begin, size_t sign, size_t end) {
    pairs_.push_back({begin, end, "CAST(trunc(", ") AS BIGINT)"});
    others_.push_back({sign, 1, "//"});
  }
  /// `count` tokens of an operator become a comma.
  void comma(size_t i, size_t count = 1) { others_.push_back({i, count, ","}); }
  bool is_literal(size_t begin, size_t end) const;
  bool has_field(size_t begin, size_t end) const {
    return fields_before_[end] > fields_before_[begin];
  }
  bool wants(size_t begin, size_t middle, size_t end) const;

  Operands operands_;
  std::string_view text_;
  LexOptions options_;
  NumbersOf of_;
  std::vector<uint32_t> fields_before_;  // @variables that are fields, before each token
  bool assigns_ = false;                 // behind SET: a = 1, b = 2
  int depth_ = 0;
  std::vector<Pair> pairs_;
  std::vector<Rewrite> others_;
};

/// A number or a NULL that is written out.
bool Finder::is_literal(size_t begin, size_t end) const {
  if (operands_.is(begin, "-")) ++begin;
  const bool value = operands_.at(begin).kind == TokenKind::kNumber || operands_.is(begin, "NULL");
  return value && begin + 1 == end;
}

/// Of an operator at `middle`, or between an operand and it.
bool Finder::wants(size_t begin, size_t middle, size_t end) const {
  if (of_ == NumbersOf::kNone) return false;
  if (of_ == NumbersOf::kVariables) return has_field(begin, end);
  // Of two that are written out the store knows better.
  const bool null = operands_.is(begin, "NULL") || operands_.is(end - 1, "NULL");
  return !null && !(is_literal(begin, middle) && is_literal(middle + 1, end));
}

void Finder::walk(size_t begin, size_t end) {
  if (depth_ == kDepthMax) return;
  ++depth_;
  const bool outside = std::exchange(assigns_, false);
  for (size_t i = begin; i < end;) {
    if (operands_.is(i, "SET") || operands_.is(i - 1, "KEY")) assigns_ = true;
    if (operands_.is(i, "WHERE") || operands_.is(i, "SELECT")) assigns_ = false;
    const size_t first = assigned(i);
    const size_t behind = comparison(first);
    i = std::max(behind, first + (behind == first));
  }
  assigns_ = outside;
  --depth_;
}

/// Behind `a =` or `t.a =` of an assignment.
size_t Finder::assigned(size_t i) {
  const bool begins = operands_.is(i - 1, "SET") || operands_.is(i - 1, ",") ||
                      (operands_.is(i - 1, "UPDATE") && operands_.is(i - 2, "KEY"));
  if (!assigns_ || !begins) return i;
  size_t name = i;
  while (is_name(operands_.at(name)) && operands_.is(name + 1, ".")) name += 2;
  return is_name(operands_.at(name)) && operands_.is(name + 1, "=") ? name + 2 : i;
}

size_t Finder::comparison(size_t begin) {
  size_t end = others(begin);
  while (end > begin) {
    const bool negated = operands_.is(end, "NOT");
    const size_t word = negated ? end + 1 : end;
    if (operands_.is_any(word, kMatching)) {
      const size_t pattern = others(word + 1);
      if (pattern == word + 1) return end;
      end = pattern;
      continue;
    }
    if (operands_.is(word, "BETWEEN")) return between(begin, end, negated);
    if (operands_.is(word, "IN") && operands_.is(word + 1, "(")) {
      if (operands_.is_number(word + 2) && wants(begin, end, end)) wrap(begin, end, "perhaps");
      walk(word + 1, operands_.closing(word + 1));
      return operands_.closing(word + 1) + 1;
    }
    const auto function = function_of(end, kComparisons);
    if (function.empty() || operands_.is_any(end + 1, kOfRows)) return end;
    const size_t behind = others(end + 1);
    if (behind == end + 1) return end;
    if (wants(begin, end, behind)) {
      wrap(begin, behind, function);
      comma(end);
    }
    end = behind;
  }
  return end;
}

/// x [NOT] BETWEEN a AND b; `i` is behind x.
size_t Finder::between(size_t begin, size_t i, bool negated) {
  const size_t low = negated ? i + 2 : i + 1;
  const size_t middle = others(low);
  if (middle == low || !operands_.is(middle, "AND")) return i;
  const size_t end = others(middle + 1);
  if (end == middle + 1) return i;
  if (wants(begin, i, end)) {
    wrap(begin, end, negated ? "not_between" : "between");
    comma(i, negated ? 2 : 1);
    comma(middle);
  }
  return end;
}

size_t Finder::others(size_t begin) {
  size_t end = sum(begin);
  while (end > begin && operands_.is_any(end, kOthers)) {
    const size_t behind = sum(end + 1);
    if (behind == end + 1) break;
    end = behind;
  }
  return end;
}

template <class Lower, class Operators>
size_t Finder::chain(size_t begin, Lower lower, const Operators& operators) {
  size_t end = (this->*lower)(begin);
  while (end > begin) {
    const auto function = function_of(end, operators);
    if (function.empty()) break;
    const size_t behind = (this->*lower)(end + 1);
    if (behind == end + 1) break;
    if (wants(begin, end, behind)) {
      wrap(begin, behind, function);
      comma(end);
    } else if (function == kDividedWhole) {
      divide_whole(begin, end, behind);
    }
    end = behind;
  }
  return end;
}

size_t Finder::signed_operand(size_t begin) {
  size_t first = begin;
  while (operands_.is(first, "-") || operands_.is(first, "+")) ++first;
  const size_t end = operand(first);
  if (end == first) return begin;
  const bool wanted = of_ == NumbersOf::kAll
                          ? !is_literal(first, end)
                          : of_ == NumbersOf::kVariables && has_field(first, end);
  if (first > begin && wanted) wrap(first, end, "number");
  return end;
}

size_t Finder::operand(size_t begin) {
  const Token& token = operands_.at(begin);
  const bool reserved = token.kind == TokenKind::kWord && !ends_operand(text_, token);
  const bool called = operands_.is_any(begin, kReservedCalls) && operands_.is(begin + 1, "(");
  if (reserved && !called && !operands_.is(begin, "CASE")) return begin;
  const size_t end = operands_.operand_end(begin);
  if (end == begin) return begin;
  for (size_t i = begin; i < end; ++i) {
    const bool opens = operands_.is(i, "(") || operands_.is(i, "[");
    if (operands_.is(i, "CASE") && i == begin) {
      walk(begin + 1, operands_.case_end(begin) - 1);
      i = operands_.case_end(begin) - 1;
    } else if (opens) {
      if (i > begin) call(i - 1);
      walk(i + 1, operands_.closing(i));
      i = operands_.closing(i);
    }
  }
  return end;
}

void Finder::call(size_t name) {
  const size_t open = name + 1;
  const size_t close = operands_.closing(open);
  const size_t begin = operands_.is(open + 1, "DISTINCT") ? open + 2 : open + 1;
  size_t end = begin;  // of the first argument
  while (end < close && !operands_.is(end, ","))
    end = operands_.is(end, "(") || operands_.is(end, "[") ? operands_.closing(end) + 1 : end + 1;
  const bool all = of_ == NumbersOf::kAll;
  if (of_ == NumbersOf::kNone) return;
  if (end <= begin || !(all || has_field(begin, end))) return;
  if (operands_.is_any(name, kChoosing)) {
    const size_t last = operands_.last_separator(open) + 1;
    if (last > begin && operands_.is_number(last) && is_literal(last, close))
      others_.push_back({last, close - last, quoted_text(raw_between(last, close))});
    return;
  }
  const bool number =
      operands_.is_any(name, kOfNumbers) && !(all && operands_.is_any(name, kOfAny));
  const bool meant = number || (all && operands_.is_any(name, kOverRows));
  if (meant && !is_literal(begin, end)) wrap(begin, end, "number");
}

}  // namespace

bool is_field_variable(std::string_view name) {
  return !name.starts_with(':') && !is_one_of(name, kOfModels);
}

bool is_of_types(const Error& error) {
  const auto says = [&](std::string_view words) {
    return error.message.find(words) != std::string::npos;
  };
  // Of = and IN the store makes a column of texts whole numbers by itself.
  const bool column = error.code == Code::kTypeMismatch && says("when casting from source column");
  return column || says("an explicit cast is required") || says("add explicit type casts");
}

void text_numbers(std::string_view text, std::span<const Token> tokens, LexOptions options,
                  NumbersOf of, std::vector<Rewrite>& found) {
  Finder(text, tokens, options, of).run(found);
}

}  // namespace millrace::sql
