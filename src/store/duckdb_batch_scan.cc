#include "store/duckdb_batch_scan.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "store/duckdb_batch.h"

namespace millrace::store {
namespace {

constexpr const char* kFunction = "millrace_batch";

using SharedSources = std::shared_ptr<BatchSources>;
using SharedSource = std::shared_ptr<BatchSource>;

struct BatchScan {
  std::vector<idx_t> columns;  // of the query, by their index in the schema; size() is the number
  size_t at = 0;
};

void bind(duckdb_bind_info info) {
  auto& sources = *static_cast<SharedSources*>(duckdb_bind_get_extra_info(info));
  const DuckValue parameter(duckdb_bind_get_parameter(info, 0));
  auto source = sources->find(take_text(duckdb_get_varchar(parameter.get())));
  if (!source) return duckdb_bind_set_error(info, "millrace_batch is not for users' queries");
  for (const auto& field : source->schema->fields()) {
    const auto type = logical_type_of(field.type);
    duckdb_bind_add_result_column(info, field.name.c_str(), type.get());
  }
  const LogicalType number(duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER));
  duckdb_bind_add_result_column(info, kRowColumn, number.get());
  auto data = std::make_unique<SharedSource>(std::move(source));
  duckdb_bind_set_bind_data(info, data.release(), destroy<SharedSource>);
}

void init(duckdb_init_info info) {
  auto scan = std::make_unique<BatchScan>();
  const idx_t count = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) scan->columns.push_back(duckdb_init_get_column_index(info, i));
  duckdb_init_set_init_data(info, scan.release(), destroy<BatchScan>);
  duckdb_init_set_max_threads(info, 1);  // rows leave in the order of the batch
}

void scan_rows(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& source = **static_cast<SharedSource*>(duckdb_function_get_bind_data(info));
  auto& scan = *static_cast<BatchScan*>(duckdb_function_get_init_data(info));
  const size_t rows = std::min<size_t>(duckdb_vector_size(), source.count - scan.at);
  const size_t first = source.first + scan.at;
  for (idx_t i = 0; i < scan.columns.size() && rows > 0; ++i) {
    auto* vector = duckdb_data_chunk_get_vector(output, i);
    const idx_t column = scan.columns[i];
    if (column < source.schema->size()) {
      fill_vector(source.batch->column(column), first, rows, vector, Texts::kBorrowed);
      continue;
    }
    auto* numbers = static_cast<uint32_t*>(duckdb_vector_get_data(vector));
    for (size_t row = 0; row < rows; ++row) numbers[row] = static_cast<uint32_t>(first + row);
  }
  duckdb_data_chunk_set_size(output, rows);
  scan.at += rows;
}

std::string new_token() {
  std::array<uint64_t, 2> random{};
  CHECK(getrandom(random.data(), sizeof(random), 0) == sizeof(random), "the kernel has randomness");
  return std::to_string(random[0]) + "-" + std::to_string(random[1]);
}

}  // namespace

Result<std::shared_ptr<BatchSources>> BatchSources::install(duckdb_connection connection) {
  auto sources = std::make_shared<BatchSources>();
  const TableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), kFunction);
  const LogicalType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_table_function_add_parameter(function.get(), text.get());
  auto extra = std::make_unique<SharedSources>(sources);
  duckdb_table_function_set_extra_info(function.get(), extra.release(), destroy<SharedSources>);
  duckdb_table_function_set_bind(function.get(), bind);
  duckdb_table_function_set_init(function.get(), init);
  duckdb_table_function_set_function(function.get(), scan_rows);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError)
    return Error(Code::kInternal, "could not register the scan of batches");
  return sources;
}

std::string BatchSources::add(std::shared_ptr<BatchSource> source) {
  const std::string token = new_token();
  Lock lock(mutex_);
  sources_[token] = std::move(source);
  return std::string(kFunction) + "('" + token + "')";
}

void BatchSources::remove(const std::string& scan) {
  const auto begin = scan.find('\'') + 1;
  Lock lock(mutex_);
  sources_.erase(scan.substr(begin, scan.rfind('\'') - begin));
}

std::shared_ptr<BatchSource> BatchSources::find(const std::string& token) {
  Lock lock(mutex_);
  const auto at = sources_.find(token);
  return at == sources_.end() ? nullptr : at->second;
}

}  // namespace millrace::store
