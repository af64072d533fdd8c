// How fast DuckDB's appender alone stores the rows of the end-to-end benchmark: the yardstick of a
// pipeline that classifies and stores them. A table of the same 51 columns in a file of its own,
// DuckDB with one thread, a transaction for each 122,880 rows as a pipeline has it, the checkpoints
// that its log asks for included; making the rows is not. Prints one JSON object on stdout.
//   appender_bench FOLDER ROWS chunks|values
// "chunks" hands over columns of 2,048 rows (duckdb_append_data_chunk), "values" one value after
// another (duckdb_append_int32 ...), as a program with rows does.
#include <duckdb.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "dating_rows.h"

namespace millrace::bench {
namespace {

constexpr int64_t kBatchRows = 122'880;  // a row group
constexpr size_t kChunkRows = 2048;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "appender_bench: %s\n", what.c_str());
  std::exit(1);
}

void must(duckdb_state state, const char* what) {
  if (state != DuckDBSuccess) fail(std::string("DuckDB refused: ") + what);
}

/// A column of the table, and its values of a batch side by side.
struct Column {
  std::string name;
  const char* sql_type;
  duckdb_type type;
  size_t width;
  std::vector<std::byte> values;

  template <class T>
  void set(size_t row, T value) {
    std::memcpy(values.data() + row * width, &value, sizeof value);
  }
  template <class T>
  T get(size_t row) const {
    T value;
    std::memcpy(&value, values.data() + row * width, sizeof value);
    return value;
  }
};

std::vector<Column> make_columns() {
  std::vector<Column> columns;
  const auto add = [&](std::string name, duckdb_type type) {
    const bool is_whole = type == DUCKDB_TYPE_INTEGER;
    const bool is_tiny = type == DUCKDB_TYPE_TINYINT;
    const char* sql = type == DUCKDB_TYPE_DOUBLE ? "DOUBLE" : "BIGINT";
    const size_t width = is_tiny ? 1 : is_whole ? 4 : 8;
    columns.push_back({std::move(name),
                       is_tiny    ? "TINYINT"
                       : is_whole ? "INTEGER"
                                  : sql,
                       type,
                       width,
                       {}});
    columns.back().values.resize(kBatchRows * width);
  };
  add("id", DUCKDB_TYPE_BIGINT);
  add("sent", DUCKDB_TYPE_BIGINT);
  add("match", DUCKDB_TYPE_TINYINT);
  for (size_t i = DatingRow::kFirst; i < DatingRow::kFields; ++i)
    add("f" + std::to_string(i),
        DatingRow::is_decimal(i) ? DUCKDB_TYPE_DOUBLE : DUCKDB_TYPE_INTEGER);
  add("class_id", DUCKDB_TYPE_TINYINT);
  add("probability", DUCKDB_TYPE_DOUBLE);
  add("model_version", DUCKDB_TYPE_BIGINT);
  return columns;
}

/// A probability is any double between 0 and 1, as a model gives them; its bits do not compress.
void fill(std::vector<Column>& columns, int64_t first, size_t rows, std::mt19937& random) {
  constexpr size_t kFields = DatingRow::kFields;
  std::mt19937_64 chance(static_cast<uint64_t>(first));
  for (size_t i = 0; i < rows; ++i) {
    const DatingRow row = draw_row(first + static_cast<int64_t>(i), 0, random);
    columns[0].set(i, row.id);
    columns[1].set(i, row.sent);
    columns[2].set(i, static_cast<int8_t>(row.match));
    for (size_t field = DatingRow::kFirst; field < kFields; ++field) {
      if (DatingRow::is_decimal(field))
        columns[field].set(i, row.decimal(field));
      else
        columns[field].set(i, static_cast<int32_t>(row.whole(field)));
    }
    columns[kFields].set(i, static_cast<int8_t>(row.match));
    columns[kFields + 1].set(i, std::uniform_real_distribution<double>(0, 1)(chance));
    columns[kFields + 2].set(i, int64_t{16});
  }
}

void append_chunks(duckdb_appender appender, duckdb_data_chunk chunk,
                   const std::vector<Column>& columns, size_t rows) {
  for (size_t first = 0; first < rows; first += kChunkRows) {
    const size_t here = std::min(kChunkRows, rows - first);
    duckdb_data_chunk_reset(chunk);
    for (size_t i = 0; i < columns.size(); ++i) {
      void* to = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, i));
      const size_t width = columns[i].width;
      std::memcpy(to, columns[i].values.data() + first * width, here * width);
    }
    duckdb_data_chunk_set_size(chunk, here);
    must(duckdb_append_data_chunk(appender, chunk), "a chunk");
  }
}

void append_values(duckdb_appender appender, const std::vector<Column>& columns, size_t rows) {
  bool fine = true;
  const auto note = [&](duckdb_state state) { fine = fine && state == DuckDBSuccess; };
  for (size_t row = 0; row < rows; ++row) {
    for (const auto& column : columns) {
      if (column.type == DUCKDB_TYPE_INTEGER)
        note(duckdb_append_int32(appender, column.get<int32_t>(row)));
      else if (column.type == DUCKDB_TYPE_DOUBLE)
        note(duckdb_append_double(appender, column.get<double>(row)));
      else if (column.type == DUCKDB_TYPE_TINYINT)
        note(duckdb_append_int8(appender, column.get<int8_t>(row)));
      else
        note(duckdb_append_int64(appender, column.get<int64_t>(row)));
    }
    note(duckdb_appender_end_row(appender));
  }
  if (!fine) fail("DuckDB refused a value");
}

/// An open database of one thread with the empty table.
struct Table {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;

  Table(const std::string& file, const std::vector<Column>& columns) {
    duckdb_config config = nullptr;
    must(duckdb_create_config(&config), "a configuration");
    must(duckdb_set_config(config, "threads", "1"), "one thread");
    must(duckdb_set_config(config, "checkpoint_threshold", "16MB"), "the log's size");
    must(duckdb_open_ext(file.c_str(), &database, config, nullptr), "the file");
    duckdb_destroy_config(&config);
    must(duckdb_connect(database, &connection), "a connection");
    std::string statement = "CREATE TABLE results (";
    for (size_t i = 0; i < columns.size(); ++i)
      statement += (i > 0 ? ", " : "") + columns[i].name + " " + columns[i].sql_type;
    run(statement + ")");
  }
  ~Table() {
    duckdb_disconnect(&connection);
    duckdb_close(&database);
  }
  void run(const std::string& statement) const {
    must(duckdb_query(connection, statement.c_str(), nullptr), statement.c_str());
  }
};

duckdb_data_chunk make_chunk(const std::vector<Column>& columns) {
  std::vector<duckdb_logical_type> types;
  for (const auto& column : columns) types.push_back(duckdb_create_logical_type(column.type));
  duckdb_data_chunk chunk = duckdb_create_data_chunk(types.data(), types.size());
  for (auto& type : types) duckdb_destroy_logical_type(&type);
  return chunk;
}

/// The processor's time that all threads have had.
double process_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(const std::string& folder, int64_t rows, bool by_chunks) {
  auto columns = make_columns();
  const Table table(folder + "/appender.duckdb", columns);
  duckdb_data_chunk chunk = make_chunk(columns);
  std::mt19937 random(7);
  std::chrono::duration<double> spent{0};
  double cpu_seconds = 0;
  for (int64_t first = 0; first < rows; first += kBatchRows) {
    const auto here = static_cast<size_t>(std::min(kBatchRows, rows - first));
    fill(columns, first, here, random);
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = process_seconds();
    table.run("BEGIN TRANSACTION");
    duckdb_appender appender = nullptr;
    must(duckdb_appender_create(table.connection, nullptr, "results", &appender), "an appender");
    if (by_chunks)
      append_chunks(appender, chunk, columns, here);
    else
      append_values(appender, columns, here);
    must(duckdb_appender_flush(appender), "the rows");
    must(duckdb_appender_destroy(&appender), "the rows");
    table.run("COMMIT");
    spent += std::chrono::steady_clock::now() - begin;
    cpu_seconds += process_seconds() - cpu_begin;
  }
  duckdb_destroy_data_chunk(&chunk);
  std::printf("{\"rows\": %lld, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
              static_cast<long long>(rows), spent.count(), cpu_seconds);
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** arguments) {
  int64_t rows = 0;
  const std::string how = count == 4 ? arguments[3] : "";
  if (count == 4) std::from_chars(arguments[2], arguments[2] + std::strlen(arguments[2]), rows);
  if (rows < 1 || (how != "chunks" && how != "values")) {
    std::fprintf(stderr, "usage: appender_bench FOLDER ROWS chunks|values\n");
    return 2;
  }
  millrace::bench::measure(arguments[1], rows, how == "chunks");
  return 0;
}
