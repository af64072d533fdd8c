// categorical_column_with_vocabulary_list and ..._file: the id of a word is its place in the list.
// A word that is not there gets the default (-1 is dropped later), or a bucket after the list by
// its hash.
#include <charconv>
#include <string>
#include <unordered_map>

#include "features/category_key.h"
#include "features/column_values.h"
#include "features/fingerprint.h"

namespace millrace::features {
namespace {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

class VocabularyEncoder : public CategoricalEncoder {
 public:
  VocabularyEncoder(CategoryKey key, const FeatureColumn& column)
      : key_(key),
        size_(static_cast<int64_t>(column.vocabulary.size())),
        oov_buckets_(static_cast<uint64_t>(column.oov_buckets)),
        default_id_(static_cast<int64_t>(column.default_value.value_or(-1))) {
    int64_t id = 0;
    for (const auto& word : column.vocabulary) {
      if (key.integer) {
        // The column table wrote it from an integer.
        int64_t value = 0;
        std::from_chars(word.data(), word.data() + word.size(), value);
        integers_.emplace(value, id++);
      } else {
        words_.emplace(word, id++);
      }
    }
  }

  void ids(const Batch& rows, IdRows& out, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    if (key_.integer) {
      map_integers(column, rows.rows(), key_.feed, out,
                   [this](int64_t value) { return id_of_integer(value); });
    } else {
      map_text(column, rows.rows(), key_.feed, out,
               [this](std::string_view text) { return id_of_text(text); });
    }
  }

  bool write_block(const Batch& rows, EncodedBlock& block, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    if (key_.integer) {
      return write_integers(column, rows.rows(), key_.feed, block,
                            [this](int64_t value) { return id_of_integer(value); });
    }
    return write_text(column, rows.rows(), key_.feed, block,
                      [this](std::string_view text) { return id_of_text(text); });
  }

 private:
  int64_t id_of_integer(int64_t value) const {
    const auto found = integers_.find(value);
    if (found != integers_.end()) return found->second;
    return oov_buckets_ == 0 ? default_id_ : oov_id(fingerprint_of_integer(value));
  }

  int64_t id_of_text(std::string_view text) const {
    const auto found = words_.find(text);
    if (found != words_.end()) return found->second;
    return oov_buckets_ == 0 ? default_id_ : oov_id(fingerprint(text));
  }

  int64_t oov_id(uint64_t hash) const { return size_ + static_cast<int64_t>(hash % oov_buckets_); }

  CategoryKey key_;
  int64_t size_;
  uint64_t oov_buckets_;
  int64_t default_id_;
  std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>> words_;
  std::unordered_map<int64_t, int64_t> integers_;
};

}  // namespace

CategoricalResult make_vocabulary(const FeatureColumn& column, const Input& input) {
  const auto wanted = column.integer_keys ? KeyKind::kInteger : KeyKind::kText;
  TRY(const CategoryKey key, find_category_key(input, column, column.key, wanted));
  return std::unique_ptr<CategoricalEncoder>(std::make_unique<VocabularyEncoder>(key, column));
}

}  // namespace millrace::features
