#include "store/duckdb_evaluation.h"

#include <algorithm>

#include "data/row_builder.h"
#include "data/schema.h"

namespace millrace::store {
namespace {

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

}  // namespace

Result<DuckdbEvaluation> DuckdbEvaluation::open(duckdb_connection connection,
                                                std::shared_ptr<BatchSources> sources,
                                                const OutputSpec& spec) {
  TRY(auto found, find_table(connection, spec.database, spec.table));
  if (!found)
    return Error(Code::kNotFound,
                 "table \"" + spec.database + "." + spec.table + "\" does not exist");
  return DuckdbEvaluation(connection, std::move(sources), std::move(*found));
}

Status DuckdbEvaluation::plan(const Metrics& metrics) {
  const auto is_planned = [](const auto& metric, const Field& field) {
    return metric.first == field.name;
  };
  if (metrics_ && std::equal(metrics.begin(), metrics.end(), metrics_->fields().begin(),
                             metrics_->fields().end(), is_planned))
    return {};
  std::vector<Field> fields;
  for (const auto& [name, value] : metrics) fields.push_back({name, {Kind::kDouble}});
  metrics_ = std::make_shared<const Schema>(std::move(fields));
  update_.reset();
  columns_.clear();
  values_.clear();
  for (const auto& column : table_.info.columns) {
    const auto at = std::find_if(metrics.begin(), metrics.end(), [&](const auto& metric) {
      return same_name(with_underscores(metric.first), with_underscores(column.name));
    });
    if (at == metrics.end()) continue;
    columns_.push_back(column.name);
    // What does not fit its column (a NaN in a BIGINT) is NULL: an evaluation stops no training.
    values_.push_back("TRY_CAST(batch." + quoted_name(at->first) + " AS " + column.type_name + ")");
  }
  if (!columns_.empty()) return {};
  metrics_.reset();  // nothing is planned
  return Error(Code::kInvalidArgument,
               "table \"" + table_.name + "\" has no column for an evaluation");
}

Status DuckdbEvaluation::replace(const Metrics& metrics) {
  if (metrics.empty()) return {};
  TRY_OK(plan(metrics));
  RowBuilder builder(metrics_);
  std::vector<Value> row;
  for (const auto& [name, value] : metrics) row.emplace_back(value);
  builder.add(std::move(row));
  const Batch batch = builder.build();
  if (!update_) {
    std::string sets;
    for (size_t i = 0; i < columns_.size(); ++i)
      sets += (i > 0 ? ", " : "") + quoted_name(columns_[i]) + " = " + values_[i];
    TRY(update_,
        BatchStatement::open(connection_, sources_, metrics_, [&](const std::string& rows) {
          return "UPDATE " + table_.quoted() + " SET " + sets + " FROM " + rows + " AS batch";
        }));
  }
  TRY(const int64_t updated, update_->run(batch));
  if (updated == 1) return {};
  update_.reset();  // it may have been planned for a table without a row
  // Rows that somebody else put there are not the evaluation.
  if (updated > 1) TRY_OK(run(connection_, "DELETE FROM " + table_.quoted()));
  TRY(const auto insert, BatchStatement::open(connection_, sources_, metrics_,
                                              insert_into(table_.quoted(), columns_, values_)));
  TRY_OK(insert->run(batch));
  return {};
}

}  // namespace millrace::store
