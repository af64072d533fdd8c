#include "store/duckdb_store.h"

#include <algorithm>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "store/duckdb_connection.h"
#include "store/duckdb_error.h"
#include "store/duckdb_explain.h"
#include "store/duckdb_functions.h"
#include "store/duckdb_predict.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_session.h"
#include "store/duckdb_shaper.h"
#include "store/duckdb_shown_views.h"
#include "store/duckdb_tables.h"
#include "store/duckdb_text_cast.h"
#include "store/duckdb_transaction.h"
#include "store/duckdb_virtual_table.h"
#include "store/duckdb_writer.h"

namespace millrace::store {
namespace {

Status set_option(const Config& config, const char* name, const std::string& value) {
  if (duckdb_set_config(config.get(), name, value.c_str()) == DuckDBSuccess) return {};
  return Error(Code::kInvalidArgument,
               "the store does not take " + value + " as its " + std::string(name));
}

/// A core is left to the pipelines: they bring threads of their own, and one that commits spins
/// while a thread of DuckDB does the work.
int threads_of(const StoreOptions& options) {
  if (options.threads_max > 0) return options.threads_max;
  return std::max(1, core_count() - 1);
}

/// Half of what there is, since pipelines, models and clients have memory of their own beside it.
int64_t memory_of(const StoreOptions& options) {
  return options.memory_bytes_max > 0 ? options.memory_bytes_max : memory_of_machine() / 2;
}

Result<Database> open_instance(const StoreOptions& options) {
  Config config;
  if (duckdb_create_config(config.out()) == DuckDBError)
    return Error(Code::kResourceExhausted, "could not make the store's settings");
  // What is not built in would be fetched from the network.
  TRY_OK(set_option(config, "autoinstall_known_extensions", "false"));
  TRY_OK(set_option(config, "autoload_known_extensions", "false"));
  // NULL is less than every value, as MySQL has it: first of an ORDER BY, last of a DESC.
  TRY_OK(set_option(config, "default_null_order", "nulls_first_on_asc_last_on_desc"));
  TRY_OK(set_option(config, "memory_limit", std::to_string(memory_of(options)) + "B"));
  // What a checkpoint or a large query freed goes back to the machine within seconds; otherwise
  // only when somebody allocates again.
  TRY_OK(set_option(config, "allocator_background_threads", "true"));
  // A division by zero is NULL, as MySQL has it, and no infinity.
  TRY_OK(set_option(config, "ieee_floating_point_ops", "false"));
  // A checkpoint holds up the commit that makes it; a log of this size is replayed in about a
  // second, of thousands of small commits in three.
  TRY_OK(set_option(config, "checkpoint_threshold", "16MB"));
  // It also puts together row groups that are not full: of a table, no more than one such piece of
  // work at a time, which is some 370,000 rows. It would take all there are, and that for seconds.
  TRY_OK(set_option(config, "max_vacuum_tasks", "1"));
  TRY_OK(set_option(config, "threads", std::to_string(threads_of(options))));
  Database database;
  char* text = nullptr;
  if (duckdb_open_ext(nullptr, database.out(), config.get(), &text) == DuckDBError)
    return error_of(take_text(text));
  return database;
}

/// What went wrong with a data file. Whatever is not the world's is the file's.
Error error_of_file(Error error, const std::string& path) {
  const bool world = error.code == Code::kResourceExhausted || error.code == Code::kPermission;
  const auto says = [&](std::string_view part) {
    return error.message.find(part) != std::string::npos;
  };
  if (says("lock on file")) {
    error.code = Code::kUnavailable;
    error.hint = "Another program has the file open; close it there.";
  } else if (says("Permission denied") || says("Read-only file system")) {
    error.code = Code::kPermission;
  } else if (!world) {
    error.code = Code::kDataLoss;
    error.hint = "The file is damaged or is no data file; put back a copy of it.";
  }
  return std::move(error).within("data file \"" + path + "\"");
}

}  // namespace

Result<std::unique_ptr<Store>> open_duckdb_store(const StoreOptions& options) {
  return DuckdbStore::open(options);
}

Result<std::unique_ptr<Store>> DuckdbStore::open(const StoreOptions& options) {
  auto store = std::unique_ptr<DuckdbStore>(new DuckdbStore());
  TRY(store->lock_, DirectoryLock::acquire(options.directory));
  TRY(store->database_, open_instance(options));
  Lock lock(store->mutex_);
  TRY_OK(store->attach(options));
  return std::unique_ptr<Store>(std::move(store));
}

Status DuckdbStore::attach(const StoreOptions& options) {
  Connection plain;
  if (duckdb_connect(database_.get(), plain.out()) == DuckDBError)
    return Error(Code::kResourceExhausted, "could not open a connection to the store");
  TRY_OK(run(plain.get(), "SET errors_as_json = true"));
  TRY_OK(run(plain.get(), "SET GLOBAL temp_directory = " +
                              quoted_text(options.directory + "/millrace.temporary")));
  TRY_OK(run(plain.get(), number_functions()));
  const std::string path = options.directory + "/millrace.duckdb";
  auto attached = run(plain.get(), "ATTACH " + quoted_text(path) + " AS " + quoted_name(kCatalog));
  if (!attached) return error_of_file(std::move(attached).error(), path);
  // Our own file is open; from now on nobody opens another, and nobody can take that back.
  if (!options.file_access) TRY_OK(run(plain.get(), "SET GLOBAL enable_external_access = false"));
  TRY(connection_, open_connection(database_.get()));
  TRY_OK(register_text_cast(connection_.get()));
  TRY_OK(ensure_schema(connection_.get()));
  TRY(sources_, BatchSources::install(connection_.get()));
  return {};
}

Result<std::unique_ptr<Session>> DuckdbStore::open_session() {
  return open_duckdb_session(database_.get(), sources_);
}

Result<std::vector<std::string>> DuckdbStore::databases() {
  Lock lock(mutex_);
  return list_databases(connection_.get());
}

Status DuckdbStore::create_database(const std::string& name, bool if_not_exists) {
  if (name.empty()) return Error(Code::kInvalidArgument, "a database has a name");
  if (is_reserved_database(name))
    return Error(Code::kInvalidArgument, "database name \"" + name + "\" is reserved",
                 "Choose another name.");
  Lock lock(mutex_);
  TRY(auto rows, query(connection_.get(),
                       "SELECT 1::BIGINT FROM duckdb_schemas() WHERE database_name = $1 AND "
                       "lower(schema_name) = lower($2)",
                       {std::string_view(kCatalog), std::string_view(name)}));
  if (rows.next()) {
    if (if_not_exists) return {};
    return Error(Code::kAlreadyExists, "database \"" + name + "\" exists already",
                 "Write CREATE DATABASE IF NOT EXISTS.");
  }
  return run(connection_.get(), "CREATE SCHEMA " + quoted_name(name));
}

Result<std::optional<TableInfo>> DuckdbStore::table(const std::string& database,
                                                    const std::string& name) {
  Lock lock(mutex_);
  TRY(auto found, find_table(connection_.get(), database, name));
  if (!found) return std::optional<TableInfo>();
  return std::optional<TableInfo>(std::move(found->info));
}

Status DuckdbStore::create_table(const std::string& database, const std::string& name,
                                 const Schema& columns) {
  std::string sql = "CREATE TABLE " + quoted_name(database) + "." + quoted_name(name) + " (";
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& field = columns[i];
    sql += (i == 0 ? "" : ", ") + quoted_name(field.name) + " " + name_of(field.type);
    if (!field.nullable) sql += " NOT NULL";
  }
  Lock lock(mutex_);
  return run(connection_.get(), sql + ")");
}

Result<std::unique_ptr<BatchWriter>> DuckdbStore::open_writer(const PipelineIdentity& pipeline,
                                                              const OutputSpec& output) {
  return open_duckdb_writer(database_.get(), sources_, pipeline, output);
}

Result<std::unique_ptr<Shaper>> DuckdbStore::open_shaper(const ShapeSpec& shape) {
  return open_duckdb_shaper(database_.get(), sources_, shape);
}

Status DuckdbStore::add_virtual_table(VirtualTable table) {
  Lock lock(mutex_);
  return register_virtual_table(connection_.get(), std::move(table));
}

Status DuckdbStore::show_own_rows() {
  Lock lock(mutex_);
  return make_shown_views(connection_.get());
}

Status DuckdbStore::set_predictor(std::shared_ptr<Predictor> predictor) {
  Lock lock(mutex_);
  return register_predictor(connection_.get(), std::move(predictor));
}

Status DuckdbStore::set_explainer(std::shared_ptr<Explainer> explainer) {
  Lock lock(mutex_);
  return register_explainer(connection_.get(), std::move(explainer));
}

Status DuckdbStore::close() {
  Lock lock(mutex_);
  // Nothing is lost when it fails: what was committed is in the write-ahead log.
  auto written = run(connection_.get(), "CHECKPOINT " + quoted_name(kCatalog));
  connection_ = Connection();
  database_ = Database();
  lock_.release();
  if (written) return {};
  return std::move(written).error().within("could not write the data file in full");
}

}  // namespace millrace::store
