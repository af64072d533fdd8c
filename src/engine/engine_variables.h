// What SET GLOBAL changes of the engine: one table of names, bounds and defaults, and the values
// that hold now, which the store keeps. Names are SingleStore's where it has one for the same. A
// change holds from the next batch or statement that asks. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "store/store.h"

namespace millrace::engine {

enum class EngineVariable : uint8_t {
  kModelVersionsToKeep,
  kBatchInterval,
  kBatchesToKeep,
  kErrorsRetention,
  kBatchBytes,
  kOffsetsPerBatch,
  kTransformRetries,
  kRejectsRetention,
  kStopOnError,
  kTransformTimeout,
};

struct EngineVariableFacts {
  EngineVariable variable;
  std::string_view name;
  int64_t value;  // the default
  int64_t least;  // of what is kept, 0 means all and for ever
  int64_t most;
};
/// In the order of the enum, which is that of the names.
const std::vector<EngineVariableFacts>& engine_variables();
/// By name, case ignored; null when it is none of the engine's.
const EngineVariableFacts* find_engine_variable(std::string_view name);

class EngineVariables {
 public:
  EngineVariables();
  /// Reads what was set in earlier lives.
  Status load(store::Store& store);
  int64_t get(EngineVariable variable) const;
  /// Nothing: the default. Errors: kInvalidArgument for a value out of its bounds.
  Status set(const EngineVariableFacts& facts, std::optional<std::string_view> value,
             store::Store& store);

 private:
  static constexpr size_t kCount = 10;
  mutable Mutex mutex_;
  std::array<int64_t, kCount> values_ GUARDED_BY(mutex_);
};

}  // namespace millrace::engine
