#include "store/duckdb_explain.h"

#include <utility>

#include "base/check.h"
#include "store/duckdb_model_function.h"

namespace millrace::store {
namespace {

constexpr const char* kNames[] = {"feature", "element", "value", "contribution"};

LogicalType part_type() {
  const LogicalType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const LogicalType number(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
  duckdb_logical_type types[] = {text.get(), text.get(), number.get(), number.get()};
  return LogicalType(duckdb_create_struct_type(types, const_cast<const char**>(kNames), 4));
}

class ExplainFunction : public ModelFunction {
 public:
  explicit ExplainFunction(std::shared_ptr<Explainer> explainer)
      : explainer_(std::move(explainer)) {}

  const char* name() const override { return "explain"; }
  LogicalType returns() const override {
    const auto part = part_type();
    return LogicalType(duckdb_create_list_type(part.get()));
  }
  void clear(duckdb_vector output, size_t count) const override { set_all_null(output, count); }

  Status answer(const ModelQuestion& question, Scratch& scratch,
                duckdb_vector output) const override {
    std::vector<std::optional<Explanation>> explanations;
    const ModelOfSql model{question.model, question.database, kNewest};
    TRY_OK(explainer_->explain(model, question.number, scratch.rows, explanations));
    CHECK(explanations.size() == question.places.size(), "every row has its explanation");
    for (size_t i = 0; i < explanations.size(); ++i) {
      if (explanations[i]) put(*explanations[i], question.places[i], output);
    }
    return {};
  }

 private:
  /// Behind the elements that other rows have put there.
  static void put(const Explanation& explanation, uint32_t row, duckdb_vector output) {
    const idx_t first = duckdb_list_vector_get_size(output);
    const idx_t size = first + explanation.size();
    CHECK(duckdb_list_vector_reserve(output, size) == DuckDBSuccess &&
              duckdb_list_vector_set_size(output, size) == DuckDBSuccess,
          "a list vector has a child");
    static_cast<duckdb_list_entry*>(duckdb_vector_get_data(output))[row] = {first,
                                                                            explanation.size()};
    duckdb_validity_set_row_valid(duckdb_vector_get_validity(output), row);
    const auto parts = duckdb_list_vector_get_child(output);
    const auto feature = duckdb_struct_vector_get_child(parts, 0);
    const auto element = duckdb_struct_vector_get_child(parts, 1);
    const auto values = duckdb_struct_vector_get_child(parts, 2);
    const auto contributions = duckdb_struct_vector_get_child(parts, 3);
    duckdb_vector_ensure_validity_writable(element);
    for (size_t i = 0; i < explanation.size(); ++i) {
      const auto& part = explanation[i];
      duckdb_vector_assign_string_element_len(feature, first + i, part.feature.data(),
                                              part.feature.size());
      if (part.element.empty()) {
        duckdb_validity_set_row_invalid(duckdb_vector_get_validity(element), first + i);
      } else {
        duckdb_vector_assign_string_element_len(element, first + i, part.element.data(),
                                                part.element.size());
      }
      static_cast<double*>(duckdb_vector_get_data(values))[first + i] = part.value;
      static_cast<double*>(duckdb_vector_get_data(contributions))[first + i] = part.contribution;
    }
  }

  const std::shared_ptr<Explainer> explainer_;
};

}  // namespace

Status register_explainer(duckdb_connection connection, std::shared_ptr<Explainer> explainer) {
  return register_model_function(connection,
                                 std::make_shared<ExplainFunction>(std::move(explainer)));
}

}  // namespace millrace::store
