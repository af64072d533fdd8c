// The columns of what the engine shows as tables: system tables, predictions, reports.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "data/schema.h"

namespace millrace::engine {

inline constexpr DataType kText{Kind::kVarchar, false};
inline constexpr DataType kWhole{Kind::kInt64, false};
inline constexpr DataType kReal{Kind::kDouble, false};
inline constexpr DataType kTime{Kind::kTimestamp, false};

inline std::shared_ptr<const Schema> columns(std::vector<Field> fields) {
  return std::make_shared<Schema>(std::move(fields));
}

}  // namespace millrace::engine
