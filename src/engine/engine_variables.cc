#include "engine/engine_variables.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "data/schema.h"
#include "engine/definition.h"

namespace millrace::engine {
namespace {

constexpr int64_t kMinutesMax = 100 * 366 * 24 * 60;
constexpr int64_t kCountMax = 1'000'000'000;

std::string key_of(const EngineVariableFacts& facts) {
  return "variable." + std::string(facts.name);
}

std::optional<int64_t> value_of(const EngineVariableFacts& facts, std::string_view text) {
  if (facts.most == 1 && same_name(text, "ON")) return 1;
  if (facts.most == 1 && same_name(text, "OFF")) return 0;
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, wrong] = std::from_chars(text.data(), end, value);
  if (wrong != std::errc() || stop != end || value < facts.least || value > facts.most)
    return std::nullopt;
  return value;
}

}  // namespace

const std::vector<EngineVariableFacts>& engine_variables() {
  using V = EngineVariable;
  static const std::vector<EngineVariableFacts> facts{
      {V::kModelVersionsToKeep, "models_versions_metadata_to_keep", 100'000, 0, kCountMax},
      {V::kBatchInterval, "pipelines_batch_interval", 0, 0, kBatchIntervalMsMax},
      {V::kBatchesToKeep, "pipelines_batches_metadata_to_keep", 100'000, 0, kCountMax},
      {V::kErrorsRetention, "pipelines_errors_retention_minutes", 1440, 0, kMinutesMax},
      {V::kBatchBytes, "pipelines_max_batch_bytes", 64 << 20, 64 << 10, 1 << 30},
      {V::kOffsetsPerBatch, "pipelines_max_offsets_per_batch_partition",
       kOffsetsPerPartitionDefault, 1, kOffsetsPerPartitionMax},
      {V::kTransformRetries, "pipelines_max_retries_per_batch_partition", 4, 0, kCountMax},
      {V::kRejectsRetention, "pipelines_rejects_retention_minutes", 30 * 24 * 60, 0, kMinutesMax},
      {V::kStopOnError, "pipelines_stop_on_error", 0, 0, 1},
      {V::kTransformTimeout, "pipelines_transform_timeout_ms", 300'000, 1, kCountMax},
  };
  return facts;
}

const EngineVariableFacts* find_engine_variable(std::string_view name) {
  for (const auto& facts : engine_variables()) {
    if (same_name(facts.name, name)) return &facts;
  }
  return nullptr;
}

EngineVariables::EngineVariables() {
  CHECK(engine_variables().size() == kCount, "each variable has its value");
  Lock lock(mutex_);
  for (const auto& facts : engine_variables())
    values_[static_cast<size_t>(facts.variable)] = facts.value;
}

Status EngineVariables::load(store::Store& store) {
  for (const auto& facts : engine_variables()) {
    TRY(const auto kept, store.setting(key_of(facts)));
    const auto value = kept ? value_of(facts, *kept) : std::nullopt;
    if (!value) continue;
    Lock lock(mutex_);
    values_[static_cast<size_t>(facts.variable)] = *value;
  }
  return {};
}

int64_t EngineVariables::get(EngineVariable variable) const {
  Lock lock(mutex_);
  return values_[static_cast<size_t>(variable)];
}

Status EngineVariables::set(const EngineVariableFacts& facts, std::optional<std::string_view> value,
                            store::Store& store) {
  const auto number = value ? value_of(facts, *value) : std::optional(facts.value);
  if (!number)
    return Error(Code::kInvalidArgument,
                 "system variable \"" + std::string(facts.name) + "\" cannot be set to '" +
                     std::string(*value) + "'",
                 "It is a whole number from " + std::to_string(facts.least) + " to " +
                     std::to_string(facts.most) + ".");
  TRY_OK(store.set_setting(key_of(facts), std::to_string(*number)));
  Lock lock(mutex_);
  values_[static_cast<size_t>(facts.variable)] = *number;
  return {};
}

}  // namespace millrace::engine
