// A Runner's INSERT into tables with an AUTO_INCREMENT column: MySQL makes a number where none or
// NULL or 0 is given, and tells the client the first one it made.
#include <algorithm>
#include <charconv>

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/runner.h"
#include "sql/schema_change.h"
#include "sql/show.h"

namespace millrace::sql {

namespace {

bool has_column(const std::vector<std::string>& columns, const std::string& name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const auto& column) { return same_name(column, name); });
}

bool mentions(std::string_view text, std::span<const Token> tokens, std::string_view word) {
  return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
    return token.kind == TokenKind::kWord && same_name(raw(text, token), word);
  });
}

std::string in_parentheses(const std::vector<std::string>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "(" : ", ") + quoted_name(column);
  return list + ")";
}

}  // namespace

Result<Translation> Runner::translate_native() {
  insert_id_ = InsertId::kNone;
  auto options = translate_options(names_items());
  const auto target = insert_target(text_, tokens_, lex_options());
  if (!target) return translate(text_, tokens_, options);
  TRY(const auto column, auto_column(*target));
  std::vector<size_t> empty;
  bool listed = false;
  if (column) {
    size_t place = column->index;
    listed = target->columns.empty();
    for (size_t i = 0; i < target->columns.size(); ++i) {
      if (!same_name(target->columns[i], column->name)) continue;
      listed = true;
      place = i;
    }
    if (listed) empty = empty_values(text_, tokens_, lex_options(), *target, place);
  }
  const bool made = column && (!listed || !empty.empty());
  options.defaults = empty;
  if (column) pass_given(*target, made, listed && empty.empty());
  const bool replaces = same_name(raw(text_, tokens_.front()), "REPLACE");
  std::vector<std::string> key;
  if (replaces || mentions(text_, tokens_, "DUPLICATE")) {
    const bool partly = replaces && !target->columns.empty();
    TRY(key, conflict_key(*target, made ? column : std::nullopt, partly ? 1 : 2));
    if (!key.empty()) options.conflict_key = in_parentheses(key);
  }
  TRY(Translation translation, translate(text_, tokens_, options));
  if (replaces && !key.empty()) {
    TRY(const std::string clause, replacing(*target, key));
    translation.sql += clause;
  }
  if (!column || target->has_returning) return translation;
  translation.sql += " RETURNING " + quoted_name(column->name);
  insert_id_ = made ? InsertId::kMade : InsertId::kGiven;
  return translation;
}

/// A table of fewer keys, or of none, needs no choice. What meets another key than the chosen one
/// is an error of the store's.
Result<std::vector<std::string>> Runner::conflict_key(const InsertTarget& target,
                                                      const std::optional<AutoColumn>& made,
                                                      size_t keys_min) {
  const std::string& database = target.database.empty() ? database_ : target.database;
  std::vector<std::vector<std::string>> keys;
  const auto found = fetch(unique_keys_query(database, target.table));
  if (!found) return std::vector<std::string>();
  std::string last;
  for (const auto& row : found->rows) {
    if (keys.empty() || last != *row[0]) keys.emplace_back();
    last = *row[0];
    keys.back().push_back(*row[1]);
  }
  if (keys.size() < keys_min) return std::vector<std::string>();
  for (auto& key : keys) {
    const bool given = std::all_of(key.begin(), key.end(), [&](const std::string& name) {
      return !(made && same_name(name, made->name)) &&
             (target.columns.empty() || has_column(target.columns, name));
    });
    if (given) return std::move(key);
  }
  return std::move(keys.front());
}

/// What REPLACE does with the row that is there: columns that are not given get their defaults, as
/// in a new row. Not needed for a table of one key of which all columns are given.
Result<std::string> Runner::replacing(const InsertTarget& target,
                                      const std::vector<std::string>& key) {
  const std::string& database = target.database.empty() ? database_ : target.database;
  TRY(const Rows columns, fetch(written_columns_query(database, target.table)));
  std::string sets;
  for (const auto& row : columns.rows) {
    if (has_column(key, *row[0])) continue;
    const std::string name = quoted_name(*row[0]);
    sets += (sets.empty() ? "" : ", ") + name + " = excluded." + name;
  }
  const std::string does = sets.empty() ? " DO NOTHING" : " DO UPDATE SET " + sets;
  return " ON CONFLICT " + in_parentheses(key) + does;
}

Result<std::optional<AutoColumn>> Runner::auto_column(const InsertTarget& target) {
  const std::string& database = target.database.empty() ? database_ : target.database;
  const uint64_t change = SchemaChange::count();
  if (change != auto_columns_of_) auto_columns_.clear();
  auto_columns_of_ = change;
  const std::string key = auto_column_key(target);
  if (const auto known = auto_columns_.find(key); known != auto_columns_.end())
    return known->second;
  // A statement on a transaction that is aborted fails by itself, and in its own words.
  const auto found = fetch(auto_column_query(database, target.table));
  if (!found) return std::optional<AutoColumn>();
  std::optional<AutoColumn> column;
  if (!found->rows.empty()) {
    const std::string& digits = *found->rows[0][1];
    column.emplace().name = *found->rows[0][0];
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), column->index);
    if (found->rows[0].size() > 2) column->number = found->rows[0][2].value_or("");
  }
  auto_columns_.emplace(key, column);
  return column;
}

std::string Runner::auto_column_key(const InsertTarget& target) const {
  return to_lower(target.database.empty() ? database_ : target.database) + "." +
         to_lower(target.table);
}

/// The numbers that are made go on behind those that were given, of which a sequence knows none:
/// before the first one that the session makes, and again when it has given some itself.
void Runner::pass_given(const InsertTarget& target, bool made, bool given) {
  const auto known = auto_columns_.find(auto_column_key(target));
  if (known == auto_columns_.end() || !known->second || known->second->number.empty()) return;
  auto& column = *known->second;
  // A sequence of a temporary table has no database, and goes its own way.
  const bool stored = column.number.find("\".\"") != std::string::npos;
  if (stored && made && !column.passed) {
    const std::string table = quoted_name(target.database.empty() ? database_ : target.database) +
                              "." + quoted_name(target.table);
    const auto behind =
        fetch("SELECT millrace_internal.numbers_behind(" + quoted_text(column.number) +
              ", (SELECT max(" + quoted_name(column.name) + ") FROM " + table + "))");
    const bool any = behind && !behind->rows.empty() && behind->rows[0][0].value_or("0") != "0";
    if (any)
      (void)run_quietly("SELECT max(" + column.number + ") FROM range(" + *behind->rows[0][0] +
                        ")");
    column.passed = true;
  }
  if (given) column.passed = false;
}

Result<StatementResult> Runner::inserted(StatementResult result) {
  StatementResult told;
  auto stream = std::move(result.stream);
  while (stream) {
    TRY(const auto chunk, stream->next());
    if (!chunk) break;
    for (size_t row = 0; row < chunk->rows(); ++row, ++told.rows_changed) {
      if (told.rows_changed == 0 && !chunk->is_null(0, row))
        told.last_insert_id = static_cast<uint64_t>(chunk->integer(0, row));
    }
  }
  if (insert_id_ == InsertId::kMade && told.last_insert_id != 0)
    facts_.last_insert_id = told.last_insert_id;
  return told;
}

}  // namespace millrace::sql
