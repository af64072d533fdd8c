// What a session's account may: asked before every statement, unless the account has ADMIN. Our own
// statements say by themselves what they need; the store's are looked at in sql/access.h.
#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/access.h"
#include "sql/keywords.h"
#include "sql/quote.h"
#include "sql/runner.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

/// Behind a parenthesis these begin a query.
constexpr auto kQueryWords = std::to_array<std::string_view>(
    {"SELECT", "FROM", "TABLE", "VALUES", "WITH", "PIVOT", "UNPIVOT", "DESCRIBE", "DESC", "SHOW",
     "SUMMARIZE", "EXPLAIN", "CALL", "("});

/// Settings of a Kafka client that reach nothing on this machine.
constexpr auto kPlainSettings = std::to_array<std::string_view>(
    {"security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password",
     "client.id", "isolation.level", "fetch.min.bytes", "fetch.wait.max.ms",
     "max.partition.fetch.bytes"});

bool are_plain(const std::map<std::string, std::string>& settings) {
  return std::all_of(settings.begin(), settings.end(),
                     [](const auto& setting) { return is_one_of(setting.first, kPlainSettings); });
}

/// Which tables there are in these is no secret.
bool is_shown(std::string_view schema) {
  return is_information_schema(schema) || same_name(schema, "millrace");
}

/// Whether an argument of a model's estimator names a file or another model.
bool reaches_out(std::string_view text, std::span<const Token> tokens, LexOptions options) {
  return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
    if (!is_name(token)) return false;
    const std::string word = to_lower(value_of(text, token, options));
    return word.find("vocabulary_file") != std::string::npos || word == "warm_start_from";
  });
}

/// What of a pipeline reaches files or programs of this machine, as a noun; empty: nothing does.
std::string_view reach_of(const engine::PipelineDefinition& made) {
  if (made.transform) return "a pipeline WITH TRANSFORM";
  if (made.source.kind != engine::SourceKind::kKafka) return "a pipeline that reads files";
  if (!are_plain(made.source.config) || !are_plain(made.source.credentials))
    return "a setting of the Kafka client that may name a file";
  return {};
}

std::string_view reach_of(const engine::PipelineChange& change) {
  if (change.transform || change.reload_transform) return "a pipeline's transform";
  for (const auto* properties : {&change.config, &change.credentials}) {
    if (!are_plain(properties->some) || (properties->all && !are_plain(*properties->all)))
      return "a setting of the Kafka client that may name a file";
  }
  return {};
}

}  // namespace

/// Whether the account may run a statement of ours; what the store's need is asked for when they
/// are translated.
struct AccessVisitor {
  Runner& runner;
  const Account& account;

  template <class T>
  Status operator()(const T&) const {
    return admin_only(account, "this statement");
  }
  Status operator()(const Native&) const { return runner.check_needs(); }
  Status operator()(const Ignored&) const { return {}; }
  Status operator()(const Transaction&) const { return {}; }
  Status operator()(const Use&) const { return {}; }  // use() asks

  Status need(Right right, const engine::ObjectName& object) const {
    if (account.may(right, object.database, object.name)) return {};
    return denied(account, right, object);
  }
  Status need(Right right, const std::string& database) const {
    if (account.may(right, database)) return {};
    return denied(account, right, database);
  }
  Status need_model(const engine::ObjectName& model) const { return check_model(account, model); }
  Status pipeline(const engine::ObjectName& name) const { return need(Right::kPipelines, name); }
  Status model(const engine::ObjectName& name) const { return need(Right::kModels, name); }

  Status operator()(const CreateModel& statement) const {
    if (reaches_out(runner.text_, runner.tokens_, runner.lex_options()))
      return admin_only(account, "a model that reads a file or another model");
    return model(statement.model.name);
  }
  Status operator()(const DropModel& statement) const { return model(statement.name); }
  Status operator()(const TrainModel& statement) const { return model(statement.name); }
  Status operator()(const RestoreModel& statement) const { return model(statement.name); }
  Status operator()(const AlterModel& statement) const { return model(statement.name); }
  Status operator()(const CheckModel& statement) const { return model(statement.name); }
  Status operator()(const DescribeModel& statement) const { return need_model(statement.name); }
  Status operator()(const ShowCreateModel& statement) const { return need_model(statement.name); }
  Status operator()(const EvaluateModel& statement) const { return need_model(statement.name); }

  Status operator()(const CreatePipeline& statement) const {
    const auto& made = statement.pipeline;
    TRY_OK(pipeline(made.name));
    if (const auto reach = reach_of(made); !reach.empty()) return admin_only(account, reach);
    TRY_OK(writes(made));
    if (made.step == engine::StepKind::kTrain) TRY_OK(model(made.model));
    if (made.step == engine::StepKind::kClassify) TRY_OK(need_model(made.model));
    return runner.check_no_query();
  }
  Status writes(const engine::PipelineDefinition& made) const {
    const bool replaces =
        made.duplicates != store::Duplicates::kRefuse || made.step == engine::StepKind::kTrain;
    TRY_OK(need(Right::kInsert, made.table));
    if (replaces) TRY_OK(need(Right::kUpdate, made.table));
    if (made.rejects.kind == engine::RejectsDefinition::Kind::kTable)
      TRY_OK(need(Right::kInsert, made.rejects.table));
    // A table that is not there is made.
    if (account.may(Right::kCreate, made.table.database, made.table.name)) return {};
    TRY(const bool there, runner.is_table(made.table));
    return there ? Status() : need(Right::kCreate, made.table);
  }
  Status operator()(const AlterPipeline& statement) const {
    if (const auto reach = reach_of(statement.change); !reach.empty())
      return admin_only(account, reach);
    TRY_OK(pipeline(statement.name));
    return runner.check_no_query();
  }
  Status operator()(const DropPipeline& statement) const { return pipeline(statement.name); }
  Status operator()(const ShowCreatePipeline& statement) const { return pipeline(statement.name); }
  Status operator()(const DetachPipeline& statement) const { return pipeline(statement.name); }
  Status operator()(const TestPipeline& statement) const { return pipeline(statement.name); }
  Status operator()(const ProfilePipeline& statement) const { return pipeline(statement.name); }
  Status operator()(const RetryRejects& statement) const { return pipeline(statement.name); }
  Status operator()(const RunPipeline& statement) const { return pipeline(statement.name); }

  Status operator()(const LoadInfile& statement) const {
    const auto& load = statement.load;
    if (!statement.local) return admin_only(account, "a file of the server's machine");
    TRY_OK(need(Right::kInsert, load.table));
    if (load.duplicates == store::Duplicates::kReplace) TRY_OK(need(Right::kDelete, load.table));
    if (load.duplicates == store::Duplicates::kUpdate) {
      TRY_OK(need(Right::kUpdate, load.table));
      TRY_OK(need(Right::kSelect, load.table));
    }
    return runner.check_no_query();
  }

  Status operator()(const CreateDatabase& statement) const {
    return need(Right::kCreate, statement.name);
  }
  Status operator()(const DropDatabase& statement) const {
    return need(Right::kDrop, statement.name);
  }
  Status operator()(const CreateTable& statement) const {
    TRY_OK(need(Right::kCreate, statement.name));
    if (statement.or_replace) TRY_OK(need(Right::kDrop, statement.name));
    return runner.check_references();
  }

  Status operator()(const Set& statement) const {
    for (const auto& variable : statement.variables) {
      if (variable.target == SetVariable::Target::kUser) continue;
      const bool own = variable.target != SetVariable::Target::kGlobal &&
                       engine::find_engine_variable(variable.name) == nullptr &&
                       Variables::known(variable.name);
      if (!own) return admin_only(account, "setting \"" + variable.name + "\"");
    }
    return {};
  }
  Status operator()(const SetPassword& statement) const {
    if (runner.info_.by_token) return admin_only(account, "SET PASSWORD in a session of a token");
    if (runner.is_own(statement.account.name)) return {};
    return admin_only(account, "another user's password");
  }
  Status operator()(const AlterUser& statement) const {
    if (runner.changes_own_password(statement) && !runner.info_.by_token) return {};
    return admin_only(account, "ALTER USER");
  }
  Status operator()(const CreateUser&) const { return admin_only(account, "CREATE USER"); }
  Status operator()(const DropUser&) const { return admin_only(account, "DROP USER"); }
  Status operator()(const GrantRights& statement) const {
    return admin_only(account, statement.revoke ? "REVOKE" : "GRANT");
  }
  Status operator()(const CreateToken& statement) const {
    if (!runner.is_own(statement.user.name)) return admin_only(account, "another user's token");
    return runner.info_.by_token ? admin_only(account, "CREATE TOKEN in a session of a token")
                                 : Status();
  }
  Status operator()(const DropToken& statement) const {
    if (runner.is_own(statement.user.name)) return {};
    return admin_only(account, "another user's token");
  }
  Status operator()(const Kill& statement) const {
    return check_kill(runner.host_, account, statement.connection_id);
  }

  Status operator()(const Show& show) const {
    switch (show.kind) {
      case ShowKind::kUsers:
        return admin_only(account, "SHOW USERS");
      case ShowKind::kGrants:
        return runner.is_own(show.object) ? Status() : admin_only(account, "another user's rights");
      case ShowKind::kColumns:
      case ShowKind::kIndexes:
      case ShowKind::kCreateTable:
        if (is_shown(show.database) || account.sees(show.database, show.object)) return {};
        return denied(account, Right::kSelect, {show.database, show.object});
      case ShowKind::kTables:
      case ShowKind::kTableStatus:
      case ShowKind::kCreateDatabase:
        if (is_shown(show.database) || account.sees(show.database)) return {};
        return denied(account, Right::kSelect, show.database);
      case ShowKind::kModels:
        if (account.may(Right::kSelect, show.database)) return {};
        return need(Right::kModels, show.database);
      case ShowKind::kPipelines:
        return need(Right::kPipelines, show.database);
      default:
        return {};
    }
  }
};

/// Where files are switched off, they are for admins too; the store sees to its own statements.
Status Runner::check_files(const Statement& statement) {
  if (host_.file_access()) return {};
  bool reaches = std::holds_alternative<ExportModel>(statement) ||
                 std::holds_alternative<ExtractPipeline>(statement);
  if (const auto* load = std::get_if<LoadInfile>(&statement); load != nullptr)
    reaches = !load->local;
  if (const auto* model = std::get_if<CreateModel>(&statement); model != nullptr)
    reaches = reaches_out(text_, tokens_, lex_options());
  if (const auto* made = std::get_if<CreatePipeline>(&statement); made != nullptr)
    reaches = !reach_of(made->pipeline).empty();
  if (const auto* changed = std::get_if<AlterPipeline>(&statement); changed != nullptr)
    reaches = !reach_of(changed->change).empty();
  if (!reaches) return {};
  return Error(Code::kPermission, "this statement reaches files, and they are switched off",
               "The server was started with --no-file-access.");
}

Status Runner::check_access(const Statement& statement) {
  TRY_OK(check_files(statement));
  if (account_->is_admin()) return {};
  TRY_OK(check_words());
  return std::visit(AccessVisitor{*this, *account_}, statement);
}

Status Runner::check_words() {
  if (table_functions_.empty()) {
    TRY(const Rows functions, fetch(table_functions_query()));
    for (const auto& row : functions.rows) table_functions_.insert(*row[0]);
  }
  TRY(const auto databases, store_.databases());
  TRY(named_tables_, sql::check_words(text_, tokens_, lex_options(),
                                      {*account_, database_, table_functions_, databases}));
  return {};
}

/// A pipeline's expressions run when no session is there to ask: they read no table, and call
/// nothing that could.
Status Runner::check_no_query() {
  TRY(const Rows macros, fetch("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE "
                               "NOT internal AND function_type IN ('macro', 'table_macro') AND "
                               "schema_name <> 'millrace_internal'"));
  const auto is_macro = [&](const std::string& name) {
    return std::any_of(macros.rows.begin(), macros.rows.end(),
                       [&](const Row& row) { return *row[0] == name; });
  };
  for (size_t i = 1; i < tokens_.size(); ++i) {
    const bool query = raw(text_, tokens_[i - 1]) == "(" && tokens_[i].kind == TokenKind::kWord &&
                       is_one_of(raw(text_, tokens_[i]), kQueryWords);
    const bool call = is_name(tokens_[i]) && i + 1 < tokens_.size() &&
                      raw(text_, tokens_[i + 1]) == "(" &&
                      is_macro(to_lower(value_of(text_, tokens_[i], lex_options())));
    if (!query && !call) continue;
    Error error = admin_only(*account_, query ? "a query in a pipeline" : "a macro in a pipeline");
    error.position = tokens_[i].begin;
    return error;
  }
  return {};
}

/// A foreign key tells what is in the other table.
Status Runner::check_references() {
  TokenReader reader(text_, tokens_, lex_options());
  for (; !reader.done(); reader.skip()) {
    if (!reader.at("REFERENCES") || !is_name(reader.peek(1))) continue;
    reader.skip();
    TRY(const engine::ObjectName table, reader.object_name("a table", database_));
    if (!account_->may(Right::kSelect, table.database, table.name))
      return denied(*account_, Right::kSelect, table);
  }
  return {};
}

Result<bool> Runner::is_table(const engine::ObjectName& name) {
  TRY(const auto found, store_.table(name.database, name.name));
  return found.has_value();
}

/// Of the statement at work, of the store's: what its plan reads.
Status Runner::check_native(const std::string& sql) {
  if (account_->is_admin()) return {};
  const auto native = read_native(text_, tokens_, lex_options(), database_);
  if (native.kind == NativeKind::kDrop || native.kind == NativeKind::kAlter) return {};
  if (native.body == 0) return check_query(sql, native.kind);
  auto options = translate_options(false);
  TRY(const Translation body, translate(text_, tokens_.subspan(native.body), options));
  return check_query(body.sql, native.kind);
}

/// Of the statement at work, of the store's: what its words need.
Status Runner::check_needs() const {
  const auto native = read_native(text_, tokens_, lex_options(), database_);
  if (native.kind == NativeKind::kOther) {
    Error error = admin_only(*account_, "this statement, or this form of it,");
    if (const auto why = why_refused(text_, tokens_); !why.empty()) error.hint = why;
    return error;
  }
  for (const auto& [right, object] : native.needs) {
    if (!account_->may(right, object.database, object.name))
      return denied(*account_, right, object);
  }
  return {};
}

/// `sql` is bound as the store would bind it to run it, and not run.
Status Runner::check_query(const std::string& sql, NativeKind kind) {
  if (account_->is_admin()) return {};
  TRY_OK(tell_store_what_is_seen());
  auto plan = plan_of(sql);
  if (!plan) {
    // What is there, and how it is called, is not for everyone.
    for (const auto& name : named_tables_) {
      if (account_->may(Right::kSelect, name.database, name.name)) continue;
      TRY(const bool there, is_table(name));
      if (there) return denied(*account_, Right::kSelect, name);
    }
    Error error = placeless(std::move(plan).error());
    error.hint.clear();
    return error;
  }
  // An EXPLAIN would show the mark.
  if (is_explained() && plan->find(mark_) != std::string::npos)
    return admin_only(*account_, "EXPLAIN of a system table");
  return check_plan(*plan, {*account_, mark_, kind});
}

bool Runner::is_explained() const {
  return !tokens_.empty() && same_name(raw(text_, tokens_.front()), "EXPLAIN");
}

Result<std::string> Runner::plan_of(const std::string& sql) {
  TRY_OK(run_quietly("SET explain_output = 'all'"));
  const auto explained = [&]() -> Result<Rows> {
    const std::string text = "EXPLAIN (FORMAT JSON) " + sql;
    TRY(const auto statement, session_->prepare(text));
    // Some stand for several, of which the first ones would run before the plan is looked at.
    if (!statement->columns())
      return admin_only(*account_, "PIVOT without the list of its columns (IN)");
    std::vector<store::BoundValue> nothing;
    auto values = values_;
    if (values.size() != statement->parameters().size()) {
      nothing.resize(statement->parameters().size());
      values = nothing;
    }
    TRY(const auto stream, statement->execute(values));
    return read_all(*stream);
  };
  auto rows = explained();
  // It fails in an aborted transaction, where nothing else runs either.
  (void)run_quietly("SET explain_output = 'physical_only'");
  if (!rows) return std::move(rows).error();
  for (const auto& row : rows->rows) {
    if (row.size() > 1 && row[0] == "logical_plan" && row[1]) return *row[1];
  }
  return std::string();
}

/// For the views of system tables that restricted accounts get.
Status Runner::tell_store_what_is_seen() {
  if (told_ == account_) return {};
  if (mark_.empty()) mark_ = host_.new_secret();
  std::string list;
  for (const auto& entry : seen_by(*account_, mark_))
    list += (list.empty() ? "" : ", ") + quoted_text(entry);
  TRY_OK(run_quietly("SET VARIABLE " + std::string(kSeesVariable) + " = [" + list + "]"));
  told_ = account_;
  return {};
}

/// Of a SHOW: what it shows is ours to read, and the condition may read nothing else.
Status Runner::check_condition(const std::string& condition, const std::string& rows) {
  if (account_->is_admin()) return {};
  TRY(const Rows shape, fetch("SELECT * FROM (" + rows + ") AS shown LIMIT 0"));
  std::string columns;
  for (const auto& column : shape.columns)
    columns +=
        (columns.empty() ? "NULL::VARCHAR AS " : ", NULL::VARCHAR AS ") + quoted_name(column.name);
  return check_query("SELECT * FROM (SELECT " + columns + ") AS shown WHERE " + condition,
                     NativeKind::kQuery);
}

/// The rows of a SHOW that the account may see; `column` holds their names.
std::string Runner::seen_only(const Show& show, const std::string& query) const {
  const bool databases = show.kind == ShowKind::kDatabases;
  const bool tables = show.kind == ShowKind::kTables || show.kind == ShowKind::kTableStatus;
  if (account_->is_admin() || (!databases && !tables)) return query;
  if (tables && is_shown(show.database)) return query;
  std::string names = "NULL";
  for (const Grant& grant : account_->grants) {
    if (grant.everywhere()) return query;
    if (databases) names += ", " + quoted_text(to_lower(grant.database));
    if (!tables || !same_name(grant.database, show.database)) continue;
    if (grant.table.empty()) return query;
    names += ", " + quoted_text(to_lower(grant.table));
  }
  if (databases) names += ", 'information_schema'";
  // The limit keeps conditions of the user's from seeing the other rows first.
  return "SELECT * FROM (" + query + ") AS all_of_it WHERE lower(" +
         quoted_name(first_column(show)) + ") IN (" + names + ") LIMIT 9223372036854775807";
}

}  // namespace millrace::sql
