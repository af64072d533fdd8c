#include "store/duckdb_upsert.h"

#include "store/duckdb_appender.h"
#include "store/duckdb_keys.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

constexpr const char* kStage = "__millrace_upsert";  // a temporary table of the connection

std::string stage_column(size_t i) {
  return "c" + std::to_string(i);
}

Error no_key(const FoundTable& table, const std::string& why) {
  return Error(Code::kInvalidArgument,
               "table \"" + table.name + "\" " + why +
                   ", by which REPLACE and ON DUPLICATE KEY UPDATE could tell a row",
               "They need a table with one PRIMARY KEY or UNIQUE whose columns are all filled.");
}

}  // namespace

Result<std::unique_ptr<DuckdbUpsert>> DuckdbUpsert::open(duckdb_connection connection,
                                                         const FoundTable& table,
                                                         const std::vector<std::string>& names,
                                                         const OutputSpec& output) {
  TRY(const auto keys, DuckdbKeys::find(connection, table, names));
  if (keys.empty()) return no_key(table, "has no key of filled columns");
  if (keys.all().size() > 1) return no_key(table, "has several keys");
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
  for (const size_t column : keys.all().front().columns) {
    const std::string comma = key_columns.empty() ? "" : ", ";
    key_columns += comma + quoted_name(names[column]);
    staged_keys += comma + stage_column(column);
    upsert->keyless_ +=
        (upsert->keyless_.empty() ? "" : " OR ") + stage_column(column) + " IS NULL";
  }
  const bool replace = output.duplicates == Duplicates::kReplace;
  upsert->make_stage_ = "CREATE OR REPLACE TEMP TABLE " + std::string(kStage) + " AS SELECT " +
                        renamed + " FROM " + table.quoted() + " LIMIT 0";
  upsert->rank_ = "row_number() OVER (PARTITION BY " + staged_keys + " ORDER BY rowid" +
                  (replace ? " DESC" : "") + ")";
  upsert->insert_ = std::string(replace ? "INSERT OR REPLACE" : "INSERT") + " INTO " +
                    table.quoted() + " (" + columns + ") SELECT " + staged + " FROM (SELECT *, " +
                    "rowid AS place, " + upsert->rank_ + " AS rank FROM temp." + kStage + ")";
  if (replace) return upsert;
  upsert->conflict_ = " ON CONFLICT (" + key_columns + ") DO UPDATE SET ";
  for (size_t i = 0; i < output.on_duplicate.size(); ++i) {
    const auto& [column, expression] = output.on_duplicate[i];
    if (table.info.find(column) == nullptr)
      return Error(Code::kNotFound,
                   "table \"" + table.name + "\" has no column \"" + column + "\"");
    upsert->conflict_ += (i > 0 ? ", " : "") + quoted_name(column) + " = (" + expression + "\n)";
  }
  return upsert;
}

Status DuckdbUpsert::append(const EachChunk& each_chunk) const {
  TRY_OK(run(connection_, make_stage_));
  TRY(const auto appender, open_appender(connection_, "temp", kMainSchema, kStage, {}));
  TRY_OK(each_chunk([&](duckdb_data_chunk chunk) { return append_chunk(appender, chunk); }));
  TRY_OK(finish(appender));
  TRY_OK(duplicates_ == Duplicates::kReplace ? take_replacing() : take_updating());
  return run(connection_, "DROP TABLE temp." + std::string(kStage));
}

/// The last row of a key is what REPLACE after REPLACE leaves.
Status DuckdbUpsert::take_replacing() const {
  return run(connection_, insert_ + " WHERE rank = 1 OR " + keyless_ + " ORDER BY place");
}

/// One statement must not meet a key twice: the first rows of their keys, then the second ones.
Status DuckdbUpsert::take_updating() const {
  TRY(auto found, query(connection_, "SELECT coalesce(max(rank), 0)::BIGINT FROM (SELECT " + rank_ +
                                         " AS rank FROM temp." + kStage + ")"));
  const int64_t ranks = found.next() ? found.integer(0) : 0;
  for (int64_t rank = 1; rank <= ranks; ++rank)
    TRY_OK(run(connection_,
               insert_ + " WHERE rank = " + std::to_string(rank) + " ORDER BY place" + conflict_));
  return {};
}

}  // namespace millrace::store
