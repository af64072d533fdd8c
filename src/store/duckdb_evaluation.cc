#include "store/duckdb_evaluation.h"

#include <algorithm>

#include "data/schema.h"

namespace millrace::store {
namespace {

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

}  // namespace

Result<DuckdbEvaluation> DuckdbEvaluation::open(duckdb_connection connection,
                                                const OutputSpec& spec) {
  TRY(auto found, find_table(connection, spec.database, spec.table));
  if (!found)
    return Error(Code::kNotFound,
                 "table \"" + spec.database + "." + spec.table + "\" does not exist");
  return DuckdbEvaluation(connection, std::move(*found));
}

Status DuckdbEvaluation::plan(const Metrics& metrics) {
  const bool planned =
      std::equal(metrics.begin(), metrics.end(), planned_.begin(), planned_.end(),
                 [](const auto& metric, const auto& name) { return metric.first == name; });
  if (planned) return {};
  planned_.clear();
  used_.clear();
  std::string sets;
  std::string columns;
  std::string values;
  for (const auto& column : table_.info.columns) {
    const auto at = std::find_if(metrics.begin(), metrics.end(), [&](const auto& metric) {
      return same_name(with_underscores(metric.first), with_underscores(column.name));
    });
    if (at == metrics.end()) continue;
    used_.push_back(static_cast<size_t>(at - metrics.begin()));
    const std::string comma = used_.size() == 1 ? "" : ", ";
    // What does not fit its column (a NaN in a BIGINT) is NULL: an evaluation stops no training.
    const std::string value = "TRY_CAST(CAST($" + std::to_string(used_.size()) + " AS DOUBLE) AS " +
                              column.type_name + ")";
    sets += comma + quoted_name(column.name) + " = " + value;
    columns += comma + quoted_name(column.name);
    values += comma + value;
  }
  if (used_.empty())
    return Error(Code::kInvalidArgument,
                 "table \"" + table_.name + "\" has no column for an evaluation");
  TRY(update_, prepare(connection_, "UPDATE " + table_.quoted() + " SET " + sets));
  TRY(insert_, prepare(connection_, "INSERT INTO " + table_.quoted() + " (" + columns +
                                        ") VALUES (" + values + ")"));
  for (const auto& [name, value] : metrics) planned_.push_back(name);
  return {};
}

Status DuckdbEvaluation::replace(const Metrics& metrics) {
  if (metrics.empty()) return {};
  TRY_OK(plan(metrics));
  std::vector<Parameter> parameters;
  for (const size_t i : used_) parameters.emplace_back(metrics[i].second);
  TRY(auto updated, execute(update_, parameters));
  const auto rows = duckdb_rows_changed(&updated.get());
  if (rows == 1) return {};
  // Rows that somebody else put there are not the evaluation.
  if (rows > 1) TRY_OK(run(connection_, "DELETE FROM " + table_.quoted()));
  TRY_OK(execute(insert_, parameters));
  return {};
}

}  // namespace millrace::store
