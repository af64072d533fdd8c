#include "features/encoder.h"

#include <algorithm>

#include "base/check.h"
#include "features/column_encoder.h"

namespace millrace::features {
namespace {

/// Writes the ids of a categorical column as a sparse block.
class IdBlockEncoder : public BlockEncoder {
 public:
  IdBlockEncoder(std::unique_ptr<CategoricalEncoder> categories, const FeatureColumn& column,
                 BeyondBuckets beyond)
      : categories_(std::move(categories)),
        buckets_(buckets_of(column)),
        beyond_(beyond),
        label_(label_of(column)) {}

  void encode(const Batch& rows, EncodedBlock& block, FaultSink& faults) const override {
    if (categories_->write_block(rows, block, faults)) return;
    IdRows found;
    categories_->ids(rows, found, faults);
    block.offsets.resize(rows.rows() + 1);
    block.ids.resize(found.ids.size());
    block.weights.resize(found.weights.size());
    const bool weighted = !found.weights.empty();
    size_t count = 0;
    block.offsets[0] = 0;
    for (size_t row = 0; row < rows.rows(); ++row) {
      for (uint32_t i = found.offsets[row]; i < found.offsets[row + 1]; ++i) {
        if (!is_inside(found.ids[i], row, faults)) continue;
        if (weighted) block.weights[count] = found.weights[i];
        block.ids[count++] = static_cast<int32_t>(found.ids[i]);
      }
      block.offsets[row + 1] = static_cast<uint32_t>(count);
    }
    block.ids.resize(count);
    if (weighted) block.weights.resize(count);
  }

 private:
  bool is_inside(int64_t id, size_t row, FaultSink& faults) const {
    if (id < 0) return false;
    if (id < buckets_) return true;
    if (beyond_ == BeyondBuckets::kFault) {
      faults.add(row, label_ + ": " + std::to_string(id) + " is not below num_buckets " +
                          std::to_string(buckets_));
    }
    return false;
  }

  std::unique_ptr<CategoricalEncoder> categories_;
  int64_t buckets_;
  BeyondBuckets beyond_;
  std::string label_;
};

/// What becomes one block: a column, or one category of shared embeddings.
struct Block {
  std::string name;
  const FeatureColumn* column;
  size_t child;  // which of an embedding's categories
};

BlockLayout layout_of(const Block& block, Tower tower) {
  const FeatureColumn& column = *block.column;
  BlockLayout layout;
  layout.name = block.name;
  switch (column.kind) {
    case ColumnKind::kNumeric:
      layout.width = column.shape;
      layout.standard = column.normalizer.kind == Normalizer::Kind::kStandard;
      break;
    case ColumnKind::kIndicator:
      layout.sparse = layout.multi_hot = true;
      layout.width = buckets_of(column.children[0]);
      break;
    case ColumnKind::kEmbedding:
    case ColumnKind::kSharedEmbeddings:
      layout.sparse = true;
      layout.width = column.dimension;
      layout.table_rows = buckets_of(column.children[block.child]);
      if (column.kind == ColumnKind::kSharedEmbeddings) layout.table = column.name();
      layout.combiner = column.combiner;
      layout.max_norm = static_cast<float>(column.max_norm);
      break;
    default:
      layout.sparse = true;
      layout.multi_hot = tower == Tower::kDnn;
      layout.width = buckets_of(column);
      break;
  }
  return layout;
}

BlockResult make_block(const Block& block, const Input& input) {
  const FeatureColumn& column = *block.column;
  switch (column.kind) {
    case ColumnKind::kNumeric:
      return make_numeric(column, input);
    case ColumnKind::kIndicator:
      return make_id_block(column.children[0], input, BeyondBuckets::kDrop);
    case ColumnKind::kEmbedding:
    case ColumnKind::kSharedEmbeddings:
      return make_id_block(column.children[block.child], input, BeyondBuckets::kFault);
    default:
      return make_id_block(column, input, BeyondBuckets::kFault);
  }
}

/// TensorFlow's order: by name, byte by byte.
std::vector<Block> blocks_of(const std::vector<FeatureColumn>& columns) {
  std::vector<Block> blocks;
  for (const auto& column : columns) {
    if (column.kind != ColumnKind::kSharedEmbeddings) {
      blocks.push_back({column.name(), &column, 0});
      continue;
    }
    for (size_t i = 0; i < column.children.size(); ++i) {
      blocks.push_back({column.children[i].name() + "_shared_embedding", &column, i});
    }
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const Block& a, const Block& b) { return a.name < b.name; });
  return blocks;
}

class ColumnsEncoder : public Encoder {
 public:
  ColumnsEncoder(std::vector<std::unique_ptr<BlockEncoder>> blocks, std::vector<BlockLayout> layout,
                 size_t input_columns)
      : blocks_(std::move(blocks)), layout_(std::move(layout)), input_columns_(input_columns) {}

  const std::vector<BlockLayout>& layout() const override { return layout_; }

  void encode(const Batch& rows, Encoded& encoded, std::vector<RowFault>& faults) const override {
    CHECK(rows.column_count() == input_columns_, "a batch has the schema its encoder was made for");
    encoded.rows = rows.rows();
    encoded.blocks.resize(blocks_.size());
    FaultSink sink(faults, rows.rows());
    for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i]->encode(rows, encoded.blocks[i], sink);
  }

 private:
  std::vector<std::unique_ptr<BlockEncoder>> blocks_;
  std::vector<BlockLayout> layout_;
  size_t input_columns_;
};

}  // namespace

void IdRows::reset(size_t rows) {
  offsets.resize(rows + 1);
  offsets[0] = 0;
  ids.clear();
  weights.clear();
  elements.clear();
}

void FaultSink::add(size_t row, std::string detail) {
  if (has(row)) return;
  if (seen_.empty()) seen_.resize(rows_, false);
  seen_[row] = true;
  faults_.push_back({static_cast<uint32_t>(row), std::move(detail)});
}

Result<size_t> find_key(const Input& input, const FeatureColumn& column, const std::string& key) {
  if (const auto index = input.schema.find(key)) return *index;
  if (const auto index = input.schema.find("@" + key)) return *index;
  return Error(Code::kNotFound,
               label_of(column) + " reads \"" + key + "\", which the input does not have",
               did_you_mean(key, input.schema.names()));
}

std::string label_of(const FeatureColumn& column) {
  std::string_view kind = "feature";
  switch (column.kind) {
    case ColumnKind::kNumeric:
      kind = "numeric";
      break;
    case ColumnKind::kBucketized:
      kind = "bucketized";
      break;
    case ColumnKind::kVocabularyList:
    case ColumnKind::kVocabularyFile:
      kind = "vocabulary";
      break;
    case ColumnKind::kHashBucket:
      kind = "hash bucket";
      break;
    case ColumnKind::kIdentity:
      kind = "identity";
      break;
    case ColumnKind::kCrossed:
      kind = "crossed";
      break;
    case ColumnKind::kWeightedCategorical:
      kind = "weighted";
      break;
    case ColumnKind::kIndicator:
      kind = "indicator";
      break;
    case ColumnKind::kEmbedding:
    case ColumnKind::kSharedEmbeddings:
      kind = "embedding";
      break;
    case ColumnKind::kKey:
      break;
  }
  return std::string(kind) + " column \"" + column.name() + "\"";
}

int64_t buckets_of(const FeatureColumn& column) {
  switch (column.kind) {
    case ColumnKind::kBucketized:
      return static_cast<int64_t>(column.boundaries.size() + 1) * column.children[0].shape;
    case ColumnKind::kWeightedCategorical:
      return buckets_of(column.children[0]);
    default:
      return column.buckets;
  }
}

CategoricalResult make_categorical(const FeatureColumn& column, const Input& input) {
  if (!column.separator.empty()) return make_separated(column, input);
  switch (column.kind) {
    case ColumnKind::kBucketized:
      return make_bucketized(column, input);
    case ColumnKind::kVocabularyList:
    case ColumnKind::kVocabularyFile:
      return make_vocabulary(column, input);
    case ColumnKind::kHashBucket:
      return make_hash_bucket(column, input);
    case ColumnKind::kIdentity:
      return make_identity(column, input);
    case ColumnKind::kCrossed:
      return make_crossed(column, input);
    case ColumnKind::kWeightedCategorical:
      return make_weighted(column, input);
    default:
      return Error(Code::kUnsupported, label_of(column) + " is not supported");
  }
}

BlockResult make_id_block(const FeatureColumn& column, const Input& input, BeyondBuckets beyond) {
  TRY(auto categories, make_categorical(column, input));
  return std::unique_ptr<BlockEncoder>(
      std::make_unique<IdBlockEncoder>(std::move(categories), column, beyond));
}

Status check_columns(const std::vector<FeatureColumn>& columns, Tower tower) {
  for (const auto& column : columns) {
    const bool wrapped = !is_categorical(column.kind) || column.kind == ColumnKind::kBucketized;
    if (tower == Tower::kLinear && column.kind == ColumnKind::kSharedEmbeddings) {
      return Error(Code::kUnsupported, label_of(column) + " is not supported in a linear model");
    }
    if (tower == Tower::kDnn && !wrapped) {
      return Error(Code::kInvalidArgument, label_of(column) + " cannot feed a DNN as it is",
                   "Wrap it: indicator_column(" + column.to_sql() + ").");
    }
  }
  return {};
}

std::vector<BlockLayout> layout_of(const std::vector<FeatureColumn>& columns, Tower tower) {
  std::vector<BlockLayout> layouts;
  for (const auto& block : blocks_of(columns)) layouts.push_back(layout_of(block, tower));
  return layouts;
}

Result<std::unique_ptr<Encoder>> Encoder::make(const std::vector<FeatureColumn>& columns,
                                               Tower tower, const Schema& input, Feed feed) {
  TRY_OK(check_columns(columns, tower));
  std::vector<std::unique_ptr<BlockEncoder>> blocks;
  for (const auto& each : blocks_of(columns)) {
    TRY(auto block, make_block(each, Input{input, feed}));
    blocks.push_back(std::move(block));
  }
  return std::unique_ptr<Encoder>(std::make_unique<ColumnsEncoder>(
      std::move(blocks), features::layout_of(columns, tower), input.size()));
}

std::vector<FeatureColumn> infer_columns(const Schema& input,
                                         const std::vector<std::string>& except) {
  constexpr int64_t kInferredBuckets = 1000;
  std::vector<FeatureColumn> columns;
  for (const auto& field : input.fields()) {
    const auto same = [&](const std::string& name) { return same_name(name, field.name); };
    const bool variable = field.name.starts_with('@');
    if (variable || std::any_of(except.begin(), except.end(), same)) continue;
    FeatureColumn column;
    column.key = field.name;
    if (field.type.kind == Kind::kVarchar) {
      column.kind = ColumnKind::kHashBucket;
      column.buckets = kInferredBuckets;
    } else if (!is_number(field.type.kind) || field.type.list) {
      continue;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace millrace::features
