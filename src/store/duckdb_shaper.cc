#include "store/duckdb_shaper.h"

#include <algorithm>

#include "store/duckdb_batch.h"
#include "store/duckdb_changing.h"
#include "store/duckdb_connection.h"

namespace millrace::store {
namespace {

/// The SQL name of the type in which an expression's value can travel in a Batch; empty when it can
/// as it is.
std::string travel_type(duckdb_logical_type type) {
  if (data_type_of(type)) return {};
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return "DOUBLE";
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP";
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY: {
      const bool list = duckdb_get_type_id(type) == DUCKDB_TYPE_LIST;
      const LogicalType child(list ? duckdb_list_type_child_type(type)
                                   : duckdb_array_type_child_type(type));
      const auto element = data_type_of(child.get());
      if (element && !element->list) return name_of({element->kind, true});
      const std::string inner = travel_type(child.get());
      return inner.empty() || inner.ends_with("]") ? "VARCHAR" : inner + "[]";
    }
    default:
      return "VARCHAR";
  }
}

template <class T>
void gather_values(const Column& from, std::span<const uint32_t> rows, Column& to) {
  const auto values = from.values<T>();
  const auto out = to.values<T>();
  for (size_t i = 0; i < rows.size(); ++i) out[i] = values[rows[i]];
}

template <class T>
void gather_list(const Column& from, std::span<const uint32_t> rows, Column& to) {
  const auto offsets = from.list_offsets();
  std::vector<uint32_t> out_offsets(rows.size() + 1, 0);
  for (size_t i = 0; i < rows.size(); ++i)
    out_offsets[i + 1] = out_offsets[i] + offsets[rows[i] + 1] - offsets[rows[i]];
  to.set_list_offsets(out_offsets);
  const auto values = from.values<T>();
  const auto out = to.values<T>();
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(values.begin() + offsets[rows[i]], offsets[rows[i] + 1] - offsets[rows[i]],
                out.begin() + out_offsets[i]);
  }
}

template <class T>
void gather(const Column& from, std::span<const uint32_t> rows, Column& to) {
  from.type().list ? gather_list<T>(from, rows, to) : gather_values<T>(from, rows, to);
}

/// `to` gets the given rows of `from`; it has been reset to their number.
void gather(const Column& from, std::span<const uint32_t> rows, Column& to) {
  to.set_valid(0, rows.size());
  if (!from.all_valid()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!from.is_valid(rows[i])) to.set_null(i);
    }
  }
  switch (width_of(from.type().kind)) {
    case 1:
      return gather<uint8_t>(from, rows, to);
    case 2:
      return gather<uint16_t>(from, rows, to);
    case 4:
      return gather<uint32_t>(from, rows, to);
    case 8:
      return gather<uint64_t>(from, rows, to);
    default:
      return gather<std::string_view>(from, rows, to);
  }
}

class DuckdbShaper final : public Shaper {
 public:
  explicit DuckdbShaper(const ShapeSpec& spec) : spec_(spec) {}

  Status open(duckdb_database database, const std::shared_ptr<BatchSources>& sources);
  const std::shared_ptr<const Schema>& schema() const override { return schema_; }
  const std::string& changing_part() const override { return changing_part_; }
  Status shape(const Batch& in, Batch& out, std::vector<RowFailure>& failures) override;

 private:
  Status make_schema();

  ShapeSpec spec_;
  std::unique_ptr<BatchQuery> query_;
  std::shared_ptr<const Schema> schema_;
  std::string changing_part_;
  std::vector<size_t> place_of_;  // of each expression, in schema_
};

Status DuckdbShaper::open(duckdb_database database, const std::shared_ptr<BatchSources>& sources) {
  auto columns = spec_.columns;
  TRY(query_,
      BatchQuery::open(database, sources, spec_.names_in, spec_.input, columns, spec_.where));
  bool casts = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    auto& expression = columns[i].expression;
    const auto type = travel_type(query_->type(i).get());
    const auto number = spec_.numbers.find(columns[i].column);
    const bool text = duckdb_get_type_id(query_->type(i).get()) == DUCKDB_TYPE_VARCHAR;
    if (text && number != spec_.numbers.end())
      expression = "CAST(nullif(trim(" + expression + "\n), '') AS " +
                   name_of({number->second, false}) + ")";
    else if (!type.empty())
      expression = "CAST((" + expression + "\n) AS " + type + ")";
    else
      continue;
    casts = true;
  }
  if (casts) {
    TRY(query_,
        BatchQuery::open(database, sources, spec_.names_in, spec_.input, columns, spec_.where));
  }
  std::vector<std::string> expressions;
  for (const auto& column : columns) expressions.push_back(column.expression);
  if (!spec_.where.empty()) expressions.push_back(spec_.where);
  TRY(const auto connection, open_connection(database, spec_.names_in));
  TRY(changing_part_, store::changing_part(connection.get(), expressions));
  return make_schema();
}

Status DuckdbShaper::make_schema() {
  std::vector<Field> fields = spec_.input->fields();
  for (size_t i = 0; i < spec_.columns.size(); ++i) {
    const auto& name = spec_.columns[i].column;
    const auto type = data_type_of(query_->type(i).get());
    if (!type) return Error(Code::kUnsupported, "SET " + name + " has a value of no known type");
    const auto at = std::find_if(fields.begin(), fields.end(),
                                 [&](const Field& field) { return same_name(field.name, name); });
    place_of_.push_back(static_cast<size_t>(at - fields.begin()));
    if (at == fields.end())
      fields.push_back({name, *type, true});
    else
      at->type = *type, at->nullable = true;
  }
  schema_ = std::make_shared<Schema>(std::move(fields));
  return {};
}

Status DuckdbShaper::shape(const Batch& in, Batch& out, std::vector<RowFailure>& failures) {
  TRY(auto made, query_->run(in, failures));
  auto rows = std::make_shared<BatchRows>(std::move(made));
  const auto& row_of = rows->row_of;
  out.reset(row_of.size());
  for (size_t i = 0; i < row_of.size(); ++i)
    out.message_of_row()[i] = in.message_of_row()[row_of[i]];
  std::vector<uint8_t> is_set(schema_->size(), 0);
  for (const size_t place : place_of_) is_set[place] = 1;
  const bool all = row_of.size() == in.rows();
  for (size_t i = 0; i < in.column_count(); ++i) {
    if (is_set[i]) continue;
    if (all)
      out.column(i) = in.column(i);
    else
      gather(in.column(i), row_of, out.column(i));
  }
  size_t first = 0;
  for (const auto& chunk : rows->chunks) {
    const size_t count = duckdb_data_chunk_get_size(chunk.get());
    for (size_t i = 0; i < place_of_.size(); ++i)
      read_vector(duckdb_data_chunk_get_vector(chunk.get(), i), count, out.column(place_of_[i]),
                  first);
    first += count;
  }
  out.keep_alive_as(in);
  out.keep_alive(std::move(rows));
  return {};
}

}  // namespace

Result<std::unique_ptr<Shaper>> open_duckdb_shaper(duckdb_database database,
                                                   std::shared_ptr<BatchSources> sources,
                                                   const ShapeSpec& spec) {
  auto shaper = std::make_unique<DuckdbShaper>(spec);
  TRY_OK(shaper->open(database, sources));
  return std::unique_ptr<Shaper>(std::move(shaper));
}

}  // namespace millrace::store
