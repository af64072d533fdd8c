#include "store/duckdb_reject_table.h"

#include "base/clock.h"
#include "store/duckdb_appender.h"
#include "store/duckdb_tables.h"

namespace millrace::store {

Schema reject_columns() {
  return Schema({{"database_name", {Kind::kVarchar}},
                 {"pipeline_name", {Kind::kVarchar}},
                 {"batch_id", {Kind::kInt64}},
                 {"source_partition", {Kind::kInt64}},
                 {"source_offset", {Kind::kInt64}},
                 {"reason", {Kind::kVarchar}},
                 {"detail", {Kind::kVarchar}},
                 {"bytes", {Kind::kBlob}},
                 {"at", {Kind::kTimestamp}}});
}

Result<DuckdbRejectTable> DuckdbRejectTable::open(duckdb_connection connection,
                                                  const PipelineIdentity& pipeline,
                                                  const OutputSpec& output) {
  TRY(const auto found, find_table(connection, output.rejects_database, output.rejects_table));
  if (!found)
    return Error(Code::kNotFound, "table \"" + output.rejects_database + "." +
                                      output.rejects_table + "\" does not exist");
  const Schema wanted = reject_columns();
  const auto& columns = found->info.columns;
  bool same = columns.size() == wanted.size();
  for (size_t i = 0; same && i < columns.size(); ++i)
    same = same_name(columns[i].name, wanted[i].name) && columns[i].type == wanted[i].type;
  if (!same)
    return Error(Code::kTypeMismatch,
                 "table \"" + output.rejects_database + "." + output.rejects_table +
                     "\" has other columns than rejects",
                 "Leave it out and it is made.");
  DuckdbRejectTable table(connection, pipeline);
  table.schema_ = found->schema;
  table.table_ = found->name;
  return table;
}

Status DuckdbRejectTable::append(int64_t batch_id, std::span<const Reject> rejects) const {
  if (rejects.empty()) return {};
  TRY(auto rows, RowAppender::open(connection_, schema_, table_));
  const int64_t now = now_micros();
  for (const auto& reject : rejects) {
    rows.add(std::string_view(pipeline_.database)).add(std::string_view(pipeline_.name));
    rows.add(batch_id).add(int64_t{reject.partition}).add(reject.offset);
    rows.add(name_of(reject.reason)).add(std::string_view(reject.detail));
    rows.add(Bytes{reject.bytes}).add_time(now);
    rows.end_row();
  }
  return rows.finish();
}

}  // namespace millrace::store
