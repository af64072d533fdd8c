#include "sql/alter_forms.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sql/column_type.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

/// Nothing to the store, up to the next comma.
constexpr auto kIdleOptions =
    std::to_array<std::string_view>({"ENGINE", "AUTO_INCREMENT", "COMMENT", "DEFAULT", "CHARSET",
                                     "CHARACTER", "COLLATE", "CONVERT", "ROW_FORMAT", "ORDER"});

struct ColumnForm {
  std::string type;
  std::string default_value;  // empty: none
  bool not_null = false;
};

class Actions {
 public:
  explicit Actions(TokenReader& reader) : reader_(reader) {}

  std::vector<std::string> run() {
    const size_t begin = reader_.index();
    if (!is_name(reader_.peek())) return {};
    reader_.skip();
    if (reader_.accept(".")) {
      database_ = text(begin, begin + 1) + ".";
      reader_.skip();
    }
    table_ = text(begin, reader_.index());
    do {
      if (!action()) return {};
    } while (reader_.accept(","));
    if (!reader_.done()) return {};
    // A statement of options alone.
    if (statements_.empty()) statements_.push_back("ALTER TABLE " + table_ + " ENABLE KEYS");
    return std::move(statements_);
  }

 private:
  bool action();
  bool add_action();
  bool drop_action();
  bool unique(const std::string& named);
  bool change(const std::string& from);
  std::optional<ColumnForm> column();
  bool attribute(ColumnForm& column);
  bool default_value(ColumnForm& column);
  bool as_it_is(size_t begin);
  std::string name() {
    const size_t begin = reader_.index();
    if (!is_name(reader_.peek())) return {};
    reader_.skip();
    return text(begin, begin + 1);
  }
  void add(const std::string& action) {
    statements_.push_back("ALTER TABLE " + table_ + " " + action);
  }
  bool at_end() const { return reader_.done() || reader_.at(","); }
  std::string text(size_t begin, size_t end) const {
    if (begin >= end) return {};
    const auto tokens = reader_.tokens();
    return std::string(
        reader_.text().substr(tokens[begin].begin, tokens[end - 1].end - tokens[begin].begin));
  }

  TokenReader& reader_;
  std::string table_;
  std::string database_;  // with its dot; empty when none is written
  std::vector<std::string> statements_;
};

bool Actions::action() {
  const size_t begin = reader_.index();
  if (reader_.accept("ADD")) return add_action() || as_it_is(begin);
  if (reader_.accept("DROP")) return drop_action() || as_it_is(begin);
  if (reader_.accept("MODIFY")) {
    (void)reader_.accept("COLUMN");
    return change(name());
  }
  if (reader_.accept("CHANGE")) {
    (void)reader_.accept("COLUMN");
    const std::string from = name();
    const std::string to = name();
    if (from.empty() || to.empty()) return false;
    if (from != to) add("RENAME COLUMN " + from + " TO " + to);
    return change(to);
  }
  const bool option = std::any_of(kIdleOptions.begin(), kIdleOptions.end(),
                                  [&](std::string_view word) { return reader_.at(word); });
  if (!option) return as_it_is(begin);
  while (!at_end()) reader_.skip();
  return true;
}

/// Up to the next comma that stands in no parentheses.
bool Actions::as_it_is(size_t begin) {
  reader_.seek(begin);
  for (int depth = 0; !reader_.done() && (depth > 0 || !reader_.at(",")); reader_.skip()) {
    if (reader_.at("(")) ++depth;
    if (reader_.at(")")) --depth;
  }
  if (reader_.index() == begin) return false;
  add(text(begin, reader_.index()));
  return true;
}

bool Actions::add_action() {
  if (reader_.at("INDEX") || reader_.at("KEY")) {  // a column store has no use for it
    reader_.skip();
    (void)name();
    return reader_.at("(") && skip_parentheses(reader_) && at_end();
  }
  std::string named;
  if (reader_.accept("CONSTRAINT")) named = name();
  if (reader_.accept("UNIQUE")) return unique(named);
  for (const std::string_view word : {"PRIMARY", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL"}) {
    if (reader_.at(word)) return false;
  }
  if (!named.empty()) return false;
  (void)reader_.accept("COLUMN");
  const std::string called = name();
  const auto column = called.empty() ? std::nullopt : this->column();
  // Rows that are there need a value.
  if (!column || (column->not_null && column->default_value.empty())) return false;
  const std::string value =
      column->default_value.empty() ? "" : " DEFAULT " + column->default_value;
  add("ADD COLUMN " + called + " " + column->type + value);
  if (column->not_null) add("ALTER COLUMN " + called + " SET NOT NULL");
  return true;
}

bool Actions::unique(const std::string& named) {
  if (!reader_.accept("INDEX")) (void)reader_.accept("KEY");
  std::string called = reader_.at("(") ? named : name();
  const size_t open = reader_.index();
  if (!reader_.at("(") || !skip_parentheses(reader_) || !at_end()) return false;
  if (called.empty()) {
    const auto& column = reader_.tokens()[open + 1];
    called = backticked(value_of(reader_.text(), column, reader_.options()) + "_key");
  }
  statements_.push_back("CREATE UNIQUE INDEX " + called + " ON " + table_ + " " +
                        text(open, reader_.index()));
  return true;
}

bool Actions::drop_action() {
  if (!reader_.accept("INDEX") && !reader_.accept("KEY")) {
    (void)reader_.accept("COLUMN");
    const std::string called = name();
    if (called.empty() || !at_end()) return false;  // PRIMARY KEY, IF EXISTS ...
    add("DROP COLUMN " + called);
    return true;
  }
  const std::string called = name();
  if (called.empty() || !at_end()) return false;
  statements_.push_back("DROP INDEX " + database_ + called);
  return true;
}

/// What is not said of a column that is defined anew is no more.
bool Actions::change(const std::string& called) {
  if (called.empty()) return false;
  const auto column = this->column();
  if (!column) return false;
  const std::string alter = "ALTER COLUMN " + called;
  add(alter + " TYPE " + column->type);
  add(alter + (column->default_value.empty() ? std::string(" DROP DEFAULT")
                                             : " SET DEFAULT " + column->default_value));
  add(alter + (column->not_null ? " SET NOT NULL" : " DROP NOT NULL"));
  return true;
}

std::optional<ColumnForm> Actions::column() {
  auto type = parse_column_type(reader_);
  if (!type || type->serial) return std::nullopt;
  ColumnForm column;
  column.type = type->sql;
  while (!at_end()) {
    if (!attribute(column)) return std::nullopt;
  }
  return column;
}

bool Actions::attribute(ColumnForm& column) {
  if (reader_.accept({"NOT", "NULL"})) {
    column.not_null = true;
    return true;
  }
  if (reader_.accept("NULL")) return true;
  if (reader_.accept("DEFAULT")) return default_value(column);
  if (reader_.accept("COMMENT") || reader_.accept("COLLATE") || reader_.accept("CHARSET") ||
      reader_.accept({"CHARACTER", "SET"})) {
    reader_.skip();
    return true;
  }
  return false;  // AFTER too: the store's columns come last, and an INSERT may count on the place
}

/// 5, -5, 'text', (an expression), CURRENT_TIMESTAMP(6)
bool Actions::default_value(ColumnForm& column) {
  const size_t begin = reader_.index();
  if (reader_.at("-") || reader_.at("+")) reader_.skip();
  if (!reader_.at("(")) reader_.skip();
  if (reader_.at("(") && !skip_parentheses(reader_)) return false;
  column.default_value = text(begin, reader_.index());
  return true;
}

}  // namespace

std::vector<std::string> alter_forms(TokenReader& reader) {
  return Actions(reader).run();
}

}  // namespace millrace::sql
