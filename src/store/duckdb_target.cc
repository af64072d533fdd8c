#include "store/duckdb_target.h"

#include <algorithm>
#include <numeric>

#include "store/duckdb_appender.h"
#include "store/duckdb_batch.h"
#include "store/duckdb_error.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_transaction.h"

namespace millrace::store {
namespace {

/// The column that an expression names if it is nothing but a quoted name.
std::optional<std::string> bare_column(std::string_view expression) {
  if (expression.size() < 2 || expression.front() != '"' || expression.back() != '"')
    return std::nullopt;
  std::string name;
  for (size_t i = 1; i + 1 < expression.size(); ++i) {
    if (expression[i] == '"' && expression[++i] != '"') return std::nullopt;
    if (i + 1 == expression.size()) return std::nullopt;
    name += expression[i];
  }
  return name;
}

/// What a column gets; NULL and 0 stand for the next number of one with AUTO_INCREMENT.
std::string value_for(const TableColumn& column, const std::string& expression) {
  std::string value = "CAST((" + expression + "\n) AS " + column.type_name + ")";
  if (column.number.empty()) return value;
  return "CAST(coalesce(nullif(" + value + ", 0), " + column.number + ") AS " + column.type_name +
         ")";
}

bool is_same(duckdb_logical_type one, duckdb_logical_type other) {
  const auto id = duckdb_get_type_id(one);
  if (id != duckdb_get_type_id(other)) return false;
  return id != DUCKDB_TYPE_DECIMAL || (duckdb_decimal_width(one) == duckdb_decimal_width(other) &&
                                       duckdb_decimal_scale(one) == duckdb_decimal_scale(other));
}

/// The numbers that are made go on behind those that were given, of which a sequence knows none.
Status pass_given(duckdb_connection connection, const FoundTable& table) {
  for (const auto& column : table.info.columns) {
    if (column.number.empty()) continue;
    TRY(auto found, query(connection,
                          "SELECT millrace_internal.numbers_behind($1, (SELECT max(" +
                              quoted_name(column.name) + ") FROM " + table.quoted() + "))::BIGINT",
                          {std::string_view(column.number)}));
    const int64_t behind = found.next() && !found.is_null(0) ? found.integer(0) : 0;
    if (behind == 0) continue;
    TRY_OK(run(connection,
               "SELECT max(" + column.number + ") FROM range(" + std::to_string(behind) + ")"));
  }
  return {};
}

Error does_not_exist(const OutputSpec& spec) {
  return Error(Code::kNotFound,
               "table \"" + spec.database + "." + spec.table + "\" does not exist");
}

}  // namespace

Result<std::unique_ptr<DuckdbTarget>> DuckdbTarget::open(duckdb_database database,
                                                         duckdb_connection connection,
                                                         std::shared_ptr<BatchSources> sources,
                                                         std::string_view names_in,
                                                         const OutputSpec& spec) {
  auto target = std::unique_ptr<DuckdbTarget>(new DuckdbTarget(connection));
  TRY(auto found, find_table(connection, spec.database, spec.table));
  if (!found) return does_not_exist(spec);
  target->table_ = std::move(*found);
  std::vector<std::string> expressions;
  TRY(const bool as_it_is, target->plan(spec, expressions));
  TRY_OK(target->check_unfilled());
  TRY_OK(pass_given(connection, target->table_));
  if (spec.duplicates != Duplicates::kRefuse) {
    TRY(target->upsert_, DuckdbUpsert::open(connection, target->table_, target->names_, spec));
  }
  if (!as_it_is) {
    std::vector<Assignment> columns;
    for (size_t i = 0; i < expressions.size(); ++i)
      columns.push_back({target->names_[i], expressions[i]});
    TRY(target->query_, BatchQuery::open(database, sources, names_in, spec.input, columns,
                                         spec.where, spec.failures_max));
  }
  for (size_t i = 0; i < target->columns_.size(); ++i)
    target->types_.push_back(as_it_is
                                 ? logical_type_of((*spec.input)[target->columns_[i].input].type)
                                 : target->query_->type(i));
  if (!target->upsert_ && spec.where.empty() && (as_it_is || !target->query_->reads_tables())) {
    TRY(target->insert_,
        BatchStatement::open(connection, std::move(sources), spec.input,
                             insert_into(target->table_.quoted(), target->names_, expressions)));
  }
  std::string names;
  for (const auto& name : target->names_) names += (names.empty() ? "" : ", ") + quoted_name(name);
  TRY(target->no_rows_,
      prepare(connection, "SELECT " + names + " FROM " + target->table_.quoted() + " LIMIT 0"));
  return target;
}

/// Whether each row goes to the table as it is: then the expressions are columns of the batch.
Result<bool> DuckdbTarget::plan(const OutputSpec& spec, std::vector<std::string>& expressions) {
  if (spec.columns.empty())
    return Error(Code::kInvalidArgument, "no column of table \"" + spec.table + "\" is filled");
  bool as_it_is = spec.where.empty();
  for (const auto& output : spec.columns) {
    const auto* column = table_.info.find(output.column);
    if (column == nullptr)
      return Error(Code::kNotFound,
                   "table \"" + spec.table + "\" has no column \"" + output.column + "\"");
    const auto bare = bare_column(output.expression);
    const auto input = bare ? spec.input->find(*bare) : std::nullopt;
    const bool same = input && column->type && (*spec.input)[*input].type == *column->type &&
                      column->number.empty();
    as_it_is = as_it_is && same;
    columns_.push_back({column->name, column->nullable, input.value_or(0)});
    names_.push_back(column->name);
    expressions.push_back(same ? output.expression : value_for(*column, output.expression));
  }
  return as_it_is;
}

/// A row without a value that must be there could never be taken.
Status DuckdbTarget::check_unfilled() const {
  for (const auto& column : table_.info.columns) {
    const bool filled = std::find(names_.begin(), names_.end(), column.name) != names_.end();
    if (filled || column.nullable || column.has_default) continue;
    return Error(Code::kConstraint,
                 "column \"" + column.name + "\" of table \"" + table_.name +
                     "\" is NOT NULL, has no default and is not filled",
                 "Add it to the column list, SET it, or give it a DEFAULT.");
  }
  return {};
}

Status DuckdbTarget::insert(const Batch& batch) {
  TRY_OK(check_types());
  TRY(const int64_t inserted, insert_->run(batch));
  CHECK(static_cast<size_t>(inserted) == batch.rows(), "an INSERT takes all rows or fails");
  batch_ = &batch;
  rows_ = BatchRows();
  kept_.resize(batch.rows());
  std::iota(kept_.begin(), kept_.end(), 0U);
  taken_ = static_cast<int64_t>(kept_.size());
  return {};
}

Status DuckdbTarget::stage(const Batch& batch, std::vector<RowFailure>& failures) {
  batch_ = &batch;
  rows_ = BatchRows();
  if (query_) {
    TRY(rows_, query_->run(batch, failures));
  }
  kept_.resize(query_ ? rows_.row_of.size() : batch.rows());
  std::iota(kept_.begin(), kept_.end(), 0U);
  if (!chunk_ && !kept_.empty()) {
    std::vector<duckdb_logical_type> borrowed;
    for (const auto& type : types_) borrowed.push_back(type.get());
    chunk_ = DataChunk(duckdb_create_data_chunk(borrowed.data(), borrowed.size()));
    part_ = DataChunk(duckdb_create_data_chunk(borrowed.data(), borrowed.size()));
  }
  refuse_nulls(failures);
  return {};
}

/// The commonest refusal is seen without asking the table.
void DuckdbTarget::refuse_nulls(std::vector<RowFailure>& failures) {
  std::vector<uint8_t> refused;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].nullable) continue;
    if (!query_ && batch_->column(columns_[i].input).all_valid()) continue;
    const Error error(Code::kConstraint,
                      "NOT NULL constraint failed: " + table_.name + "." + columns_[i].name);
    size_t first = 0;
    for (size_t c = 0; c < chunks(); first += chunk_rows(c++)) {
      auto* validity =
          query_
              ? duckdb_vector_get_validity(duckdb_data_chunk_get_vector(rows_.chunks[c].get(), i))
              : nullptr;
      if (query_ && validity == nullptr) continue;
      for (size_t row = 0; row < chunk_rows(c); ++row) {
        const bool valid = query_ ? duckdb_validity_row_is_valid(validity, row)
                                  : batch_->column(columns_[i].input).is_valid(first + row);
        if (valid || (!refused.empty() && refused[first + row])) continue;
        refused.resize(kept_.size(), 0);
        refused[first + row] = 1;
        refuse(static_cast<uint32_t>(first + row), error, failures);
      }
    }
  }
  if (refused.empty()) return;
  kept_.erase(
      std::remove_if(kept_.begin(), kept_.end(), [&](uint32_t row) { return refused[row]; }),
      kept_.end());
}

void DuckdbTarget::refuse(uint32_t staged, const Error& error, std::vector<RowFailure>& failures) {
  failures.push_back({row_of(staged), RejectReason::kConstraint, detail_of(error)});
}

size_t DuckdbTarget::chunks() const {
  if (query_) return rows_.chunks.size();
  return (batch_->rows() + duckdb_vector_size() - 1) / duckdb_vector_size();
}

size_t DuckdbTarget::chunk_rows(size_t index) const {
  if (query_) return duckdb_data_chunk_get_size(rows_.chunks[index].get());
  return std::min<size_t>(duckdb_vector_size(), batch_->rows() - index * duckdb_vector_size());
}

duckdb_data_chunk DuckdbTarget::load(size_t index) {
  const size_t rows = chunk_rows(index);
  duckdb_data_chunk_reset(chunk_.get());
  for (size_t i = 0; i < columns_.size(); ++i) {
    auto* vector = duckdb_data_chunk_get_vector(chunk_.get(), i);
    if (query_)
      duckdb_vector_reference_vector(vector,
                                     duckdb_data_chunk_get_vector(rows_.chunks[index].get(), i));
    else
      fill_vector(batch_->column(columns_[i].input), index * duckdb_vector_size(), rows, vector,
                  Texts::kBorrowed);
  }
  duckdb_data_chunk_set_size(chunk_.get(), rows);
  return chunk_.get();
}

/// The given staged rows of a chunk whose first is `first`.
duckdb_data_chunk DuckdbTarget::select(duckdb_data_chunk chunk, std::span<const uint32_t> rows,
                                       size_t first) {
  auto* selection = duckdb_create_selection_vector(rows.size());
  auto* numbers = duckdb_selection_vector_get_data_ptr(selection);
  for (size_t i = 0; i < rows.size(); ++i) numbers[i] = static_cast<uint32_t>(rows[i] - first);
  duckdb_data_chunk_reset(part_.get());
  for (size_t i = 0; i < columns_.size(); ++i)
    duckdb_vector_copy_sel(duckdb_data_chunk_get_vector(chunk, i),
                           duckdb_data_chunk_get_vector(part_.get(), i), selection, rows.size(), 0,
                           0);
  duckdb_destroy_selection_vector(selection);
  duckdb_data_chunk_set_size(part_.get(), rows.size());
  return part_.get();
}

/// Calls `use` with the given staged rows, a chunk at a time.
Status DuckdbTarget::each_chunk(std::span<const uint32_t> rows, const UseChunk& use) {
  size_t at = 0;
  size_t first = 0;
  for (size_t i = 0; at < rows.size(); first += chunk_rows(i++)) {
    const auto rest = rows.subspan(at);
    const auto end = std::lower_bound(rest.begin(), rest.end(), first + chunk_rows(i));
    const auto here = rest.first(static_cast<size_t>(end - rest.begin()));
    if (here.empty()) continue;
    auto* chunk = load(i);
    if (here.size() < chunk_rows(i)) chunk = select(chunk, here, first);
    TRY_OK(use(chunk, here));
    at += here.size();
  }
  return {};
}

/// Without a good row, too, for the others may be bad by the types that the columns had.
Status DuckdbTarget::append(std::span<const uint32_t> rows) {
  taken_ = static_cast<int64_t>(rows.size());
  TRY_OK(check_types());
  if (rows.empty()) return {};
  if (upsert_) {
    TRY(taken_, upsert_->append([&](const std::function<Status(duckdb_data_chunk)>& use) {
      return each_chunk(
          rows, [&](duckdb_data_chunk chunk, std::span<const uint32_t>) { return use(chunk); });
    }));
    return {};
  }
  TRY(const auto appender,
      open_appender(connection_, kCatalog, table_.schema, table_.name, names_));
  TRY_OK(each_chunk(rows, [&](duckdb_data_chunk chunk, std::span<const uint32_t>) {
    return append_chunk(appender, chunk);
  }));
  return finish(appender);
}

/// An ALTER TABLE since open() would make every row fail to be cast; opened anew, it is planned
/// for.
Status DuckdbTarget::check_types() const {
  auto none = execute(no_rows_);
  if (!none) {
    auto error = std::move(none).error();
    if (error.code == Code::kUnknownColumn) error.code = Code::kNotFound;
    return error;
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    const LogicalType type(duckdb_column_logical_type(&none->get(), i));
    if (!is_same(type.get(), types_[i].get()))
      return Error(Code::kConflict, "column \"" + names_[i] + "\" of table \"" + table_.name +
                                        "\" has got another type");
  }
  return {};
}

Status DuckdbTarget::try_rows(std::span<const uint32_t> rows) {
  TRY(const auto transaction, Transaction::begin(connection_));
  return append(rows);
}

Status DuckdbTarget::sift(Sifting sifting, std::vector<RowFailure>& failures) {
  const auto late = sifting == Sifting::kQuick && !upsert_ ? set_aside_taken_keys(failures)
                                                           : Result<std::vector<KeyTaken>>();
  if (!late) return late.error();
  Rows kept;
  TRY_OK(sift_rows(kept_, kept, sifting, failures));
  Rows again;  // the first row of their key was refused
  for (size_t i = 0; i < late->size(); ++i) {
    const auto& [row, first, detail] = (*late)[i];
    if (!again.empty() && again.back() == row) continue;
    const bool taken = std::binary_search(kept.begin(), kept.end(), first.value_or(0));
    if (!taken) again.push_back(row);
    if (taken) refuse(row, Error(Code::kConstraint, detail), failures);
    while (taken && i + 1 < late->size() && (*late)[i + 1].row == row) ++i;
  }
  TRY_OK(merge(kept, std::move(again), failures));
  kept_ = std::move(kept);
  return {};
}

/// Refuses rows whose key the table has, and takes rows whose key an earlier row has out of those
/// that are kept: they are returned, by row.
Result<std::vector<KeyTaken>> DuckdbTarget::set_aside_taken_keys(
    std::vector<RowFailure>& failures) {
  TRY(const auto keys, DuckdbKeys::find(connection_, table_, names_));
  if (keys.empty()) return std::vector<KeyTaken>();
  std::vector<LogicalType> types;
  for (size_t i = 0; i < columns_.size(); ++i)
    types.emplace_back(
        duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk_.get(), i)));
  TRY(auto taken, keys.taken(
                      connection_, [&](const UseChunk& use) { return each_chunk(kept_, use); },
                      std::move(types)));
  std::sort(taken.begin(), taken.end(), [](const KeyTaken& a, const KeyTaken& b) {
    return std::pair(a.row, a.first) < std::pair(b.row, b.first);  // the table's keys first
  });
  std::vector<KeyTaken> late;
  Rows out;
  for (auto& one : taken) {
    const bool again = !out.empty() && out.back() == one.row;
    if (!one.first && !again) refuse(one.row, Error(Code::kConstraint, one.detail), failures);
    const bool refused = !one.first || (again && (late.empty() || late.back().row != one.row));
    if (!again) out.push_back(one.row);
    if (!refused) late.push_back(std::move(one));
  }
  Rows rest;
  std::set_difference(kept_.begin(), kept_.end(), out.begin(), out.end(), std::back_inserter(rest));
  kept_ = std::move(rest);
  return late;
}

/// Appends to `kept` those of `rows` that the table takes, and to `failures` the others.
Status DuckdbTarget::sift_rows(const Rows& rows, Rows& kept, Sifting sifting,
                               std::vector<RowFailure>& failures) {
  auto tried = try_rows(rows);
  if (tried) {
    kept.insert(kept.end(), rows.begin(), rows.end());
    return {};
  }
  if (!is_of_rows(tried.error())) return tried;
  if (rows.size() == 1) {
    refuse(rows[0], tried.error(), failures);
    return {};
  }
  const auto middle = rows.begin() + static_cast<ptrdiff_t>(rows.size() / 2);
  Rows left;
  Rows right;
  TRY_OK(sift_rows(Rows(rows.begin(), middle), left, sifting, failures));
  TRY_OK(sift_rows(Rows(middle, rows.end()), right, sifting, failures));
  if (sifting == Sifting::kQuick)
    left.insert(left.end(), right.begin(), right.end());
  else
    TRY_OK(merge(left, std::move(right), failures));
  kept.insert(kept.end(), left.begin(), left.end());
  return {};
}

/// Adds `right` to `kept`, without the rows that do not go together with earlier ones (two rows
/// with one key).
Status DuckdbTarget::merge(Rows& kept, Rows right, std::vector<RowFailure>& failures) {
  const auto with = [&](size_t count) {
    Rows both;
    std::merge(kept.begin(), kept.end(), right.begin(),
               right.begin() + static_cast<ptrdiff_t>(count), std::back_inserter(both));
    return both;
  };
  while (!right.empty()) {
    auto tried = kept.empty() ? Status() : try_rows(with(right.size()));
    if (tried) break;
    size_t good = 0;  // that many of `right` go
    size_t bad = right.size();
    while (bad - good > 1 && is_of_rows(tried.error())) {
      const size_t middle = good + (bad - good) / 2;
      auto half = try_rows(with(middle));
      half ? good = middle : bad = middle;
      if (!half) tried = std::move(half);
    }
    if (!is_of_rows(tried.error())) return tried;
    refuse(right[bad - 1], tried.error(), failures);
    kept = with(good);
    right.erase(right.begin(), right.begin() + static_cast<ptrdiff_t>(bad));
  }
  kept = with(right.size());
  return {};
}

}  // namespace millrace::store
