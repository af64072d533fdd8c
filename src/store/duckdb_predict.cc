#include "store/duckdb_predict.h"

#include <cstring>
#include <utility>

#include "store/duckdb_batch.h"
#include "store/duckdb_model_function.h"

namespace millrace::store {
namespace {

template <class T>
void scatter_values(const Column& column, std::span<const uint32_t> places, duckdb_vector vector) {
  const auto values = column.values<T>();
  auto* out = static_cast<T*>(duckdb_vector_get_data(vector));
  for (size_t i = 0; i < places.size(); ++i) out[places[i]] = values[i];
}

void scatter_texts(const Column& column, std::span<const uint32_t> places, duckdb_vector vector) {
  const auto texts = column.values<std::string_view>();
  for (size_t i = 0; i < places.size(); ++i) {
    if (column.is_valid(i))
      duckdb_unsafe_vector_assign_string_element_len(vector, places[i], texts[i].data(),
                                                     texts[i].size());
  }
}

/// Elements go behind those that other groups have put there.
void scatter_lists(const Column& column, std::span<const uint32_t> places, duckdb_vector vector) {
  CHECK(width_of(column.type().kind) == sizeof(double) && !is_text(column.type().kind),
        "a prediction's lists are of numbers of 64 bits");
  const auto offsets = column.list_offsets();
  const auto values = column.values<double>();
  const idx_t first = duckdb_list_vector_get_size(vector);
  const size_t count = offsets[places.size()] - offsets[0];
  CHECK(duckdb_list_vector_reserve(vector, first + count) == DuckDBSuccess &&
            duckdb_list_vector_set_size(vector, first + count) == DuckDBSuccess,
        "a list vector has a child");
  auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
  for (size_t i = 0; i < places.size(); ++i)
    entries[places[i]] = {first + offsets[i] - offsets[0], offsets[i + 1] - offsets[i]};
  auto* out = static_cast<double*>(duckdb_vector_get_data(duckdb_list_vector_get_child(vector)));
  if (count > 0) std::memcpy(out + first, values.data() + offsets[0], count * sizeof(double));
}

/// Row i of the column becomes row places[i] of the vector.
void scatter(const Column& column, std::span<const uint32_t> places, duckdb_vector vector) {
  auto* validity = duckdb_vector_get_validity(vector);
  for (size_t i = 0; i < places.size(); ++i) {
    if (column.is_valid(i)) duckdb_validity_set_row_valid(validity, places[i]);
  }
  const Kind kind = column.type().kind;
  if (column.type().list) return scatter_lists(column, places, vector);
  if (is_text(kind)) return scatter_texts(column, places, vector);
  switch (width_of(kind)) {
    case 1:
      return scatter_values<uint8_t>(column, places, vector);
    case 2:
      return scatter_values<uint16_t>(column, places, vector);
    case 4:
      return scatter_values<uint32_t>(column, places, vector);
    default:
      return scatter_values<uint64_t>(column, places, vector);
  }
}

LogicalType struct_type_of(const Schema& schema) {
  std::vector<LogicalType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (const auto& field : schema.fields()) {
    owned.push_back(logical_type_of(field.type));
    types.push_back(owned.back().get());
    names.push_back(field.name.c_str());
  }
  return LogicalType(duckdb_create_struct_type(types.data(), names.data(), types.size()));
}

class PredictFunction : public ModelFunction {
 public:
  explicit PredictFunction(std::shared_ptr<Predictor> predictor)
      : predictor_(std::move(predictor)) {}

  const char* name() const override { return "predict"; }
  LogicalType returns() const override { return struct_type_of(*predictor_->output()); }

  std::unique_ptr<Scratch> make_scratch() const override {
    auto scratch = std::make_unique<Predictions>();
    scratch->predictions = Batch(predictor_->output());
    return scratch;
  }

  void clear(duckdb_vector output, size_t count) const override {
    set_all_null(output, count);
    for (size_t i = 0; i < predictor_->output()->size(); ++i)
      set_all_null(duckdb_struct_vector_get_child(output, i), count);
  }

  Status answer(const ModelQuestion& question, Scratch& scratch,
                duckdb_vector output) const override {
    auto& predictions = static_cast<Predictions&>(scratch).predictions;
    const ModelOfSql model{question.model, question.database, question.number.value_or(kNewest)};
    TRY_OK(predictor_->predict(model, scratch.rows, predictions));
    CHECK(predictions.rows() == question.places.size(), "every row has its prediction");
    auto* validity = duckdb_vector_get_validity(output);
    for (const auto row : question.places) duckdb_validity_set_row_valid(validity, row);
    for (size_t i = 0; i < predictions.column_count(); ++i)
      scatter(predictions.column(i), question.places, duckdb_struct_vector_get_child(output, i));
    return {};
  }

 private:
  struct Predictions : Scratch {
    Batch predictions;
  };
  const std::shared_ptr<Predictor> predictor_;
};

}  // namespace

Status register_predictor(duckdb_connection connection, std::shared_ptr<Predictor> predictor) {
  return register_model_function(connection,
                                 std::make_shared<PredictFunction>(std::move(predictor)));
}

}  // namespace millrace::store
