#include "estimator/tower.h"

#include "estimator/random.h"

namespace millrace::estimator {

bool PublishedTower::explain(const TowerRows&, size_t, std::vector<Contribution>&) const {
  return false;
}

Variable variable_of(const PublishedTable& table) {
  Variable variable{table.name(), table.shape(), {}};
  variable.values.reserve(table.rows() * table.width());
  for (size_t row = 0; row < table.rows(); ++row) {
    each_piece(table, static_cast<int32_t>(row), [&](size_t, std::span<const float> values) {
      variable.values.insert(variable.values.end(), values.begin(), values.end());
    });
  }
  return variable;
}

std::string scope_of(std::string_view column) {
  std::string result(column);
  for (char& c : result) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!allowed) c = '_';
  }
  return result;
}

Status check_size(const std::vector<BlockLayout>& layouts, size_t units, uint64_t other) {
  constexpr uint64_t kCopies = 4;  // the weight, two slots and what publications keep
  uint64_t floats = kCopies * other;
  std::string_view last;
  for (const auto& layout : layouts) {
    last = layout.name;
    floats += kCopies * static_cast<uint64_t>(layout.width) *
              (units + static_cast<uint64_t>(layout.table_rows));
    if (floats > kModelFloatsMax) break;
  }
  if (floats <= kModelFloatsMax) return {};
  return Error(Code::kResourceExhausted,
               "feature column \"" + std::string(last) + "\" makes the model larger than " +
                   std::to_string(kModelFloatsMax * sizeof(float) >> 30) + " GiB",
               "Use fewer buckets, dimensions or hidden units.");
}

void fill_embedding(Parameter& table, uint64_t seed) {
  RandomStream random(seed, table.name());
  const float deviation = 1 / std::sqrt(static_cast<float>(table.width()));
  table.touch_all();
  for (float& value : table.values()) value = deviation * random.truncated_normal();
}

}  // namespace millrace::estimator
