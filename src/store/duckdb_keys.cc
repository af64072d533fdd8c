#include "store/duckdb_keys.h"

#include <algorithm>

#include "store/duckdb_appender.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

constexpr const char* kKeyStage = "__millrace_keys";  // a temporary table of the connection

}  // namespace

std::string stage_column(size_t i) {
  return "c" + std::to_string(i);
}

Result<DuckdbKeys> DuckdbKeys::find(duckdb_connection connection, const FoundTable& table,
                                    const std::vector<std::string>& names) {
  DuckdbKeys keys;
  keys.table_ = table.quoted();
  keys.names_ = names;
  TRY(auto rows, query(connection,
                       "SELECT constraint_index::BIGINT, (constraint_type = 'PRIMARY KEY')::BIGINT,"
                       " unnest(constraint_column_names) FROM duckdb_constraints() WHERE "
                       "database_name = $1 AND schema_name = $2 AND table_name = $3 AND "
                       "constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY 1",
                       {std::string_view(kCatalog), std::string_view(table.schema),
                        std::string_view(table.name)}));
  std::optional<int64_t> index;
  bool filled = true;
  while (rows.next()) {
    if (index != rows.integer(0)) {
      if (!filled) keys.keys_.pop_back();
      filled = true;
      index = rows.integer(0);
      keys.keys_.push_back({{}, rows.integer(1) != 0});
    }
    const auto at = std::find(names.begin(), names.end(), rows.text(2));
    filled = filled && at != names.end();
    keys.keys_.back().columns.push_back(static_cast<size_t>(at - names.begin()));
  }
  if (!filled) keys.keys_.pop_back();
  return keys;
}

Result<std::vector<KeyTaken>> DuckdbKeys::taken(duckdb_connection connection,
                                                const EachChunk& each_chunk,
                                                std::vector<LogicalType> types) const {
  types.emplace_back(duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER));
  std::vector<duckdb_logical_type> borrowed;
  for (const auto& type : types) borrowed.push_back(type.get());
  // The columns' types are those of the table, whatever they are called.
  std::string columns;
  for (size_t i = 0; i < names_.size(); ++i)
    columns += quoted_name(names_[i]) + " AS " + stage_column(i) + ", ";
  TRY_OK(run(connection, "CREATE OR REPLACE TEMP TABLE " + std::string(kKeyStage) + " AS SELECT " +
                             columns + "0::UINTEGER AS row FROM " + table_ + " LIMIT 0"));
  TRY(const auto appender, open_appender(connection, "temp", kMainSchema, kKeyStage, {}));
  const DataChunk staged(duckdb_create_data_chunk(borrowed.data(), borrowed.size()));
  TRY_OK(each_chunk([&](duckdb_data_chunk chunk, std::span<const uint32_t> rows) {
    duckdb_data_chunk_reset(staged.get());
    for (size_t i = 0; i < names_.size(); ++i)
      duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(staged.get(), i),
                                     duckdb_data_chunk_get_vector(chunk, i));
    auto* numbers = static_cast<uint32_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(staged.get(), names_.size())));
    std::copy(rows.begin(), rows.end(), numbers);
    duckdb_data_chunk_set_size(staged.get(), rows.size());
    return append_chunk(appender, staged.get());
  }));
  TRY_OK(finish(appender));
  std::vector<KeyTaken> found;
  for (const auto& key : keys_) TRY_OK(taken(connection, key, found));
  TRY_OK(run(connection, "DROP TABLE temp." + std::string(kMainSchema) + "." + kKeyStage));
  return found;
}

Status DuckdbKeys::taken(duckdb_connection connection, const Key& key,
                         std::vector<KeyTaken>& found) const {
  std::string columns;
  std::string same;
  std::string whole;  // a NULL in a UNIQUE key makes it none
  std::string words;
  for (const size_t i : key.columns) {
    const std::string column = "s." + stage_column(i);
    columns += (columns.empty() ? "" : ", ") + column;
    same += (same.empty() ? "t." : " AND t.") + quoted_name(names_[i]) + " = " + column;
    whole += (whole.empty() ? "" : " AND ") + column + " IS NOT NULL";
    words += (words.empty() ? "" : ", ', ', ") + quoted_text(names_[i] + ": ") + ", CAST(" +
             column + " AS VARCHAR)";
  }
  const std::string stage =
      " FROM temp." + std::string(kMainSchema) + "." + kKeyStage + " s WHERE ";
  TRY(auto rows, query(connection, "SELECT s.row::BIGINT, NULL::BIGINT, concat(" + words + ")" +
                                       stage + whole + " AND EXISTS (SELECT 1 FROM " + table_ +
                                       " t WHERE " + same + ") UNION ALL SELECT * FROM (SELECT " +
                                       "s.row::BIGINT AS row, min(s.row::BIGINT) OVER (PARTITION " +
                                       "BY " + columns + ") AS first, concat(" + words + ")" +
                                       stage + whole + ") WHERE row <> first"));
  const std::string kind = key.primary ? "primary key" : "unique";
  while (rows.next()) {
    KeyTaken one;
    one.row = static_cast<uint32_t>(rows.integer(0));
    if (!rows.is_null(1)) one.first = static_cast<uint32_t>(rows.integer(1));
    one.detail = "duplicate key \"" + rows.text(2) + "\" violates " + kind + " constraint";
    found.push_back(std::move(one));
  }
  return {};
}

}  // namespace millrace::store
