#include "store/duckdb_predict.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "store/duckdb_batch.h"
#include "store/duckdb_error.h"
#include "store/duckdb_feature.h"

namespace millrace::store {
namespace {

constexpr const char* kName = "predict";

/// What binding finds out about one predict() in a statement. Shared by its threads.
struct Call {
  std::shared_ptr<Predictor> predictor;
  std::string database;
  std::optional<FeatureReader> reader;  // none: the row is the word NULL
};
using SharedCall = std::shared_ptr<const Call>;

/// The memory of one thread, from chunk to chunk.
struct Scratch {
  Batch rows;
  Batch predictions;
  std::vector<uint8_t> keep;
};

template <class T>
void destroy(void* data) {
  const std::unique_ptr<T> owned(static_cast<T*>(data));
}

void* copy_call(void* data) {
  return std::make_unique<SharedCall>(*static_cast<const SharedCall*>(data)).release();
}

std::string current_schema(duckdb_bind_info info) {
  ClientContext context;
  duckdb_scalar_function_get_client_context(info, context.out());
  const DuckValue schema(duckdb_client_context_get_config_option(context.get(), "schema", nullptr));
  return schema ? take_text(duckdb_get_varchar(schema.get())) : std::string();
}

void bind_call(duckdb_bind_info info) {
  auto call = std::make_shared<Call>();
  call->predictor = *static_cast<const std::shared_ptr<Predictor>*>(
      duckdb_scalar_function_bind_get_extra_info(info));
  call->database = current_schema(info);
  const Expression row(duckdb_scalar_function_bind_get_argument(info, 1));
  const LogicalType type(duckdb_expression_return_type(row.get()));
  const auto id = duckdb_get_type_id(type.get());
  if (id == DUCKDB_TYPE_STRUCT) {
    call->reader.emplace(type.get());
  } else if (id != DUCKDB_TYPE_SQLNULL) {
    const Error error(Code::kInvalidArgument, "predict() needs a row, and this is a single value",
                      "Write predict('model', t) for a table t, or predict('model', {'x': 1}).");
    return duckdb_scalar_function_bind_set_error(info, carried(error).c_str());
  }
  duckdb_scalar_function_set_bind_data(info, std::make_unique<SharedCall>(call).release(),
                                       destroy<SharedCall>);
  duckdb_scalar_function_set_bind_data_copy(info, copy_call);
}

void begin_thread(duckdb_init_info info) {
  const auto& call =
      **static_cast<const SharedCall*>(duckdb_scalar_function_init_get_bind_data(info));
  auto scratch = std::make_unique<Scratch>();
  if (call.reader) scratch->rows = Batch(call.reader->schema());
  scratch->predictions = Batch(call.predictor->output());
  duckdb_scalar_function_init_set_state(info, scratch.release(), destroy<Scratch>);
}

/// The rows of a chunk that name the same model.
struct Group {
  std::string_view model;
  std::vector<uint32_t> rows;
};

bool is_valid(uint64_t* validity, size_t row) {
  return validity == nullptr || duckdb_validity_row_is_valid(validity, row);
}

/// Rows without a model or a row are in no group.
std::vector<Group> groups_of(duckdb_vector models, duckdb_vector rows, size_t count) {
  const auto* names = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(models));
  auto* named = duckdb_vector_get_validity(models);
  auto* there = duckdb_vector_get_validity(rows);
  std::vector<Group> groups;
  size_t last = 0;
  for (size_t row = 0; row < count; ++row) {
    if (!is_valid(named, row) || !is_valid(there, row)) continue;
    const auto model = view_of(names[row]);
    if (last >= groups.size() || groups[last].model != model) {
      const auto at = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& group) { return group.model == model; });
      last = static_cast<size_t>(at - groups.begin());
      if (at == groups.end()) groups.push_back({model, {}});
    }
    groups[last].rows.push_back(static_cast<uint32_t>(row));
  }
  return groups;
}

void set_null(duckdb_vector vector, size_t count) {
  duckdb_vector_ensure_validity_writable(vector);
  auto* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < count; ++row) duckdb_validity_set_row_invalid(validity, row);
}

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

Status predict_group(const Call& call, const Group& group, duckdb_vector rows, size_t count,
                     Scratch& scratch, duckdb_vector output) {
  call.reader->read(rows, count, scratch.rows);
  if (group.rows.size() < count) {
    scratch.keep.assign(count, 0);
    for (const auto row : group.rows) scratch.keep[row] = 1;
    scratch.rows.compact(scratch.keep);
  }
  TRY_OK(call.predictor->predict(group.model, call.database, scratch.rows, scratch.predictions));
  CHECK(scratch.predictions.rows() == group.rows.size(), "every row has its prediction");
  auto* validity = duckdb_vector_get_validity(output);
  for (const auto row : group.rows) duckdb_validity_set_row_valid(validity, row);
  for (size_t i = 0; i < scratch.predictions.column_count(); ++i)
    scatter(scratch.predictions.column(i), group.rows, duckdb_struct_vector_get_child(output, i));
  return {};
}

void predict_chunk(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& call = **static_cast<const SharedCall*>(duckdb_scalar_function_get_bind_data(info));
  auto& scratch = *static_cast<Scratch*>(duckdb_scalar_function_get_state(info));
  const size_t count = duckdb_data_chunk_get_size(input);
  set_null(output, count);
  for (size_t i = 0; i < call.predictor->output()->size(); ++i)
    set_null(duckdb_struct_vector_get_child(output, i), count);
  if (!call.reader) return;
  const auto rows = duckdb_data_chunk_get_vector(input, 1);
  for (const auto& group : groups_of(duckdb_data_chunk_get_vector(input, 0), rows, count)) {
    const auto done = predict_group(call, group, rows, count, scratch, output);
    if (!done) return duckdb_scalar_function_set_error(info, carried(done.error()).c_str());
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

}  // namespace

Status register_predictor(duckdb_connection connection, std::shared_ptr<Predictor> predictor) {
  const LogicalType name(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const LogicalType any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  const LogicalType prediction = struct_type_of(*predictor->output());
  ScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), kName);
  duckdb_scalar_function_add_parameter(function.get(), name.get());
  duckdb_scalar_function_add_parameter(function.get(), any.get());
  duckdb_scalar_function_set_return_type(function.get(), prediction.get());
  duckdb_scalar_function_set_volatile(function.get());
  duckdb_scalar_function_set_special_handling(function.get());
  duckdb_scalar_function_set_bind(function.get(), bind_call);
  duckdb_scalar_function_set_init(function.get(), begin_thread);
  duckdb_scalar_function_set_function(function.get(), predict_chunk);
  using Shared = std::shared_ptr<Predictor>;
  duckdb_scalar_function_set_extra_info(
      function.get(), std::make_unique<Shared>(std::move(predictor)).release(), destroy<Shared>);
  if (duckdb_register_scalar_function(connection, function.get()) == DuckDBError)
    return Error(Code::kInternal, "could not register function \"predict\"");
  return {};
}

}  // namespace millrace::store
