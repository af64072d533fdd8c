// CHECK MODEL: a version is a function of the definition and the batch log, so what lies between
// two kept versions is learned again from the log, and must come to the same bytes.
#include <algorithm>

#include "data/row_builder.h"
#include "engine/model_life.h"
#include "engine/table_columns.h"

namespace millrace::engine {
namespace {

/// How a pair of versions went.
struct Verdict {
  int64_t batches = 0;
  std::string result;
  std::string detail;
};

constexpr const char* kEqual = "equal";
constexpr const char* kDifferent = "different";
constexpr const char* kUnknown = "cannot be checked";

Verdict unknown(std::string why) {
  return {0, kUnknown, std::move(why)};
}

class ModelCheck {
 public:
  ModelCheck(store::Store& store, const ModelEntry& model,
             std::vector<std::shared_ptr<Pipeline>> pipelines, const std::stop_token& stop)
      : store_(store), model_(model), pipelines_(std::move(pipelines)), stop_(stop) {}

  /// `from` is 0 for a model that has learned nothing, whether that is kept or not.
  Verdict between(int64_t from, int64_t to) {
    auto bytes = bytes_of(from);
    if (!bytes) return unknown(bytes.error().to_string());
    const auto wanted = bytes_of(to);
    if (!wanted) return unknown(wanted.error().to_string());
    const auto log = store_.training_log(model_.id(), from, to);
    if (!log) return unknown(log.error().to_string());
    if (static_cast<int64_t>(log->size()) != to - from)
      return unknown("The log between the two was cut: of " + std::to_string(to - from) +
                     " versions it has " + std::to_string(log->size()) +
                     " (models_versions_metadata_to_keep).");
    for (const auto& logged : *log) {
      if (logged.pipeline_id == 0)
        return unknown("Version " + std::to_string(logged.version) + " was made by a statement (" +
                       logged.kind + "), which cannot be repeated.");
    }
    for (auto first = log->begin(); first != log->end();) {
      const auto last = std::find_if(first, log->end(), [&](const auto& logged) {
        return logged.pipeline_id != first->pipeline_id;
      });
      auto learned = learn_again(*bytes, {first, last});
      if (!learned) return unknown(learned.error().to_string());
      *bytes = std::move(*learned);
      first = last;
    }
    const auto batches = static_cast<int64_t>(log->size());
    if (*bytes == *wanted) return {batches, kEqual, {}};
    return {batches, kDifferent,
            "Learned again, version " + std::to_string(to) + " has other bytes than the one kept."};
  }

 private:
  /// Empty for a model that has learned nothing and began with nothing.
  Result<std::string> bytes_of(int64_t version) const {
    TRY(const auto snapshot, store_.snapshot(model_.id(), version));
    if (snapshot) return snapshot->bytes;
    if (version == 0 && model_.spec().warm_start_from.empty()) return std::string();
    return version_not_kept(store_, model_, version);
  }

  Result<std::string> learn_again(const std::string& from,
                                  const std::vector<store::LoggedBatch>& log) const {
    const auto at = std::find_if(pipelines_.begin(), pipelines_.end(), [&](const auto& pipeline) {
      return pipeline->id() == log.front().pipeline_id;
    });
    if (at == pipelines_.end())
      return Error(Code::kNotFound, "the pipeline that taught it is gone");
    const auto& taught = (*at)->model();
    if ((*at)->definition().step != StepKind::kTrain || taught->id() != model_.id())
      return Error(Code::kNotFound, "the pipeline that taught it does not train it any more");
    return (*at)->learn_again(from, log, stop_);
  }

  store::Store& store_;
  const ModelEntry& model_;
  const std::vector<std::shared_ptr<Pipeline>> pipelines_;
  const std::stop_token& stop_;
};

}  // namespace

Result<Batch> ModelLife::check(const ModelEntry& model, const std::stop_token& stop) {
  TRY(auto versions, store_.kept_versions(model.id()));
  if (versions.empty() || versions.front() != 0) versions.insert(versions.begin(), 0);
  ModelCheck check(store_, model, pipelines_(), stop);
  RowBuilder rows(columns({{"from_version", kWhole},
                           {"to_version", kWhole},
                           {"batches", kWhole},
                           {"result", kText},
                           {"detail", kText}}));
  for (size_t i = 1; i < versions.size(); ++i) {
    const auto verdict = check.between(versions[i - 1], versions[i]);
    if (stop.stop_requested()) return Error(Code::kCancelled, "the statement was interrupted");
    rows.add({versions[i - 1], versions[i], verdict.batches, verdict.result,
              verdict.detail.empty() ? Value() : Value(verdict.detail)});
  }
  return rows.build();
}

}  // namespace millrace::engine
