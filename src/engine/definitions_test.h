// Definitions as sql/ would make them, for the tests of the engine.
#pragma once

#include <gtest/gtest.h>

#include "data/row_builder.h"
#include "engine/model_state.h"

namespace millrace::engine {

inline Argument make(Argument::Form form, std::string text, std::vector<Argument> items = {}) {
  Argument argument;
  argument.form = form;
  argument.text = std::move(text);
  argument.items = std::move(items);
  return argument;
}
inline Argument name(std::string text) {
  return make(Argument::Form::kName, std::move(text));
}
inline Argument text(std::string text) {
  return make(Argument::Form::kString, std::move(text));
}
inline Argument number(std::string text) {
  return make(Argument::Form::kNumber, std::move(text));
}
inline Argument list(std::vector<Argument> items) {
  return make(Argument::Form::kList, "", std::move(items));
}
inline Argument call(std::string function, std::vector<Argument> items) {
  return make(Argument::Form::kCall, std::move(function), std::move(items));
}
inline Argument with(std::string parameter, Argument argument) {
  argument.name = std::move(parameter);
  return argument;
}

/// `estimator`(label => clicked, ...more).
inline ModelDefinition model(const std::string& estimator, std::vector<Argument> more) {
  std::vector<Argument> arguments{with("label", name("clicked"))};
  for (auto& one : more) arguments.push_back(std::move(one));
  return {{"shop", "m"}, call(estimator, std::move(arguments))};
}

/// LinearClassifier(label => clicked, feature_columns => [numeric_column(age),
/// categorical_column_with_hash_bucket(city, 50)], batch_size => 8), and what `more` says.
inline ModelDefinition clicks(std::vector<Argument> more = {}) {
  std::vector<Argument> arguments{
      with("label", name("clicked")),
      with("feature_columns",
           list({call("numeric_column", {name("age")}),
                 call("categorical_column_with_hash_bucket", {name("city"), number("50")})})),
      with("batch_size", number("8"))};
  for (auto& one : more) arguments.push_back(std::move(one));
  return {{"shop", "clicks"}, call("LinearClassifier", std::move(arguments))};
}

inline std::shared_ptr<ModelEntry> entry_of(ModelDefinition definition) {
  auto made = make_model(std::move(definition));
  EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
  return made ? *made : nullptr;
}

/// age FLOAT, city VARCHAR, clicked FLOAT.
inline std::shared_ptr<const Schema> click_schema() {
  return std::make_shared<Schema>(std::vector<Field>{
      {"age", {Kind::kFloat}}, {"city", {Kind::kVarchar}}, {"clicked", {Kind::kFloat}}});
}

/// Rows [begin, end) of an endless made-up stream, the same at each call.
inline Batch click_rows(int64_t begin, int64_t end) {
  RowBuilder rows(click_schema());
  for (int64_t i = begin; i < end; ++i) {
    const int64_t mixed = (i * 7919 + 13) % 101;
    rows.add({static_cast<double>(mixed % 60), "city" + std::to_string(mixed % 17),
              static_cast<double>((mixed + i / 3) % 3 == 0)});
  }
  Batch batch = rows.build();
  for (size_t row = 0; row < batch.rows(); ++row)
    batch.message_of_row()[row] = static_cast<uint32_t>(row);
  return batch;
}

}  // namespace millrace::engine
