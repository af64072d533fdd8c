// A Runner's SET and SHOW.
#include "data/schema.h"
#include "sql/quote.h"
#include "sql/runner.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

Error at(Error error, int64_t position) {
  error.position = position;
  return error;
}

/// Variables that would change what a statement does, if they changed anything here.
bool has_no_effect(std::string_view name, std::string_view value) {
  if (name == "time_zone") return value != "SYSTEM" && value != "+00:00" && value != "UTC";
  if (name == "sql_safe_updates" || name == "transaction_read_only") return value == "ON";
  if (name == "max_execution_time") return value != "0";
  return name == "sql_select_limit" && value != "18446744073709551615";
}

bool is_variable_name(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

}  // namespace

// --- SET ----------------------------------------------------------------------------------------

Result<Cell> Runner::evaluate(const SetVariable& variable) {
  switch (variable.form) {
    case SetVariable::Form::kLiteral:
      return Cell(variable.literal);
    case SetVariable::Form::kNull:
    case SetVariable::Form::kDefault:
      return Cell();
    case SetVariable::Form::kExpression:
      break;
  }
  TRY(const Translation value, translate(text_, variable.expression, translate_options(false)));
  TRY_OK(check_query("SELECT " + value.sql, NativeKind::kQuery));
  auto result = fetch("SELECT " + value.sql);
  if (!result) {
    return at(std::move(result).error(), int64_t{variable.expression.front().begin});
  }
  if (result->rows.size() != 1 || result->columns.size() != 1) {
    return at(Error(Code::kInvalidArgument, "SET takes one value"), variable.position);
  }
  return result->rows[0][0];
}

Status Runner::set_user_variable(const SetVariable& variable) {
  TRY(const Translation value, translate(text_, variable.expression, translate_options(false)));
  TRY_OK(check_query("SELECT (" + value.sql + ")", NativeKind::kQuery));
  auto done = run_quietly("SET VARIABLE " + quoted_name(variable.name) + " = (" + value.sql + ")");
  if (!done) return at(std::move(done).error(), int64_t{variable.expression.front().begin});
  user_variables_.insert(variable.name);
  return {};
}

/// A name that MySQL does not have may be one of the store's.
Status Runner::set_store_setting(const SetVariable& variable, const std::string& value) {
  const Error unknown = at(Variables::unknown(variable.name), variable.position);
  if (!is_variable_name(variable.name)) return unknown;
  if (is_schema_setting(variable.name)) {
    return at(Error(Code::kPermission, "\"" + variable.name + "\" cannot be set",
                    "USE selects a database."),
              variable.position);
  }
  TRY(const Rows known,
      fetch("SELECT count(*) FROM duckdb_settings() WHERE name = " + quoted_text(variable.name)));
  if (known.rows.empty() || known.rows[0][0] == "0") return unknown;
  auto done = run_quietly("SET " + variable.name + " = " + quoted_text(value));
  if (!done) return at(std::move(done).error(), variable.position);
  return {};
}

Status Runner::set_engine_variable(const SetVariable& variable,
                                   const engine::EngineVariableFacts& facts, const Cell& value) {
  if (variable.target != SetVariable::Target::kGlobal) {
    return at(Error(Code::kWrongState,
                    "system variable \"" + std::string(facts.name) + "\" is the server's",
                    "SET GLOBAL sets it, for all pipelines."),
              variable.position);
  }
  const bool reset = variable.form == SetVariable::Form::kDefault;
  auto done = engine_.set_variable(
      facts, reset ? std::nullopt : std::optional<std::string_view>(value.value_or("NULL")));
  if (!done) return at(std::move(done).error(), variable.position);
  return {};
}

/// The server's, for the clients that come after.
Status Runner::set_local_infile(const SetVariable& variable, const Cell& value) {
  if (variable.target != SetVariable::Target::kGlobal) {
    return at(Error(Code::kWrongState, "system variable \"local_infile\" is the server's",
                    "SET GLOBAL sets it, for clients that connect after that."),
              variable.position);
  }
  Variables scratch({});
  auto done = variable.form == SetVariable::Form::kDefault ? scratch.set_default(variable.name)
                                                           : scratch.set(variable.name, value);
  if (!done) return at(std::move(done).error(), variable.position);
  host_.set_local_infile(scratch.get(variable.name) == "ON");
  return {};
}

Status Runner::set_variable(const SetVariable& variable) {
  if (variable.target == SetVariable::Target::kUser)
    return with_numbers([&] { return set_user_variable(variable); });
  TRY(const Cell value, evaluate(variable));
  if (const auto* own = engine::find_engine_variable(variable.name)) {
    return set_engine_variable(variable, *own, value);
  }
  if (same_name(variable.name, "local_infile")) return set_local_infile(variable, value);
  if (!Variables::known(variable.name)) return set_store_setting(variable, value.value_or(""));
  const bool committed_before = variables_.autocommit();
  auto done = variable.form == SetVariable::Form::kDefault ? variables_.set_default(variable.name)
                                                           : variables_.set(variable.name, value);
  if (!done) return at(std::move(done).error(), variable.position);
  if (!committed_before && variables_.autocommit()) TRY_OK(commit_open());
  if (has_no_effect(variable.name, variables_.get(variable.name).value_or(""))) {
    warn("SET " + variable.name + " has no effect in millrace");
  }
  if (variable.target == SetVariable::Target::kGlobal) {
    warn("SET GLOBAL " + variable.name + " holds for this session only");
  }
  return {};
}

Result<StatementResult> Runner::execute(const Set& statement) {
  for (const auto& variable : statement.variables) TRY_OK(set_variable(variable));
  return ok();
}

// --- SHOW ---------------------------------------------------------------------------------------

Status Runner::check_database(const std::string& name) {
  if (is_system_schema(name) && !is_internal_schema(name)) return {};
  TRY(const auto databases, store_.databases());
  for (const auto& database : databases) {
    if (same_name(database, name)) return {};
  }
  return no_such_database(name);
}

Status Runner::check_table(const Show& show) {
  TRY_OK(check_database(show.database));
  TRY(const Rows found, fetch(table_exists_query(show.database, show.object)));
  if (!found.rows.empty() && found.rows[0][0] != "0") return {};
  const engine::ObjectName name{show.database, show.object};
  Error error(Code::kNotFound, "table " + name.quoted() + " does not exist");
  TRY(const Rows tables, fetch(table_names_query(show.database)));
  std::vector<std::string_view> names;
  for (const auto& row : tables.rows) names.push_back(*row[0]);
  error.hint = did_you_mean(show.object, names);
  return error;
}

/// CREATE TABLE a LIKE b: with the columns that b has, as SHOW CREATE TABLE tells them. Foreign
/// keys stay behind, as in MySQL. Nothing: it is another statement.
Result<std::optional<std::string>> Runner::made_like(std::string_view text,
                                                     std::span<const Token> tokens) {
  TokenReader reader(text, tokens, lex_options());
  std::optional<std::string> none;
  if (!reader.accept("CREATE")) return none;
  (void)reader.accept({"OR", "REPLACE"});
  (void)reader.accept("TEMPORARY");
  if (!reader.accept("TABLE")) return none;
  (void)reader.accept({"IF", "NOT", "EXISTS"});
  if (!is_name(reader.peek())) return none;
  reader.skip();
  if (reader.accept(".")) reader.skip();
  const size_t behind = reader.index();
  const bool inside = reader.at({"(", "LIKE"}) && reader.accept("(");
  if (!reader.accept("LIKE")) return none;
  TRY(const auto like, reader.object_name("the table's name", database_));
  if (inside) TRY_OK(reader.expect(")"));
  TRY_OK(reader.expect_end());
  Show show;
  show.kind = ShowKind::kCreateTable;
  show.database = like.database;
  show.object = like.name;
  text_ = text;
  tokens_ = tokens;
  TRY_OK(check_access(Statement(show)));
  TRY_OK(check_table(show));
  TRY(const Rows columns, fetch(table_columns_query(like.database, like.name)));
  TRY(Rows keys, fetch(table_keys_query(like.database, like.name)));
  std::erase_if(keys.rows, [](const auto& row) { return row[0]->starts_with("FOREIGN KEY"); });
  return std::optional(std::string(text.substr(0, tokens[behind - 1].end)) + " " +
                       table_text(columns, keys));
}

Result<StatementResult> Runner::show_create_table(const Show& show) {
  Rows result;
  TRY(const Rows view, fetch(view_query(show.database, show.object)));
  if (!view.rows.empty()) {
    result.add_column("View");
    result.add_column("Create View");
    result.rows.push_back({show.object, create_view_text(show.object, *view.rows[0][0])});
    return rows(std::move(result));
  }
  TRY(const Rows columns, fetch(table_columns_query(show.database, show.object)));
  TRY(const Rows keys, fetch(table_keys_query(show.database, show.object)));
  result.add_column("Table");
  result.add_column("Create Table");
  result.rows.push_back({show.object, create_table_text(show.object, columns, keys)});
  return rows(std::move(result));
}

Result<StatementResult> Runner::execute(const Show& statement) {
  const bool of_table = statement.kind == ShowKind::kColumns ||
                        statement.kind == ShowKind::kIndexes ||
                        statement.kind == ShowKind::kCreateTable;
  const bool of_database =
      statement.kind == ShowKind::kTables || statement.kind == ShowKind::kTableStatus ||
      statement.kind == ShowKind::kModels || statement.kind == ShowKind::kPipelines ||
      statement.kind == ShowKind::kCreateDatabase;
  if (of_table) TRY_OK(check_table(statement));
  if (of_database) TRY_OK(check_database(statement.database));
  if (statement.kind == ShowKind::kCreateTable) return show_create_table(statement);
  auto ready = show_rows(statement, show_facts());
  if (statement.kind == ShowKind::kUsers) ready = users();
  if (statement.kind == ShowKind::kTokens) ready = tokens();
  if (statement.kind == ShowKind::kGrants) {
    TRY(ready, grants(statement));
  }
  if (ready && statement.where.empty()) return rows(std::move(*ready));
  std::string sql = ready ? select_of(*ready) : seen_only(statement, show_query(statement));
  if (statement.like) sql = with_like(sql, first_column(statement), *statement.like);
  if (!statement.where.empty()) {
    TRY(const Translation where, translate(text_, statement.where, translate_options(false)));
    TRY_OK(check_condition(where.sql, sql));
    sql = "SELECT * FROM (" + sql + ") AS shown WHERE " + where.sql;
  }
  auto result = run_sql(sql);
  if (!result) {
    Error error = std::move(result).error();
    error.position = -1;
    return error;
  }
  return result;
}

}  // namespace millrace::sql
