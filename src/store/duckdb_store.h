// The Store on DuckDB: an instance in memory to which DIR/millrace.duckdb is attached, so that the
// names `database.table` mean schemas of that file and never its own name. What the store does for
// itself goes over one connection under a lock; sessions, writers and shapers have their own.
#pragma once

#include "base/thread.h"
#include "store/directory_lock.h"
#include "store/duckdb_batch_scan.h"
#include "store/duckdb_handles.h"
#include "store/store.h"

namespace millrace::store {

using Database = Handle<duckdb_database, duckdb_close>;

class DuckdbStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);

  Result<std::unique_ptr<Session>> open_session() override;

  Result<std::vector<std::string>> databases() override;
  Status create_database(const std::string& name, bool if_not_exists) override;
  Result<std::optional<TableInfo>> table(const std::string& database,
                                         const std::string& name) override;
  Status create_table(const std::string& database, const std::string& name,
                      const Schema& columns) override;

  Result<std::vector<Definition>> definitions() override;
  Result<int64_t> put_definition(const Definition& definition) override;
  Status set_body(int64_t definition_id, const std::string& body) override;
  Result<int64_t> put_model(const Definition& definition, const ModelSnapshot& snapshot) override;
  Status set_state(int64_t definition_id, const std::string& state) override;
  Status remove_definition(int64_t definition_id) override;

  Result<std::vector<Cursor>> cursors(int64_t pipeline_id) override;
  Result<std::optional<KeptRejects>> next_rejects(int64_t pipeline_id, int64_t after,
                                                  int64_t last) override;
  Result<std::vector<PipelineFile>> files(int64_t pipeline_id) override;
  Status add_files(int64_t pipeline_id, const std::vector<PipelineFile>& files) override;
  Status skip_file(int64_t pipeline_id, const std::string& name) override;
  Status move_pipeline(const Definition& definition, const CursorMove& move) override;
  Result<std::vector<EarlierSource>> earlier_sources(int64_t pipeline_id) override;
  Result<std::vector<std::string>> topic_ids(int64_t pipeline_id) override;
  Status adopt_topic(int64_t pipeline_id, const std::string& topic_id) override;
  Result<int64_t> last_batch_id(int64_t pipeline_id) override;
  Result<std::unique_ptr<BatchWriter>> open_writer(const PipelineIdentity& pipeline,
                                                   const OutputSpec& output) override;
  Result<std::unique_ptr<Shaper>> open_shaper(const ShapeSpec& shape) override;
  Status log_error(const PipelineError& error) override;

  Status trim_pipeline_logs(int64_t pipeline_id, const LogRetention& retention) override;
  Status trim_model_logs(int64_t model_id, const LogRetention& retention) override;
  Status keep_earlier_reading(int64_t pipeline_id, const std::string& json) override;
  Result<std::vector<EarlierReading>> earlier_readings(int64_t pipeline_id) override;
  Result<std::string> keep_program(std::string_view bytes) override;
  Result<std::string> program(const std::string& checksum) override;
  Status forget_programs(const std::vector<std::string>& used) override;

  Result<std::optional<ModelSnapshot>> newest_snapshot(int64_t model_id) override;
  Result<std::optional<ModelSnapshot>> snapshot(int64_t model_id, int64_t version) override;
  Result<std::vector<int64_t>> kept_versions(int64_t model_id) override;
  Result<std::vector<LoggedBatch>> training_log(int64_t model_id, int64_t after_version,
                                                int64_t last_version) override;
  Status commit_model(const ModelCommit& model, const ModelChange& change) override;
  Status forget_training(int64_t model_id, int64_t after_version) override;

  Result<std::optional<std::string>> setting(const std::string& key) override;
  Status set_setting(const std::string& key, const std::string& value) override;

  Status add_virtual_table(VirtualTable table) override;
  Status show_own_rows() override;
  Status set_predictor(std::shared_ptr<Predictor> predictor) override;
  Status set_explainer(std::shared_ptr<Explainer> explainer) override;

  Status close() override;

  duckdb_database database() const { return database_.get(); }

 private:
  DuckdbStore() = default;
  Status attach(const StoreOptions& options) REQUIRES(mutex_);
  Status set_column(const char* column, int64_t definition_id, const std::string& value)
      REQUIRES(mutex_);
  Result<int64_t> write_definition(const Definition& definition) REQUIRES(mutex_);

  DirectoryLock lock_;  // let go of last
  Database database_;
  std::shared_ptr<BatchSources> sources_;
  Mutex mutex_;
  Connection connection_ GUARDED_BY(mutex_);
};

}  // namespace millrace::store
