// What a commit of a pipeline costs the store besides the rows: the cursors, the logs, the model's
// version and the evaluation, in one transaction, into a file.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>

#include "base/check.h"
#include "base/clock.h"
#include "store/store.h"

namespace millrace {
namespace {

constexpr int32_t kPartitions = 4;
constexpr int64_t kModelId = 1;

/// A store in a folder of its own, and a pipeline that commits there.
class Committing {
 public:
  explicit Committing(bool trains) : trains_(trains) {
    std::string pattern = std::filesystem::temp_directory_path() / "millrace-commit-XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    store::StoreOptions options;
    options.directory = folder_;
    store_ = *store::open_duckdb_store(options);
    store::OutputSpec output;
    output.database = "main";
    output.table = "t";
    std::vector<Field> columns;
    if (trains_) {
      output.form = store::OutputSpec::Form::kEvaluation;
      for (const auto& [name, value] : evaluation()) columns.push_back({name, {Kind::kDouble}});
    } else {
      columns.push_back({"a", {Kind::kInt64}});
      output.input = std::make_shared<Schema>(columns);
      output.columns = {{"a", "\"a\""}};
    }
    CHECK(bool(store_->create_table("main", "t", Schema(columns))), "a table can be made");
    writer_ = *store_->open_writer({1, "main", "p"}, output);
    if (!trains_) rows_.emplace(output.input);
  }
  ~Committing() {
    writer_.reset();
    (void)store_->close();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void commit() {
    MessageBatch messages;
    for (int32_t i = 0; i < kPartitions; ++i)
      messages.ranges.push_back({i, batches_ * 10, batches_ * 10 + 10, 10, batches_ * 10 + 10});
    ++batches_;
    store::BatchCommit batch;
    batch.batch_id = batches_;
    batch.messages = &messages;
    batch.started_at = now_micros();
    batch.steps_json = R"({"take":1,"decode":2,"shape":0,"model":3})";
    if (trains_) {
      batch.rows_learned.assign(kPartitions, 10);
      batch.evaluation = evaluation();
      batch.model = model();
    } else {
      batch.rows = &*rows_;
    }
    const auto outcome = writer_->commit(batch);
    CHECK(bool(outcome), "a commit succeeds");
  }

 private:
  static std::vector<std::pair<std::string, double>> evaluation() {
    return {{"accuracy", 0.9}, {"auc", 0.9}, {"loss", 0.1}, {"global_step", 7}, {"examples", 70}};
  }

  store::ModelCommit model() const {
    store::ModelCommit model;
    model.model_id = kModelId;
    model.version = batches_;
    model.global_step = batches_;
    model.examples = batches_ * 40;
    for (const char* scope : {"batch", "window", "lifetime"})
      for (const char* metric : {"accuracy", "auc", "loss"})
        model.metrics.push_back({scope, metric, 0.5});
    return model;
  }

  const bool trains_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::BatchWriter> writer_;
  std::optional<Batch> rows_;
  int64_t batches_ = 0;
};

void commit(benchmark::State& state, bool trains) {
  Committing committing(trains);
  for (auto _ : state) committing.commit();
}

BENCHMARK_CAPTURE(commit, train, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(commit, no_rows, false)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace

BENCHMARK_MAIN();
