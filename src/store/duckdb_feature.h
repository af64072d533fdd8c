// The fields of a struct, or the columns of a result, as columns of a Batch: what predict() and
// TRAIN MODEL ... ON hand to a model. Types that a Batch has are taken as they are, some are
// converted to the nearest one it has, others are left out. Resolved once for a statement, then
// read chunk by chunk; immutable and thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "data/batch.h"
#include "store/duckdb_handles.h"
#include "store/duckdb_text_type.h"

namespace millrace::store {

class FeatureReader {
 public:
  /// `row` must be a STRUCT.
  explicit FeatureReader(duckdb_logical_type row);
  /// The columns of a result.
  explicit FeatureReader(duckdb_result& result);

  const std::shared_ptr<const Schema>& schema() const { return schema_; }
  /// Rows [0, rows) of a flat struct vector into `batch`, which has this reader's schema. Text
  /// points into the vector.
  void read(duckdb_vector vector, size_t rows, Batch& batch) const;
  /// All rows of a chunk of the result, which the batch keeps alive.
  void read(DataChunk chunk, Batch& batch) const;

 private:
  void add(std::vector<millrace::Field>& columns, idx_t child, std::string name,
           const LogicalType& type);
  template <class VectorOf>
  void read_each(VectorOf vector_of, size_t rows, Batch& batch) const;

  struct Field {
    idx_t child;
    DataType type;
    bool converted;
    TextType from;  // of what is converted
  };

  std::vector<Field> fields_;
  std::shared_ptr<const Schema> schema_;
};

}  // namespace millrace::store
