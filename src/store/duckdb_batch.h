// Between a Column and a DuckDB vector, up to duckdb_vector_size() rows at a time: values and
// validity are laid out alike, so fixed-width columns are copied as memory; text is not copied at
// all where its owner outlives the vector. Used by the writer, the shaper, virtual tables and
// predict().
#pragma once

#include <optional>

#include "base/result.h"
#include "data/batch.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// The type of a Batch's column that holds values of a DuckDB type as they are, if there is one.
std::optional<DataType> data_type_of(duckdb_logical_type type);
/// The same from a type's SQL name as duckdb_columns() shows it.
std::optional<DataType> data_type_named(std::string_view type_name);
LogicalType logical_type_of(DataType type);

/// A chunk with columns of these types.
DataChunk make_chunk(const std::vector<DataType>& types);

/// Whether long text in a vector is a copy of its own, or points into the memory of the Batch it
/// came from: right where the chunk is used up (appended, or materialised) before that Batch
/// changes.
enum class Texts : uint8_t { kCopied, kBorrowed };

/// Rows [first, first + count) of `column` into rows [0, count) of `vector`, which has the column's
/// type and is as new (or reset).
void fill_vector(const Column& column, size_t first, size_t count, duckdb_vector vector,
                 Texts texts = Texts::kCopied);

/// Rows [0, rows) of a flat `vector`, which has the column's type, into `column` from `first_row`
/// on; the column is reset to its final number of rows before. Text and blobs point into the
/// vector's memory: it must live as long as they do. NULL elements of a list are left out. Lists
/// must be read in the order of their rows.
void read_vector(duckdb_vector vector, size_t rows, Column& column, size_t first_row);

}  // namespace millrace::store
