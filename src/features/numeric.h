// Reading numbers as float32, for numeric_column and for the source of a bucketized_column.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "features/column_encoder.h"

namespace millrace::features {

class NumberReader {
 public:
  /// Whether NaN and infinity are numbers (bucketized) or a fault (numeric: they would spoil the
  /// weights of every later row).
  enum class NotFinite : uint8_t { kFault, kKeep };

  /// `owner` is the column that errors name; `numeric` holds key, shape and default.
  static Result<NumberReader> make(const FeatureColumn& owner, const FeatureColumn& numeric,
                                   const Input& input, NotFinite not_finite);

  size_t shape() const { return shape_; }
  /// Writes [rows, shape] floats; a row with a fault gets zeros.
  void read(const Batch& rows, std::span<float> out, FaultSink& faults) const;

 private:
  NumberReader() = default;
  /// As TensorFlow: the default is a value like others, and becomes normal too.
  float normal(float x) const;
  void read_slowly(const Batch& rows, std::span<float> out, FaultSink& faults) const;

  std::string label_;
  size_t index_ = 0;
  size_t shape_ = 1;
  std::optional<float> default_value_;
  Normalizer normalizer_;
  float shift_ = 0;
  float scale_ = 1;
  NotFinite not_finite_ = NotFinite::kFault;
};

}  // namespace millrace::features
