// A model as a filter between two pipes: rows of CSV come in, each goes out as it came with its
// predictions behind it. This is our model as a program of WITH TRANSFORM in SingleStore itself
// (`millrace transform`), and as any other filter. Memory is bounded by kChunkBytes and the longest
// message. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "decode/decoder.h"

namespace millrace::engine {

struct FilterOptions {
  std::string model_file;
  /// Framed: each message behind its length in eight bytes, little-endian, as SingleStore gives
  /// those of Kafka. Lines: rows behind one another, as it gives files.
  enum class Input : uint8_t { kFramed, kLines } input = Input::kFramed;
  decode::CsvFormat csv;            // of what comes in, and of what goes out
  std::vector<std::string> fields;  // names of a row's fields; those that the model reads are used
  /// As in SET, without @; empty: class_id and probability, or prediction.
  std::vector<std::string> predictions;
};

struct FilterReport {
  int64_t rows = 0;
  int64_t unpredicted = 0;  // rows that went out with NULL as predictions
};

/// From descriptor `in` to its end, to descriptor `out`. A row that cannot be predicted goes out
/// with NULLs, and why is said through `complain`. Errors: those of the model's file; kNotFound for
/// a column that the model reads and `fields` lack; kDataLoss for a frame that is cut;
/// kUnavailable when `in` or `out` fail.
Result<FilterReport> run_filter(const FilterOptions& options, int in, int out,
                                const std::function<void(const std::string&)>& complain);

}  // namespace millrace::engine
