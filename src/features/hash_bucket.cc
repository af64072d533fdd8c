// categorical_column_with_hash_bucket: Fingerprint64 of the text, or of the integer's decimal text,
// modulo the number of buckets.
#include "features/category_key.h"
#include "features/column_values.h"
#include "features/fingerprint.h"

namespace millrace::features {
namespace {

/// Takes a text or an integer to its bucket.
struct BucketOf {
  uint64_t buckets;

  int64_t operator()(std::string_view text) const {
    return static_cast<int64_t>(fingerprint(text) % buckets);
  }
  int64_t operator()(int64_t value) const {
    return static_cast<int64_t>(fingerprint_of_integer(value) % buckets);
  }
};

class HashBucketEncoder : public CategoricalEncoder {
 public:
  HashBucketEncoder(CategoryKey key, int64_t buckets)
      : key_(key), bucket_of_{static_cast<uint64_t>(buckets)} {}

  void ids(const Batch& rows, IdRows& out, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    if (key_.integer) {
      map_integers(column, rows.rows(), key_.feed, out, bucket_of_);
    } else {
      map_text(column, rows.rows(), key_.feed, out, bucket_of_);
    }
  }

  bool write_block(const Batch& rows, EncodedBlock& block, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    return key_.integer ? write_integers(column, rows.rows(), key_.feed, block, bucket_of_)
                        : write_text(column, rows.rows(), key_.feed, block, bucket_of_);
  }

 private:
  CategoryKey key_;
  BucketOf bucket_of_;
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
