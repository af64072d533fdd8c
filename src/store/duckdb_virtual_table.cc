#include "store/duckdb_virtual_table.h"

#include <algorithm>
#include <memory>

#include "store/duckdb_batch.h"
#include "store/duckdb_schema.h"

namespace millrace::store {
namespace {

/// One query's reading of the table, by one thread.
struct TableScan {
  Batch rows;
  size_t next = 0;
  std::vector<idx_t> columns;  // which column of the table each column of the answer is
};

void bind_scan(duckdb_bind_info info) {
  const auto& table = *static_cast<const VirtualTable*>(duckdb_bind_get_extra_info(info));
  for (const auto& field : table.columns->fields()) {
    const auto type = logical_type_of(field.type);
    duckdb_bind_add_result_column(info, field.name.c_str(), type.get());
  }
}

void begin_scan(duckdb_init_info info) {
  const auto& table = *static_cast<const VirtualTable*>(duckdb_init_get_extra_info(info));
  auto scan = std::make_unique<TableScan>();
  scan->rows = table.rows();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i)
    scan->columns.push_back(duckdb_init_get_column_index(info, i));
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, scan.release(), destroy<TableScan>);
}

void continue_scan(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scan = *static_cast<TableScan*>(duckdb_function_get_init_data(info));
  const size_t count =
      std::min<size_t>(scan.rows.rows() - scan.next, static_cast<size_t>(duckdb_vector_size()));
  for (idx_t i = 0; i < scan.columns.size(); ++i) {
    // count(*) asks for a column that no table has.
    if (scan.columns[i] >= scan.rows.column_count()) continue;
    fill_vector(scan.rows.column(scan.columns[i]), scan.next, count,
                duckdb_data_chunk_get_vector(output, i));
  }
  scan.next += count;
  duckdb_data_chunk_set_size(output, count);
}

}  // namespace

Status register_virtual_table(duckdb_connection connection, VirtualTable table) {
  const std::string name = "millrace_rows_of_" + to_lower(table.schema + "_" + table.name);
  const std::string view = quoted_name(kCatalog) + "." + quoted_name(schema_of(table.schema)) +
                           "." + quoted_name(table.name);
  TableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), name.c_str());
  duckdb_table_function_set_extra_info(function.get(),
                                       std::make_unique<VirtualTable>(std::move(table)).release(),
                                       destroy<VirtualTable>);
  duckdb_table_function_set_bind(function.get(), bind_scan);
  duckdb_table_function_set_init(function.get(), begin_scan);
  duckdb_table_function_set_function(function.get(), continue_scan);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError)
    return Error(Code::kInternal, "could not register table function \"" + name + "\"");
  return run(connection, "CREATE OR REPLACE VIEW " + view + " AS SELECT * FROM system.main." +
                             quoted_name(name) + "()");
}

}  // namespace millrace::store
