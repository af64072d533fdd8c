#include "store/duckdb_upsert.h"

#include <algorithm>

#include "store/duckdb_appender.h"
#include "store/duckdb_keys.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

constexpr const char* kUpsertStage = "__millrace_upsert";  // a temporary table of the connection

Error no_key(const FoundTable& table, const std::string& why) {
  return Error(Code::kInvalidArgument,
               "table \"" + table.name + "\" " + why +
                   ", by which REPLACE and ON DUPLICATE KEY UPDATE could tell a row",
               "They need a table with one PRIMARY KEY or UNIQUE whose columns are all filled.");
}

/// What REPLACE does to the row that is there: it becomes the new one, with the defaults of columns
/// that are not filled.
Result<std::string> replacing(duckdb_connection connection, const FoundTable& table,
                              const std::vector<std::string>& key) {
  TRY(auto columns,
      query(connection,
            "SELECT column_name FROM millrace_internal.told_columns WHERE database_name = $1 AND "
            "schema_name = $2 AND table_name = $3 AND generation IS NULL",
            {std::string_view(kCatalog), std::string_view(table.schema),
             std::string_view(table.name)}));
  std::string sets;
  while (columns.next()) {
    const std::string name = columns.text(0);
    if (std::find(key.begin(), key.end(), name) != key.end()) continue;
    sets += (sets.empty() ? "" : ", ") + quoted_name(name) + " = excluded." + quoted_name(name);
  }
  return sets.empty() ? "DO NOTHING" : "DO UPDATE SET " + sets;
}

}  // namespace

Result<std::unique_ptr<DuckdbUpsert>> DuckdbUpsert::open(duckdb_connection connection,
                                                         const FoundTable& table,
                                                         const std::vector<std::string>& names,
                                                         const OutputSpec& output) {
  TRY(const auto keys, DuckdbKeys::find(connection, table, names));
  const bool ignore = output.duplicates == Duplicates::kIgnore;
  if (keys.empty() && ignore) return std::unique_ptr<DuckdbUpsert>();
  if (keys.empty()) return no_key(table, "has no key of filled columns");
  if (keys.all().size() > 1 && !ignore) return no_key(table, "has several keys");
  std::unique_ptr<DuckdbUpsert> upsert(new DuckdbUpsert(connection));
  upsert->duplicates_ = output.duplicates;
  std::string columns, staged, renamed;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string comma = i > 0 ? ", " : "";
    columns += comma + quoted_name(names[i]);
    staged += comma + stage_column(i);
    renamed += comma + quoted_name(names[i]) + " AS " + stage_column(i);
  }
  std::string key_columns, staged_keys;
  std::vector<std::string> key;
  for (const size_t column : keys.all().front().columns) {
    const std::string comma = key_columns.empty() ? "" : ", ";
    key.push_back(names[column]);
    key_columns += comma + quoted_name(names[column]);
    staged_keys += comma + stage_column(column);
    upsert->keyless_ +=
        (upsert->keyless_.empty() ? "" : " OR ") + stage_column(column) + " IS NULL";
  }
  const bool replace = output.duplicates == Duplicates::kReplace;
  upsert->make_stage_ = "CREATE OR REPLACE TEMP TABLE " + std::string(kUpsertStage) +
                        " AS SELECT " + renamed + " FROM " + table.quoted() + " LIMIT 0";
  if (ignore) {
    upsert->insert_ = "INSERT OR IGNORE INTO " + table.quoted() + " (" + columns + ") SELECT " +
                      staged + " FROM temp." + kUpsertStage + " ORDER BY rowid";
    return upsert;
  }
  upsert->rank_ = "row_number() OVER (PARTITION BY " + staged_keys + " ORDER BY rowid" +
                  (replace ? " DESC" : "") + ")";
  upsert->insert_ = "INSERT INTO " + table.quoted() + " (" + columns + ") SELECT " + staged +
                    " FROM (SELECT *, rowid AS place, " + upsert->rank_ + " AS rank FROM temp." +
                    kUpsertStage + ")";
  upsert->conflict_ = " ON CONFLICT (" + key_columns + ") ";
  if (replace) {
    TRY(const std::string does, replacing(connection, table, key));
    upsert->conflict_ += does;
    return upsert;
  }
  upsert->conflict_ += "DO UPDATE SET ";
  for (size_t i = 0; i < output.on_duplicate.size(); ++i) {
    const auto& [column, expression] = output.on_duplicate[i];
    if (table.info.find(column) == nullptr)
      return Error(Code::kNotFound,
                   "table \"" + table.name + "\" has no column \"" + column + "\"");
    upsert->conflict_ += (i > 0 ? ", " : "") + quoted_name(column) + " = (" + expression + "\n)";
  }
  return upsert;
}

Result<int64_t> DuckdbUpsert::append(const EachChunk& each_chunk) const {
  TRY_OK(run(connection_, make_stage_));
  TRY(const auto appender, open_appender(connection_, "temp", kMainSchema, kUpsertStage, {}));
  TRY_OK(each_chunk([&](duckdb_data_chunk chunk) { return append_chunk(appender, chunk); }));
  TRY_OK(finish(appender));
  // The last row of a key is what REPLACE after REPLACE leaves.
  const bool replace = duplicates_ == Duplicates::kReplace;
  TRY(const int64_t taken,
      duplicates_ == Duplicates::kUpdate
          ? take_updating()
          : take(insert_ + (replace ? " WHERE rank = 1 OR " + keyless_ + " ORDER BY place" : "") +
                 conflict_));
  TRY_OK(run(connection_, "DROP TABLE temp." + std::string(kUpsertStage)));
  return taken;
}

Result<int64_t> DuckdbUpsert::take(const std::string& sql) const {
  TRY(const auto statement, prepare(connection_, sql));
  return change(statement, {});
}

/// One statement must not meet a key twice: the first rows of their keys, then the second ones.
Result<int64_t> DuckdbUpsert::take_updating() const {
  TRY(auto found, query(connection_, "SELECT coalesce(max(rank), 0)::BIGINT FROM (SELECT " + rank_ +
                                         " AS rank FROM temp." + kUpsertStage + ")"));
  const int64_t ranks = found.next() ? found.integer(0) : 0;
  int64_t taken = 0;
  for (int64_t rank = 1; rank <= ranks; ++rank) {
    TRY(const int64_t of_rank,
        take(insert_ + " WHERE rank = " + std::to_string(rank) + " ORDER BY place" + conflict_));
    taken += of_rank;
  }
  return taken;
}

}  // namespace millrace::store
