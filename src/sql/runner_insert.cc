// A Runner's INSERT into tables with an AUTO_INCREMENT column: MySQL makes a number where none or
// NULL or 0 is given, and tells the client the first one it made.
#include <charconv>

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/runner.h"
#include "sql/schema_change.h"
#include "sql/show.h"

namespace millrace::sql {

Result<Translation> Runner::translate_native() {
  insert_id_ = InsertId::kNone;
  auto options = translate_options(names_items());
  const auto target = insert_target(text_, tokens_, lex_options());
  if (!target || target->has_returning) return translate(text_, tokens_, options);
  TRY(const auto column, auto_column(*target));
  if (!column) return translate(text_, tokens_, options);
  size_t place = column->index;
  bool listed = target->columns.empty();
  for (size_t i = 0; i < target->columns.size(); ++i) {
    if (!same_name(target->columns[i], column->name)) continue;
    listed = true;
    place = i;
  }
  std::vector<size_t> empty;
  if (listed) empty = empty_values(text_, tokens_, lex_options(), *target, place);
  options.defaults = empty;
  TRY(Translation translation, translate(text_, tokens_, options));
  translation.sql += " RETURNING " + quoted_name(column->name);
  insert_id_ = listed && empty.empty() ? InsertId::kGiven : InsertId::kMade;
  return translation;
}

Result<std::optional<AutoColumn>> Runner::auto_column(const InsertTarget& target) {
  const std::string& database = target.database.empty() ? database_ : target.database;
  const uint64_t change = SchemaChange::count();
  if (change != auto_columns_of_) auto_columns_.clear();
  auto_columns_of_ = change;
  const std::string key = to_lower(database) + "." + to_lower(target.table);
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
  }
  auto_columns_.emplace(key, column);
  return column;
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
