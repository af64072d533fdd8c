// What a statement of the store's asks for, and whether an account may have it: the words of its
// text, looked at before the store sees it, and the plan that the store bound it to. The plan is
// what counts: a table is in it whatever the text calls it, and behind whatever view or macro. The
// words are for what happens while a plan is made (files are opened, sequences are named in text),
// and for what is written, which no plan names. Pure functions; the session runs what they ask.
//
// What is not known here is refused: it needs ADMIN.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/definition.h"
#include "sql/account.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// "SELECT denied to user ... on `db`.`t`", with the GRANT that would help.
Error denied(const Account& account, Right right, const engine::ObjectName& object);
/// The same for a whole database.
Error denied(const Account& account, Right right, const std::string& database);
/// What needs ADMIN; `what` is a noun.
Error admin_only(const Account& account, std::string_view what);

/// To know a model, and to ask it, with a right on it or on its database.
Status check_model(const Account& account, const engine::ObjectName& model);

class SessionHost;
/// Who has no ADMIN may end its own connections.
Status check_kill(SessionHost& host, const Account& account, uint64_t connection_id);

/// The name of the variable in which a session keeps what its account sees, for the views of
/// system tables that restricted accounts get, and what it holds: `mark` first, by which a plan
/// tells that rows go through such a view.
inline constexpr std::string_view kSeesVariable = "millrace_sees";
std::vector<std::string> seen_by(const Account& account, const std::string& mark);

/// A query that gives the names of the table functions there are.
std::string table_functions_query();
/// Of those, what anyone may call: they read nothing but their arguments.
bool is_harmless_function(std::string_view name);

struct WordRules {
  const Account& account;
  const std::string& database;                // the current one
  const std::set<std::string>& functions;     // of table_functions_query(), in lower case
  const std::vector<std::string>& databases;  // that there are
};
/// Functions that read files, settings and other people's objects; the models of predict() and
/// explain(); names behind FROM that could be files; types and tables of databases that the account
/// does not see. The names that stand where tables do, for when there is no plan to be had.
Result<std::vector<engine::ObjectName>> check_words(std::string_view text,
                                                    std::span<const Token> tokens,
                                                    LexOptions options, const WordRules& rules);

/// What a statement of the store's is, by its words.
enum class NativeKind : uint8_t {
  kQuery,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kCreateTable,  // AS a query
  kDrop,
  kAlter,
  kCreateView,
  kOther,  // needs ADMIN
};
struct Need {
  Right right = Right::kSelect;
  engine::ObjectName object;
};
struct NativeStatement {
  NativeKind kind = NativeKind::kOther;
  std::vector<Need> needs;  // besides what its plan reads
  size_t body = 0;          // the token at which what has a plan begins: behind EXPLAIN, AS
};
/// Why a statement needs ADMIN that others might be thought to run; empty: it is not known.
std::string why_refused(std::string_view text, std::span<const Token> tokens);
NativeStatement read_native(std::string_view text, std::span<const Token> tokens,
                            LexOptions options, const std::string& database);

struct PlanRules {
  const Account& account;
  const std::string& mark;  // of seen_by()
  NativeKind kind;
};
/// `plan` is the JSON of EXPLAIN: every table that it reads must be granted, and every function and
/// operator be known.
Status check_plan(const std::string& plan, const PlanRules& rules);

}  // namespace millrace::sql
