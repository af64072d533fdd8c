// crossed_column: the hash of one value of every key, for each combination of a row's values. The
// values are chained in TensorFlow's kernel order, which in a dense feed puts the plain keys after
// the others, and which decides the bucket (sparse_cross_op.cc). A dense plain key has no gaps: ""
// and -1 are values.
#include <algorithm>

#include "features/category_key.h"
#include "features/column_values.h"
#include "features/fingerprint.h"

namespace millrace::features {
namespace {

/// A plain key of a cross: the fingerprint of a text, an integer as it is. Where the model has the
/// key as text, an integer is its decimal text.
class PlainKey : public CategoricalEncoder {
 public:
  PlainKey(CategoryKey key, PlainKeyType type)
      : key_(key), as_text_(type == PlainKeyType::kText || !key.integer) {}

  void ids(const Batch& rows, IdRows& out, FaultSink&) const override {
    const Column& column = rows.column(key_.index);
    if (key_.integer) {
      with_integers(column, [&](auto values) {
        take(column, values, rows.rows(), out, [this](auto value) {
          const auto integer = static_cast<int64_t>(value);
          return as_text_ ? static_cast<int64_t>(fingerprint_of_integer(integer)) : integer;
        });
      });
    } else {
      take(column, column.values<std::string_view>(), rows.rows(), out,
           [](std::string_view text) { return static_cast<int64_t>(fingerprint(text)); });
    }
    if (key_.feed == Feed::kExample) return;
    fill_gaps(column, rows.rows(), as_text_ ? static_cast<int64_t>(fingerprint("")) : -1, out);
  }

 private:
  template <class T, class ToId>
  static void take(const Column& column, std::span<const T> values, size_t rows, IdRows& out,
                   ToId to_id) {
    map_ids(
        column, values, rows, out, [](const T&) { return false; }, to_id);
  }

  /// Gives a NULL of a plain (not list) column the value that a dense tensor would hold.
  static void fill_gaps(const Column& column, size_t rows, int64_t gap, IdRows& out) {
    if (column.type().list || out.ids.size() == rows) return;
    std::vector<int64_t> filled(rows, gap);
    for (size_t row = 0; row < rows; ++row) {
      if (out.offsets[row + 1] > out.offsets[row]) filled[row] = out.ids[out.offsets[row]];
      out.offsets[row] = static_cast<uint32_t>(row);
    }
    out.offsets[rows] = static_cast<uint32_t>(rows);
    out.ids = std::move(filled);
  }

  CategoryKey key_;
  bool as_text_;
};

class CrossedEncoder : public CategoricalEncoder {
 public:
  CrossedEncoder(std::vector<std::unique_ptr<CategoricalEncoder>> leaves,
                 const FeatureColumn& column)
      : leaves_(std::move(leaves)),
        buckets_(static_cast<uint64_t>(column.buckets)),
        hash_key_(column.hash_key == 0 ? kCrossHashKey : column.hash_key),
        label_(label_of(column)) {}

  void ids(const Batch& rows, IdRows& out, FaultSink& faults) const override {
    std::vector<IdRows> values(leaves_.size());
    bool single = true;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      leaves_[i]->ids(rows, values[i], faults);
      single = single && has_one_each(values[i], rows.rows());
    }
    out.reset(rows.rows());
    if (single) {
      cross_singles(values, rows.rows(), out);
    } else {
      cross_lists(values, rows.rows(), out, faults);
    }
  }

 private:
  static bool has_one_each(const IdRows& values, size_t rows) {
    if (values.ids.size() != rows) return false;
    for (size_t row = 0; row < rows; ++row) {
      if (values.offsets[row + 1] != row + 1) return false;
    }
    return true;
  }

  void cross_singles(const std::vector<IdRows>& values, size_t rows, IdRows& out) const {
    out.ids.resize(rows);
    out.elements.assign(rows, 0);
    for (size_t row = 0; row < rows; ++row) {
      uint64_t hash = hash_key_;
      for (const auto& leaf : values) {
        hash = fingerprint_cat(hash, static_cast<uint64_t>(leaf.ids[row]));
      }
      out.ids[row] = static_cast<int64_t>(hash % buckets_);
      out.offsets[row + 1] = static_cast<uint32_t>(row + 1);
    }
  }

  void cross_lists(const std::vector<IdRows>& values, size_t rows, IdRows& out,
                   FaultSink& faults) const {
    std::vector<uint32_t> at(values.size());
    for (size_t row = 0; row < rows; ++row) {
      uint64_t combinations = 1;
      for (const auto& leaf : values) {
        combinations *= leaf.offsets[row + 1] - leaf.offsets[row];
        if (combinations == 0 || combinations > kRowIdsMax) break;
      }
      if (combinations > kRowIdsMax || out.ids.size() + combinations > kBlockIdsMax) {
        faults.add(row, label_ + ": its lists have more than " + std::to_string(kRowIdsMax) +
                            " combinations");
        combinations = 0;
      }
      for (size_t i = 0; i < values.size(); ++i) at[i] = values[i].offsets[row];
      for (uint64_t n = 0; n < combinations; ++n) {
        out.elements.push_back(static_cast<uint32_t>(n));
        out.ids.push_back(hash_at(values, at));
        advance(values, row, at);
      }
      out.offsets[row + 1] = static_cast<uint32_t>(out.ids.size());
    }
  }

  int64_t hash_at(const std::vector<IdRows>& values, const std::vector<uint32_t>& at) const {
    uint64_t hash = hash_key_;
    for (size_t i = 0; i < values.size(); ++i) {
      hash = fingerprint_cat(hash, static_cast<uint64_t>(values[i].ids[at[i]]));
    }
    return static_cast<int64_t>(hash % buckets_);
  }

  /// The next combination; the last key turns fastest.
  static void advance(const std::vector<IdRows>& values, size_t row, std::vector<uint32_t>& at) {
    for (size_t i = values.size(); i-- > 0;) {
      if (++at[i] < values[i].offsets[row + 1]) return;
      at[i] = values[i].offsets[row];
    }
  }

  std::vector<std::unique_ptr<CategoricalEncoder>> leaves_;
  uint64_t buckets_;
  uint64_t hash_key_;
  std::string label_;
};

void add_leaves(const FeatureColumn& cross, std::vector<const FeatureColumn*>& leaves) {
  for (const auto& child : cross.children) {
    if (child.kind == ColumnKind::kCrossed) {
      add_leaves(child, leaves);
    } else {
      leaves.push_back(&child);
    }
  }
}

}  // namespace

CategoricalResult make_crossed(const FeatureColumn& column, const Input& input) {
  std::vector<const FeatureColumn*> leaves;
  add_leaves(column, leaves);
  if (input.feed == Feed::kDense) {
    std::stable_partition(leaves.begin(), leaves.end(),
                          [](const FeatureColumn* leaf) { return leaf->kind != ColumnKind::kKey; });
  }
  std::vector<std::unique_ptr<CategoricalEncoder>> encoders;
  for (const FeatureColumn* leaf : leaves) {
    if (leaf->kind == ColumnKind::kKey) {
      const auto type = leaf->plain_key_type;
      const auto wanted = type == PlainKeyType::kInteger ? KeyKind::kInteger : KeyKind::kAny;
      TRY(const CategoryKey key, find_category_key(input, column, leaf->key, wanted));
      encoders.push_back(std::make_unique<PlainKey>(key, type));
    } else {
      TRY(auto encoder, make_categorical(*leaf, input));
      encoders.push_back(std::move(encoder));
    }
  }
  return std::unique_ptr<CategoricalEncoder>(
      std::make_unique<CrossedEncoder>(std::move(encoders), column));
}

}  // namespace millrace::features
