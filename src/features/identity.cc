// categorical_column_with_identity: the integer is the id. With a default value, an integer that is
// out of range becomes it; without, a negative one is dropped and one too large is a fault (both by
// the block that takes the ids).
#include "features/category_key.h"
#include "features/column_values.h"

namespace millrace::features {
namespace {

class IdentityEncoder : public CategoricalEncoder {
 public:
  IdentityEncoder(CategoryKey key, const FeatureColumn& column)
      : key_(key), buckets_(column.buckets), has_default_(column.default_value.has_value()) {
    default_id_ = has_default_ ? static_cast<int64_t>(*column.default_value) : 0;
  }

  void ids(const Batch& rows, IdRows& out, FaultSink&) const override {
    map_integers(rows.column(key_.index), rows.rows(), key_.feed, out, [this](int64_t value) {
      const bool inside = value >= 0 && value < buckets_;
      return has_default_ && !inside ? default_id_ : value;
    });
  }

 private:
  CategoryKey key_;
  int64_t buckets_;
  bool has_default_;
  int64_t default_id_;
};

}  // namespace

CategoricalResult make_identity(const FeatureColumn& column, const Input& input) {
  TRY(const CategoryKey key, find_category_key(input, column, column.key, KeyKind::kInteger));
  return std::unique_ptr<CategoricalEncoder>(std::make_unique<IdentityEncoder>(key, column));
}

}  // namespace millrace::features
