#include "sql/plain_select.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "data/schema.h"
#include "store/value_text.h"

namespace millrace::sql {
namespace {

using store::SqlType;

constexpr size_t kItemBytesMax = 256;  // longer names are shortened elsewhere
constexpr size_t kExactDigitsMax = 15;
constexpr int64_t kInt32Max = 2'147'483'647;

/// A value of the row as the store types it.
using Literal = std::variant<int32_t, int64_t, double, std::string>;

struct Item {
  std::string name;
  std::variant<Literal, std::string> what;  // a literal, or the prediction's member
  std::string model;                        // of the member
};

struct RowValue {
  std::string name;
  Literal value;
};

/// Reads one statement, or stops at the first token that is not of the form.
class Reader {
 public:
  Reader(std::string_view text, std::span<const Token> tokens, const PlainSelectContext& context)
      : text_(text), tokens_(tokens), context_(context) {}

  bool read() {
    if (!accept("SELECT")) return false;
    do {
      if (!item()) return false;
    } while (accept(","));
    if (alias_.empty()) return at_end();
    return accept("FROM") && row() && at_end();
  }

  std::vector<Item> items;
  std::vector<RowValue> row_values;

 private:
  const Token& peek() const { return tokens_[std::min(at_, tokens_.size() - 1)]; }
  std::string_view raw_at() const { return raw(text_, peek()); }
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  bool accept(std::string_view word) {
    const auto kind = peek().kind;
    if ((kind != TokenKind::kWord && kind != TokenKind::kOperator) || !same_name(raw_at(), word))
      return false;
    ++at_;
    return true;
  }
  bool name(std::string& out) {
    if (!is_name(peek())) return false;
    out = value_of(text_, peek(), context_.lex);
    ++at_;
    return !out.empty() && out.size() <= kItemBytesMax && out.find('\0') == std::string::npos;
  }
  bool string(std::string& out) {
    if (peek().kind != TokenKind::kString || raw_at().front() != '\'') return false;
    out = value_of(text_, peek(), context_.lex);
    ++at_;
    return out.size() <= kItemBytesMax && out.find('\0') == std::string::npos;
  }

  /// [name] or nothing: what follows is the end of the item either way.
  bool alias(std::string& out) { return !accept("AS") || name(out); }

  bool item() {
    Item item;
    if (accept("predict")) {
      if (!member(item)) return false;
    } else {
      Literal value;
      if (peek().kind == TokenKind::kNumber) item.name = raw_at();
      if (!literal(value) || std::holds_alternative<double>(value)) return false;
      if (item.name.empty()) item.name = std::get<std::string>(value);
      item.what = std::move(value);
    }
    if (!alias(item.name) || item.name.empty()) return false;
    items.push_back(std::move(item));
    return true;
  }

  /// ('model', row).member: all of one row. Without an alias it is called by its text.
  bool member(Item& item) {
    std::string row;
    std::string member;
    const size_t begin = tokens_[at_ - 1].begin;
    if (!accept("(") || !string(item.model) || !accept(",") || !name(row) || !accept(")") ||
        !accept(".") || !name(member))
      return false;
    if (!alias_.empty() && !same_name(alias_, row)) return false;
    const auto whole = text_.substr(begin, tokens_[at_ - 1].end - begin);
    const bool comments = whole.find("/*") != std::string_view::npos ||
                          whole.find_first_of("#\n") != std::string_view::npos;
    if (!comments && whole.size() <= kItemBytesMax) item.name = whole;
    item.what = std::move(member);
    alias_ = std::move(row);
    return true;
  }

  /// (SELECT value AS name, ...) [AS] row
  bool row() {
    if (!accept("(") || !accept("SELECT")) return false;
    do {
      RowValue one;
      if (!value(one.value) || !accept("AS") || !name(one.name)) return false;
      // A column of that name would hide the row.
      if (same_name(one.name, alias_)) return false;
      for (const auto& other : row_values) {
        if (same_name(other.name, one.name)) return false;
      }
      row_values.push_back(std::move(one));
    } while (accept(","));
    std::string called;
    if (!accept(")")) return false;
    (void)accept("AS");
    return name(called) && same_name(called, alias_);
  }

  bool value(Literal& out) {
    if (accept("?")) return parameter(out);
    const bool negative = accept("-");
    if (negative && peek().kind != TokenKind::kNumber) return false;
    if (!literal(out)) return false;
    if (!negative) return true;
    std::visit(
        [](auto& number) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(number)>, std::string>)
            number = -number;
        },
        out);
    return true;
  }

  bool parameter(Literal& out) {
    if (parameter_ >= context_.parameters.size()) return false;
    const auto& bound = context_.parameters[parameter_++];
    if (const auto* whole = std::get_if<int64_t>(&bound)) {
      out = *whole;
    } else if (const auto* number = std::get_if<double>(&bound)) {
      out = *number;
    } else if (const auto* text = std::get_if<std::string_view>(&bound)) {
      out = std::string(*text);
    } else {
      return false;
    }
    return true;
  }

  bool literal(Literal& out) {
    if (peek().kind == TokenKind::kNumber) return number(out);
    std::string text;
    if (!string(text)) return false;
    out = std::move(text);
    return true;
  }

  /// 12 is an INTEGER or a BIGINT, 1.5 a DECIMAL that models read as a DOUBLE: of so few digits
  /// that both are the same number. Anything else has rules of its own.
  bool number(Literal& out) {
    const auto digits = raw_at();
    const char* end = digits.data() + digits.size();
    const size_t point = digits.find('.');
    if (digits.find_first_not_of("0123456789.") != std::string_view::npos) return false;
    if (point == std::string_view::npos) {
      int64_t whole = 0;
      const auto [stop, error] = std::from_chars(digits.data(), end, whole);
      if (error != std::errc() || stop != end) return false;
      if (whole <= kInt32Max)
        out = static_cast<int32_t>(whole);
      else
        out = whole;
    } else {
      double decimal = 0;
      if (point == 0 || point + 1 == digits.size() || digits.size() > kExactDigitsMax) return false;
      const auto [stop, error] = std::from_chars(digits.data(), end, decimal);
      if (error != std::errc() || stop != end) return false;
      out = decimal;
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  const PlainSelectContext& context_;
  size_t at_ = 0;
  size_t parameter_ = 0;
  std::string alias_;  // of the row; empty: none was named
};

Kind kind_of(const Literal& literal) {
  static constexpr Kind kKinds[] = {Kind::kInt32, Kind::kInt64, Kind::kDouble, Kind::kVarchar};
  return kKinds[literal.index()];
}

/// Its text points into `values`.
Batch batch_of(const std::vector<RowValue>& values) {
  std::vector<Field> fields;
  for (const auto& one : values) fields.push_back({one.name, {kind_of(one.value), false}});
  Batch batch(std::make_shared<Schema>(std::move(fields)));
  batch.reset(1);
  for (size_t i = 0; i < values.size(); ++i) {
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
            batch.column(i).set(0, std::string_view(value));
          else
            batch.column(i).set(0, value);
        },
        values[i].value);
  }
  return batch;
}

void add_literal(const Item& item, Rows& rows) {
  const auto& literal = std::get<Literal>(item.what);
  if (const auto* text = std::get_if<std::string>(&literal)) {
    rows.add_column(item.name, SqlType::kVarchar);
    rows.rows[0].push_back(*text);
    return;
  }
  const auto* narrow = std::get_if<int32_t>(&literal);
  rows.add_column(item.name, narrow != nullptr ? SqlType::kInteger : SqlType::kBigint);
  rows.rows[0].push_back(std::to_string(narrow != nullptr ? *narrow : std::get<int64_t>(literal)));
}

/// False for a member that does not exist, is written otherwise, or is a list.
bool add_member(const Item& item, const Batch& predictions, Rows& rows) {
  const auto& fields = predictions.schema().fields();
  const auto& member = std::get<std::string>(item.what);
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.name == member; });
  if (found == fields.end() || found->type.list) return false;
  const auto& column = predictions.column(static_cast<size_t>(found - fields.begin()));
  Cell cell;
  SqlType type = SqlType::kVarchar;
  const bool valid = column.is_valid(0);
  switch (found->type.kind) {
    case Kind::kInt64:
      type = SqlType::kBigint;
      if (valid) store::append_integer(column.values<int64_t>()[0], cell.emplace());
      break;
    case Kind::kDouble:
      type = SqlType::kDouble;
      if (valid) store::append_double(column.values<double>()[0], cell.emplace());
      break;
    case Kind::kVarchar:
      if (valid) cell.emplace(column.values<std::string_view>()[0]);
      break;
    default:
      return false;
  }
  rows.add_column(item.name, type);
  rows.rows[0].push_back(std::move(cell));
  return true;
}

}  // namespace

std::optional<Rows> answer_plainly(std::string_view text, std::span<const Token> tokens,
                                   const PlainSelectContext& context) {
  Reader reader(text, tokens, context);
  if (!reader.read()) return std::nullopt;
  Rows rows;
  rows.rows.emplace_back();
  const Batch row = batch_of(reader.row_values);
  std::string predicted;  // the model whose predictions these are
  Batch predictions(context.predictor.output());
  for (const auto& item : reader.items) {
    if (std::holds_alternative<Literal>(item.what)) {
      add_literal(item, rows);
      continue;
    }
    if (item.model != predicted &&
        !context.predictor.predict({item.model, context.database, store::kNewest}, row,
                                   predictions))
      return std::nullopt;
    predicted = item.model;
    if (!add_member(item, predictions, rows)) return std::nullopt;
  }
  return rows;
}

}  // namespace millrace::sql
