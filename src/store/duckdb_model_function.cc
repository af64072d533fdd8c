#include "store/duckdb_model_function.h"

#include <algorithm>
#include <utility>

#include "store/duckdb_error.h"
#include "store/duckdb_feature.h"

namespace millrace::store {
namespace {

using FunctionSet = Handle<duckdb_scalar_function_set, duckdb_destroy_scalar_function_set>;
using SharedFunction = std::shared_ptr<const ModelFunction>;

/// What binding finds out about one call in a statement. Shared by its threads.
struct Call {
  SharedFunction function;
  std::string database;
  std::optional<FeatureReader> reader;  // none: the row is the word NULL
};
using SharedCall = std::shared_ptr<const Call>;
using OwnedScratch = std::unique_ptr<ModelFunction::Scratch>;

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
  call->function =
      *static_cast<const SharedFunction*>(duckdb_scalar_function_bind_get_extra_info(info));
  call->database = current_schema(info);
  const Expression row(duckdb_scalar_function_bind_get_argument(info, 1));
  const LogicalType type(duckdb_expression_return_type(row.get()));
  const auto id = duckdb_get_type_id(type.get());
  if (id == DUCKDB_TYPE_STRUCT) {
    call->reader.emplace(type.get());
  } else if (id != DUCKDB_TYPE_SQLNULL) {
    const std::string name = call->function->name();
    const Error error(
        Code::kInvalidArgument, name + "() needs a row, and this is a single value",
        "Write " + name + "('model', t) for a table t, or " + name + "('model', {'x': 1}).");
    return duckdb_scalar_function_bind_set_error(info, carried(error).c_str());
  }
  duckdb_scalar_function_set_bind_data(info, std::make_unique<SharedCall>(call).release(),
                                       destroy<SharedCall>);
  duckdb_scalar_function_set_bind_data_copy(info, copy_call);
}

void begin_thread(duckdb_init_info info) {
  const auto& call =
      **static_cast<const SharedCall*>(duckdb_scalar_function_init_get_bind_data(info));
  auto scratch = call.function->make_scratch();
  if (call.reader) scratch->rows = Batch(call.reader->schema());
  duckdb_scalar_function_init_set_state(
      info, std::make_unique<OwnedScratch>(std::move(scratch)).release(), destroy<OwnedScratch>);
}

bool is_valid(uint64_t* validity, size_t row) {
  return validity == nullptr || duckdb_validity_row_is_valid(validity, row);
}

/// Rows without a model, a row or a number are in none.
std::vector<ModelQuestion> questions_of(const Call& call, duckdb_data_chunk input) {
  const auto models = duckdb_data_chunk_get_vector(input, 0);
  const auto* names = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(models));
  auto* named = duckdb_vector_get_validity(models);
  auto* there = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 1));
  const bool numbered = duckdb_data_chunk_get_column_count(input) > 2;
  const auto third = numbered ? duckdb_data_chunk_get_vector(input, 2) : nullptr;
  const auto* numbers =
      numbered ? static_cast<const int64_t*>(duckdb_vector_get_data(third)) : nullptr;
  auto* counted = numbered ? duckdb_vector_get_validity(third) : nullptr;
  std::vector<ModelQuestion> questions;
  size_t last = 0;
  for (size_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (!is_valid(named, row) || !is_valid(there, row) || !is_valid(counted, row)) continue;
    const auto model = view_of(names[row]);
    const auto number = numbered ? std::optional(numbers[row]) : std::nullopt;
    const auto asks = [&](const ModelQuestion& question) {
      return question.model == model && question.number == number;
    };
    if (last >= questions.size() || !asks(questions[last])) {
      const auto at = std::find_if(questions.begin(), questions.end(), asks);
      last = static_cast<size_t>(at - questions.begin());
      if (at == questions.end()) questions.push_back({model, call.database, number, {}});
    }
    questions[last].places.push_back(static_cast<uint32_t>(row));
  }
  return questions;
}

Status answer(const Call& call, const ModelQuestion& question, duckdb_data_chunk input,
              ModelFunction::Scratch& scratch, duckdb_vector output) {
  const size_t count = duckdb_data_chunk_get_size(input);
  call.reader->read(duckdb_data_chunk_get_vector(input, 1), count, scratch.rows);
  if (question.places.size() < count) {
    scratch.keep.assign(count, 0);
    for (const auto row : question.places) scratch.keep[row] = 1;
    scratch.rows.compact(scratch.keep);
  }
  return call.function->answer(question, scratch, output);
}

void run_chunk(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& call = **static_cast<const SharedCall*>(duckdb_scalar_function_get_bind_data(info));
  auto& scratch = **static_cast<OwnedScratch*>(duckdb_scalar_function_get_state(info));
  call.function->clear(output, duckdb_data_chunk_get_size(input));
  if (!call.reader) return;
  for (const auto& question : questions_of(call, input)) {
    const auto done = answer(call, question, input, scratch, output);
    if (!done) return duckdb_scalar_function_set_error(info, carried(done.error()).c_str());
  }
}

ScalarFunction scalar_function(const SharedFunction& model_function, bool numbered) {
  const LogicalType name(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const LogicalType any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  const LogicalType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const LogicalType returned = model_function->returns();
  ScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), model_function->name());
  duckdb_scalar_function_add_parameter(function.get(), name.get());
  duckdb_scalar_function_add_parameter(function.get(), any.get());
  if (numbered) duckdb_scalar_function_add_parameter(function.get(), number.get());
  duckdb_scalar_function_set_return_type(function.get(), returned.get());
  duckdb_scalar_function_set_volatile(function.get());
  duckdb_scalar_function_set_special_handling(function.get());
  duckdb_scalar_function_set_bind(function.get(), bind_call);
  duckdb_scalar_function_set_init(function.get(), begin_thread);
  duckdb_scalar_function_set_function(function.get(), run_chunk);
  duckdb_scalar_function_set_extra_info(function.get(),
                                        std::make_unique<SharedFunction>(model_function).release(),
                                        destroy<SharedFunction>);
  return function;
}

}  // namespace

void set_all_null(duckdb_vector vector, size_t count) {
  duckdb_vector_ensure_validity_writable(vector);
  auto* validity = duckdb_vector_get_validity(vector);
  for (size_t row = 0; row < count; ++row) duckdb_validity_set_row_invalid(validity, row);
}

Status register_model_function(duckdb_connection connection,
                               std::shared_ptr<const ModelFunction> function) {
  const auto plain = scalar_function(function, false);
  const auto numbered = scalar_function(function, true);
  const FunctionSet set(duckdb_create_scalar_function_set(function->name()));
  const bool made = duckdb_add_scalar_function_to_set(set.get(), plain.get()) == DuckDBSuccess &&
                    duckdb_add_scalar_function_to_set(set.get(), numbered.get()) == DuckDBSuccess &&
                    duckdb_register_scalar_function_set(connection, set.get()) == DuckDBSuccess;
  if (made) return {};
  return Error(Code::kInternal,
               std::string("could not register function \"") + function->name() + "\"");
}

}  // namespace millrace::store
