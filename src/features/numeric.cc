#include "features/numeric.h"

#include <algorithm>
#include <cmath>

#include "features/column_values.h"

namespace millrace::features {
namespace {

class NumericEncoder : public BlockEncoder {
 public:
  explicit NumericEncoder(NumberReader reader) : reader_(std::move(reader)) {}

  void encode(const Batch& rows, EncodedBlock& block, FaultSink& faults) const override {
    block.dense.resize(rows.rows() * reader_.shape());
    reader_.read(rows, block.dense, faults);
  }

 private:
  NumberReader reader_;
};

}  // namespace

Result<NumberReader> NumberReader::make(const FeatureColumn& owner, const FeatureColumn& numeric,
                                        const Input& input, NotFinite not_finite) {
  NumberReader reader;
  TRY(reader.index_, find_key(input, owner, numeric.key));
  const Field& field = input.schema[reader.index_];
  if (!is_number(field.type.kind)) {
    return Error(
        Code::kTypeMismatch,
        label_of(owner) + " needs a number, and \"" + field.name + "\" is " + name_of(field.type),
        is_text(field.type.kind) ? "Declare it DOUBLE, or use a categorical column for text."
                                 : "Make a number of it with SET.");
  }
  if (numeric.shape > 1 && !field.type.list) {
    return Error(Code::kTypeMismatch,
                 label_of(owner) + " has shape " + std::to_string(numeric.shape) + ", and \"" +
                     field.name + "\" is " + name_of(field.type),
                 "Declare it " + name_of(field.type) + "[].");
  }
  reader.label_ = label_of(owner);
  reader.shape_ = static_cast<size_t>(numeric.shape);
  if (numeric.default_value) reader.default_value_ = static_cast<float>(*numeric.default_value);
  reader.not_finite_ = not_finite;
  reader.normalizer_ = numeric.normalizer;
  reader.shift_ = static_cast<float>(numeric.normalizer.a);
  const bool min_max = numeric.normalizer.kind == Normalizer::Kind::kMinMax;
  reader.scale_ = static_cast<float>(min_max ? numeric.normalizer.b - numeric.normalizer.a
                                             : numeric.normalizer.b);
  return reader;
}

float NumberReader::normal(float x) const {
  switch (normalizer_.kind) {
    case Normalizer::Kind::kNone:
    case Normalizer::Kind::kStandard:
      break;
    case Normalizer::Kind::kMinMax:
    case Normalizer::Kind::kZScore:
      return (x - shift_) / scale_;
    case Normalizer::Kind::kLog:
      return std::log(x + shift_);
  }
  return x;
}

void NumberReader::read(const Batch& rows, std::span<float> out, FaultSink& faults) const {
  const Column& column = rows.column(index_);
  const bool as_it_is = normalizer_.kind == Normalizer::Kind::kNone ||
                        normalizer_.kind == Normalizer::Kind::kStandard;
  const bool plain = shape_ == 1 && !column.type().list && column.all_valid() && as_it_is;
  if (!plain) return read_slowly(rows, out, faults);
  bool finite = true;
  with_numbers(column, [&](auto values) {
    for (size_t row = 0; row < out.size(); ++row) {
      out[row] = static_cast<float>(values[row]);
      finite &= std::isfinite(out[row]);
    }
  });
  if (!finite && not_finite_ == NotFinite::kFault) read_slowly(rows, out, faults);
}

void NumberReader::read_slowly(const Batch& rows, std::span<float> out, FaultSink& faults) const {
  const Column& column = rows.column(index_);
  const RowElements elements(column);
  with_numbers(column, [&](auto values) {
    for (size_t row = 0; row < rows.rows(); ++row) {
      const auto to = out.subspan(row * shape_, shape_);
      const auto [begin, end] = elements.of(row);
      if (!column.is_valid(row)) {
        if (!default_value_) faults.add(row, label_ + ": the value is NULL, and has no default");
        std::fill(to.begin(), to.end(), default_value_ ? normal(*default_value_) : 0.0F);
        continue;
      }
      if (end - begin != shape_) {
        faults.add(row, label_ + ": " + std::to_string(end - begin) + " values where shape is " +
                            std::to_string(shape_));
        std::fill(to.begin(), to.end(), 0.0F);
        continue;
      }
      for (size_t i = 0; i < shape_; ++i) {
        to[i] = normal(static_cast<float>(values[begin + i]));
        if (std::isfinite(to[i]) || not_finite_ == NotFinite::kKeep) continue;
        faults.add(row, label_ + ": the value is not a finite float32 number");
        to[i] = 0;
      }
    }
  });
}

BlockResult make_numeric(const FeatureColumn& column, const Input& input) {
  TRY(NumberReader reader,
      NumberReader::make(column, column, input, NumberReader::NotFinite::kFault));
  return std::unique_ptr<BlockEncoder>(std::make_unique<NumericEncoder>(std::move(reader)));
}

}  // namespace millrace::features
