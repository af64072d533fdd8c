#include "sql/access.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/session.h"
#include "sql/system_schema.h"
#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

/// Scalar functions that reach beyond their arguments: sequences, settings, the environment, plans
/// and logs of the server.
constexpr auto kReachingFunctions = std::to_array<std::string_view>(
    {"nextval", "currval", "getenv", "getvariable", "current_setting", "write_log",
     "json_serialize_plan", "json_serialize_sql", "json_deserialize_sql",
     "json_execute_serialized_sql", "query", "query_table", "current_schemas", "current_query",
     "pg_get_viewdef", "pg_get_constraintdef", "getvariables", "current_connection_id"});

constexpr auto kModelFunctions = std::to_array<std::string_view>({"predict", "explain"});

constexpr auto kHarmlessFunctions = std::to_array<std::string_view>(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"});

/// Behind these stands the name of a table.
constexpr auto kTableWords =
    std::to_array<std::string_view>({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "PIVOT",
                                     "UNPIVOT", "PIVOT_WIDER", "PIVOT_LONGER"});
/// These end the list behind FROM.
constexpr auto kFromEnds = std::to_array<std::string_view>(
    {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "SELECT", "UNION", "EXCEPT", "INTERSECT", "SET",
     "WINDOW", "QUALIFY", "RETURNING", "VALUES", "ON"});
/// Behind a parenthesis these are queries that no plan has the tables of.
constexpr auto kDescribingWords =
    std::to_array<std::string_view>({"DESCRIBE", "DESC", "SHOW", "SUMMARIZE"});
/// In the parentheses of these stand types.
constexpr auto kTypeCalls =
    std::to_array<std::string_view>({"STRUCT", "MAP", "UNION", "ROW", "LIST"});
/// In the parentheses of these, what stands behind FROM is a value.
constexpr auto kFromCalls = std::to_array<std::string_view>(
    {"EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "OVERLAY", "POSITION"});

class WordCheck {
 public:
  WordCheck(std::string_view text, std::span<const Token> tokens, LexOptions options,
            const WordRules& rules)
      : reader_(text, tokens, options), rules_(rules) {}

  /// The tables that stand where tables do.
  Result<std::vector<engine::ObjectName>> run() {
    for (; !reader_.done(); reader_.skip()) {
      TRY_OK(function());
      enter_and_leave();
      TRY_OK(table());
      TRY_OK(type());
      TRY_OK(variable());
      before_ = reader_.raw_at();
    }
    return std::move(tables_);
  }

 private:
  /// Where a comma stands between tables.
  struct Level {
    bool in_list = false;
    bool of_values = false;  // FROM is no clause here
    bool of_types = false;   // of a type that has others in it
  };

  void enter_and_leave() {
    if (reader_.at("("))
      levels_.push_back({.in_list = at_table(),
                         .of_values = is_one_of(before_, kFromCalls),
                         .of_types = is_one_of(before_, kTypeCalls)});
    if (reader_.at(")") && levels_.size() > 1) levels_.pop_back();
    if (reader_.peek().kind != TokenKind::kWord) return;
    if (reader_.at("FROM") || reader_.at("USING")) levels_.back().in_list = true;
    if (is_one_of(reader_.raw_at(), kFromEnds)) levels_.back().in_list = reader_.at("ON");
  }

  bool at_table() const {
    if (levels_.back().of_values) return false;
    if (is_one_of(before_, kTableWords)) return true;
    // Also FROM (a JOIN b), and an alias that stands before its table, FROM x: t.
    const bool list_goes_on = before_ == "," || before_ == "(" || before_ == ":";
    return list_goes_on && levels_.back().in_list;
  }

  Status function() {
    if (before_ == "(" && reader_.peek().kind == TokenKind::kWord &&
        is_one_of(reader_.raw_at(), kDescribingWords) && is_name(reader_.peek(1)))
      return at(reader_, admin_only(rules_.account, "a description as a table"));
    const bool explains = reader_.index() == 0 && reader_.at("EXPLAIN");
    if (!is_name(reader_.peek()) || !reader_.at("(", 1) || explains) return {};
    const std::string name = to_lower(reader_.value());
    const bool called = before_ != "INTO" && !same_name(before_, "INTO");
    if (is_one_of(name, kModelFunctions)) return model(name);
    const bool reaches = is_one_of(name, kReachingFunctions) ||
                         (rules_.functions.contains(name) && !is_harmless_function(name));
    if (called && reaches)
      return at(reader_, admin_only(rules_.account, "function " + name + "()"));
    return {};
  }

  /// predict('db.m', ...): whose model it is must stand there.
  Status model(const std::string& function) {
    const bool plain = before_ != "." && reader_.peek(2).kind == TokenKind::kString &&
                       (reader_.at(",", 3) || reader_.at(")", 3));
    if (!plain)
      return at(reader_, admin_only(rules_.account, function + "() of a model that is no literal"));
    engine::ObjectName name{rules_.database,
                            value_of(reader_.text(), reader_.peek(2), reader_.options())};
    if (const size_t dot = name.name.find('.'); dot != std::string::npos) {
      name.database = name.name.substr(0, dot);
      name.name.erase(0, dot + 1);
    }
    const Status allowed = check_model(rules_.account, name);
    return allowed ? Status() : at(reader_, allowed.error());
  }

  /// The store takes a text or a name with a path in it for a file.
  Status table() {
    if (!at_table()) return {};
    const Token& token = reader_.peek();
    if (token.kind == TokenKind::kString)
      return at(reader_, admin_only(rules_.account, "reading a file"));
    if (!is_name(token)) return {};
    size_t last = 0;
    while (reader_.at(".", last + 1) && is_name(reader_.peek(last + 2))) last += 2;
    const std::string name = value_of(reader_.text(), reader_.peek(last), reader_.options());
    if (name.find_first_of("./\\:*?[") != std::string::npos)
      return at(reader_, admin_only(rules_.account, "reading a file"));
    const std::string database =
        last == 0 ? rules_.database
                  : value_of(reader_.text(), reader_.peek(last - 2), reader_.options());
    tables_.push_back({database, name});
    if (last == 0 || !is_hidden(database) || rules_.account.sees(database, name)) return {};
    return at(reader_, denied(rules_.account, Right::kSelect, {database, name}));
  }

  bool is_hidden(const std::string& database) const {
    return !is_system_schema(database) && !rules_.account.sees(database) &&
           is_one_of(database, rules_.databases);
  }

  /// x::db.type, CAST(x AS db.type), STRUCT(x db.type), db.type 'x': an enumeration tells its
  /// words.
  Status type() {
    const bool pair = is_name(reader_.peek()) && reader_.at(".", 1) && is_name(reader_.peek(2));
    if (!pair || !is_hidden(reader_.value())) return {};
    const bool type = before_ == "::" || same_name(before_, "AS") || levels_.back().of_types ||
                      alters_ || reader_.peek(3).kind == TokenKind::kString;
    if (!type) return {};
    return at(reader_,
              admin_only(rules_.account, "a type of database \"" + reader_.value() + "\""));
  }

  /// Its name is ours.
  Status variable() {
    if (reader_.peek().kind != TokenKind::kVariable) return {};
    if (!to_lower(reader_.value()).starts_with("millrace")) return {};
    return at(reader_, admin_only(rules_.account, "variable @" + reader_.value()));
  }

  static Error at(const TokenReader& reader, Error error) {
    error.position = reader.position();
    return error;
  }

  TokenReader reader_;
  const WordRules& rules_;
  std::string_view before_;
  std::vector<Level> levels_{{}};
  std::vector<engine::ObjectName> tables_;
  const bool alters_ = reader_.at("ALTER");
};

/// Reads what a statement writes.
class NativeReader {
 public:
  NativeReader(std::string_view text, std::span<const Token> tokens, LexOptions options,
               const std::string& database)
      : reader_(text, tokens, options), database_(database) {}

  NativeStatement run() {
    const bool explained = reader_.accept("EXPLAIN");
    if (explained) {
      (void)reader_.accept("ANALYZE");
      if (reader_.at({"(", "FORMAT"}) || reader_.at({"(", "ANALYZE"})) {
        while (!reader_.done() && !reader_.at(")")) reader_.skip();
        reader_.skip();
      }
    }
    result_.body = reader_.index();
    result_.kind = statement();
    if (explained && result_.kind > NativeKind::kMerge) result_.kind = NativeKind::kOther;
    return std::move(result_);
  }

 private:
  NativeKind statement() {
    if (reader_.at("SELECT") || reader_.at("WITH") || reader_.at("(") || reader_.at("VALUES") ||
        reader_.at("FROM") || reader_.at("TABLE") || reader_.at("PIVOT") || reader_.at("UNPIVOT"))
      return NativeKind::kQuery;
    if (reader_.accept("MERGE")) return merge();
    if (reader_.at("INSERT") || reader_.at("REPLACE")) return insert();
    if (reader_.accept("UPDATE")) return change(NativeKind::kUpdate, Right::kUpdate);
    if (reader_.accept({"DELETE", "FROM"})) return change(NativeKind::kDelete, Right::kDelete);
    if (reader_.accept("TRUNCATE")) {
      (void)reader_.accept("TABLE");
      return targets(Right::kDrop) ? NativeKind::kDrop : NativeKind::kOther;
    }
    if (reader_.accept("DROP")) return drop();
    if (reader_.accept({"ALTER", "TABLE"})) return alter();
    return reader_.accept("CREATE") ? create() : NativeKind::kOther;
  }

  NativeKind insert() {
    const bool replace = reader_.accept("REPLACE");
    if (!replace) reader_.skip();
    bool deletes = replace;
    while (reader_.accept("LOW_PRIORITY") || reader_.accept("DELAYED") ||
           reader_.accept("HIGH_PRIORITY") || reader_.accept("IGNORE")) {
    }
    if (reader_.accept("OR")) {
      deletes = deletes || reader_.at("REPLACE");
      reader_.skip();
    }
    (void)reader_.accept("INTO");
    if (!target(Right::kInsert)) return NativeKind::kOther;
    const auto object = result_.needs.back().object;
    if (deletes) result_.needs.push_back({Right::kDelete, object});
    bool updates = false;
    bool reads = false;
    for (; !reader_.done(); reader_.skip()) {
      updates = updates || reader_.at({"KEY", "UPDATE"}) || reader_.at({"DO", "UPDATE"});
      reads = reads || reader_.at("RETURNING");
    }
    if (updates) result_.needs.push_back({Right::kUpdate, object});
    if (updates || reads) result_.needs.push_back({Right::kSelect, object});
    return NativeKind::kInsert;
  }

  /// What it may do stands behind THEN; a word too many asks for a right too many.
  NativeKind merge() {
    (void)reader_.accept("INTO");
    if (!target(Right::kSelect)) return NativeKind::kOther;
    const auto object = result_.needs.back().object;
    for (; !reader_.done(); reader_.skip()) {
      if (reader_.at("INSERT")) result_.needs.push_back({Right::kInsert, object});
      if (reader_.at("UPDATE")) result_.needs.push_back({Right::kUpdate, object});
      if (reader_.at("DELETE")) result_.needs.push_back({Right::kDelete, object});
    }
    return NativeKind::kMerge;
  }

  NativeKind change(NativeKind kind, Right right) {
    return target(right) ? kind : NativeKind::kOther;
  }

  NativeKind drop() {
    if (reader_.accept("INDEX")) {
      (void)reader_.accept({"IF", "EXISTS"});
      if (!target(Right::kAlter)) return NativeKind::kOther;
      result_.needs.back().object.name.clear();  // of which table, it does not say
      return NativeKind::kDrop;
    }
    (void)reader_.accept("TEMPORARY");
    if (!reader_.accept("TABLE") && !reader_.accept("VIEW") && !reader_.accept("TYPE"))
      return NativeKind::kOther;
    (void)reader_.accept({"IF", "EXISTS"});
    return targets(Right::kDrop) ? NativeKind::kDrop : NativeKind::kOther;
  }

  NativeKind alter() {
    (void)reader_.accept({"IF", "EXISTS"});
    if (!target(Right::kAlter)) return NativeKind::kOther;
    const auto object = result_.needs.back().object;
    if (reader_.accept("RENAME") && !reader_.at("COLUMN")) {
      result_.needs.push_back({Right::kDrop, object});
      result_.needs.push_back({Right::kCreate, {object.database, ""}});
    }
    return NativeKind::kAlter;
  }

  /// An enumeration of words, or another name for a type: no query, and nothing to read.
  NativeKind type(bool replaces) {
    (void)reader_.accept({"IF", "NOT", "EXISTS"});
    if (!target(Right::kCreate)) return NativeKind::kOther;
    if (replaces) result_.needs.push_back({Right::kDrop, result_.needs.back().object});
    for (; !reader_.done(); reader_.skip()) {
      if (reader_.at("SELECT") || reader_.at("FROM") || reader_.at("WITH") || reader_.at("TABLE") ||
          reader_.at("VALUES"))
        return NativeKind::kOther;
    }
    return NativeKind::kAlter;
  }

  /// Indexes, views, types, and tables AS a query; all other tables are ours.
  NativeKind create() {
    const bool replaces = reader_.accept({"OR", "REPLACE"});
    if (reader_.accept("TYPE")) return type(replaces);
    if (reader_.accept("TEMPORARY") || reader_.accept("TEMP") || reader_.at("TABLE")) {
      if (!reader_.accept("TABLE")) return NativeKind::kOther;
      (void)reader_.accept({"IF", "NOT", "EXISTS"});
      if (!target(Right::kCreate)) return NativeKind::kOther;
      if (replaces) result_.needs.push_back({Right::kDrop, result_.needs.back().object});
      return NativeKind::kCreateTable;
    }
    if (!replaces) (void)reader_.accept("UNIQUE");
    if (!replaces && reader_.accept("INDEX")) {
      (void)reader_.accept({"IF", "NOT", "EXISTS"});
      if (is_name(reader_.peek()) && !reader_.at("ON")) reader_.skip();
      if (!reader_.accept("ON")) return NativeKind::kOther;
      return target(Right::kAlter) ? NativeKind::kAlter : NativeKind::kOther;
    }
    if (!reader_.accept("VIEW")) return NativeKind::kOther;
    (void)reader_.accept({"IF", "NOT", "EXISTS"});
    if (!target(Right::kCreate)) return NativeKind::kOther;
    if (replaces) result_.needs.push_back({Right::kDrop, result_.needs.back().object});
    if (reader_.accept("(")) {
      while (!reader_.done() && !reader_.at(")")) reader_.skip();
      reader_.skip();
    }
    if (!reader_.accept("AS")) return NativeKind::kOther;
    result_.body = reader_.index();
    return NativeKind::kCreateView;
  }

  bool targets(Right right) {
    do {
      if (!target(right)) return false;
    } while (reader_.accept(","));
    return true;
  }

  /// `t` of the current database, or `db.t`; anything else only an admin may write.
  bool target(Right right) {
    if (!is_name(reader_.peek())) return false;
    engine::ObjectName object{database_, reader_.value()};
    reader_.skip();
    if (reader_.accept(".")) {
      if (!is_name(reader_.peek())) return false;
      object = {object.name, reader_.value()};
      reader_.skip();
    }
    if (object.database.empty() || reader_.at(".")) return false;
    result_.needs.push_back({right, std::move(object)});
    return true;
  }

  TokenReader reader_;
  const std::string& database_;
  NativeStatement result_;
};

}  // namespace

Error denied(const Account& account, Right right, const engine::ObjectName& object) {
  if (object.name.empty()) return denied(account, right, object.database);
  const Grant place{object.database, object.name, only(right)};
  return Error(
      Code::kPermission,
      std::string(name_of(right)) + " denied to user \"" + account.name + "\" on " + place.place(),
      "A user with ADMIN may GRANT " + std::string(name_of(right)) + " ON " + place.place() +
          " TO " + account.quoted() + ".");
}

Error denied(const Account& account, Right right, const std::string& database) {
  const Grant place{database, "", only(right)};
  return Error(Code::kDatabasePermission,
               std::string(name_of(right)) + " denied to user \"" + account.name +
                   "\" on database \"" + database + "\"",
               "A user with ADMIN may GRANT " + std::string(name_of(right)) + " ON " +
                   place.place() + " TO " + account.quoted() + ".");
}

Error admin_only(const Account& account, std::string_view what) {
  return Error(Code::kAdminPermission,
               std::string(what) + " is for users with ADMIN, and user \"" + account.name +
                   "\" has not got it",
               "SHOW GRANTS tells what it may.");
}

Status check_model(const Account& account, const engine::ObjectName& model) {
  if (account.may(Right::kModels, model.database, model.name) ||
      account.may(Right::kSelect, model.database, model.name))
    return {};
  return denied(account, Right::kSelect, model);
}

Status check_kill(SessionHost& host, const Account& account, uint64_t connection_id) {
  if (account.is_admin()) return {};
  for (const auto& process : host.processes()) {
    if (process.id == connection_id && process.user == account.name) return {};
  }
  return admin_only(account, "another user's connection");
}

std::vector<std::string> seen_by(const Account& account, const std::string& mark) {
  std::vector<std::string> seen{mark};
  for (const Grant& grant : account.grants) {
    if (grant.rights == 0) continue;
    if (grant.everywhere()) {
      seen.emplace_back("*");
      continue;
    }
    // A separator that no name can have been typed with by accident; a name with it hides itself.
    const std::string database = to_lower(grant.database);
    seen.push_back("?" + database);
    seen.push_back(grant.table.empty() ? "d" + database
                                       : "t" + database + "\x1f" + to_lower(grant.table));
  }
  return seen;
}

std::string table_functions_query() {
  return "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN "
         "('table', 'table_macro')";
}

bool is_harmless_function(std::string_view name) {
  return is_one_of(name, kHarmlessFunctions);
}

Result<std::vector<engine::ObjectName>> check_words(std::string_view text,
                                                    std::span<const Token> tokens,
                                                    LexOptions options, const WordRules& rules) {
  return WordCheck(text, tokens, options, rules).run();
}

std::string why_refused(std::string_view text, std::span<const Token> tokens) {
  const auto has = [&](std::string_view word) {
    return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
      return token.kind == TokenKind::kWord && same_name(raw(text, token), word);
    });
  };
  if (!has("CREATE")) return {};
  if (has("MACRO") || has("FUNCTION"))
    return "A macro would run with the rights of whoever calls it, and its functions are in no "
           "plan; "
           "a view can be created.";
  if (has("SEQUENCE"))
    return "Whose numbers nextval() takes is in no plan; an AUTO_INCREMENT column has its own.";
  if (has("TYPE")) return "A type of a query's rows could read any table; list its words.";
  return {};
}

NativeStatement read_native(std::string_view text, std::span<const Token> tokens,
                            LexOptions options, const std::string& database) {
  return NativeReader(text, tokens, options, database).run();
}

}  // namespace millrace::sql
