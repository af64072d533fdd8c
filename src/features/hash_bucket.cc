// categorical_column_with_hash_bucket: Fingerprint64 of the text, or of the integer's decimal text,
// modulo the number of buckets.
#include "features/category_key.h"
#include "features/column_values.h"
#include "features/fingerprint.h"

namespace millrace::features {
namespace {

class HashBucketEncoder : public CategoricalEncoder {
 public:
  HashBucketEncoder(CategoryKey key, int64_t buckets)
      : key_(key), buckets_(static_cast<uint64_t>(buckets)) {}

  void ids(const Batch& rows, IdRows& out, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    const auto bucket = [this](uint64_t hash) { return static_cast<int64_t>(hash % buckets_); };
    if (key_.integer) {
      map_integers(column, rows.rows(), key_.feed, out,
                   [&](int64_t value) { return bucket(fingerprint_of_integer(value)); });
    } else {
      map_text(column, rows.rows(), key_.feed, out,
               [&](std::string_view text) { return bucket(fingerprint(text)); });
    }
  }

 private:
  CategoryKey key_;
  uint64_t buckets_;
};

}  // namespace

CategoricalResult make_hash_bucket(const FeatureColumn& column, const Input& input) {
  // An integer and its decimal text hash alike, so that integers need no dtype here.
  const auto wanted = column.integer_keys ? KeyKind::kInteger : KeyKind::kAny;
  TRY(const CategoryKey key, find_category_key(input, column, column.key, wanted));
  return std::unique_ptr<CategoricalEncoder>(
      std::make_unique<HashBucketEncoder>(key, column.buckets));
}

}  // namespace millrace::features
