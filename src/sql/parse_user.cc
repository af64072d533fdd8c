// The statements about users and their rights.
#include <array>
#include <limits>

#include "data/schema.h"
#include "decode/time_text.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

/// 'name'@'host', name@host, 'name', CURRENT_USER(); the name is empty for the session's own.
Result<AccountName> parse_account(TokenReader& reader) {
  AccountName result;
  if (reader.accept("CURRENT_USER") || reader.accept({"USER", "(", ")"})) {
    (void)reader.accept({"(", ")"});
    return result;
  }
  const bool quoted = reader.peek().kind == TokenKind::kString;
  TRY(result.name, quoted ? reader.string("a user") : reader.name("a user"));
  if (reader.peek().kind == TokenKind::kVariable) {  // @'%' is read as one
    result.host = reader.value();
    reader.skip();
  } else if (reader.accept("@")) {
    TRY(result.host, reader.string("a host"));
  }
  if (result.name.empty())
    return Error(Code::kInvalidArgument, "a user's name is not empty",
                 "There are no anonymous users.");
  return result;
}

Result<std::vector<AccountName>> parse_accounts(TokenReader& reader) {
  std::vector<AccountName> names;
  do {
    TRY(names.emplace_back(), parse_account(reader));
  } while (reader.accept(","));
  return names;
}

/// IDENTIFIED [WITH plugin] BY 'password'
Result<std::optional<std::string>> parse_identified(TokenReader& reader) {
  if (!reader.accept("IDENTIFIED")) return std::optional<std::string>();
  if (reader.accept("WITH")) {
    // Both plugins are served from one password, whichever is named.
    const bool quoted = reader.peek().kind == TokenKind::kString;
    const int64_t position = reader.position();
    TRY(const std::string plugin, quoted ? reader.string("a plugin") : reader.name("a plugin"));
    if (!same_name(plugin, "caching_sha2_password") &&
        !same_name(plugin, "mysql_native_password")) {
      return reader.error_at(
          position, Code::kUnsupported, "authentication plugin \"" + plugin + "\" is not supported",
          did_you_mean(plugin, {"caching_sha2_password", "mysql_native_password"}));
    }
  }
  TRY_OK(reader.expect("BY"));
  TRY(std::string password, reader.string("the password in quotes"));
  return std::optional<std::string>(std::move(password));
}

struct Limit {
  std::string_view word;
  std::optional<int64_t> AccountChange::*value;
};
constexpr auto kLimits = std::to_array<Limit>({
    {"MAX_USER_CONNECTIONS", &AccountChange::connections},
    {"MAX_QUERY_TIME", &AccountChange::query_seconds},
    {"MAX_RESULT_ROWS", &AccountChange::result_rows},
    {"MAX_RESULT_BYTES", &AccountChange::result_bytes},
});

/// WITH MAX_USER_CONNECTIONS 4 MAX_QUERY_TIME 30 ...
Status parse_limits(TokenReader& reader, AccountChange& change) {
  if (!reader.accept("WITH")) return {};
  bool any = false;
  for (bool found = true; found; any = any || found) {
    found = false;
    for (const Limit& limit : kLimits) {
      if (!reader.accept(limit.word)) continue;
      TRY(change.*limit.value,
          reader.integer(limit.word, 0, std::numeric_limits<int32_t>::max() * int64_t{1024}));
      found = true;
    }
  }
  if (any) return {};
  return reader.error(
      "a limit", {"MAX_USER_CONNECTIONS", "MAX_QUERY_TIME", "MAX_RESULT_ROWS", "MAX_RESULT_BYTES"});
}

/// Behind IF [NOT] EXISTS: the users, and what is said of all of them.
Result<std::vector<AccountChange>> parse_changes(TokenReader& reader) {
  std::vector<AccountChange> changes;
  do {
    AccountChange& change = changes.emplace_back();
    TRY(AccountName account, parse_account(reader));
    change.name = std::move(account.name);
    change.host = std::move(account.host);
    TRY(change.password, parse_identified(reader));
  } while (reader.accept(","));
  AccountChange of_all;
  TRY_OK(parse_limits(reader, of_all));
  for (AccountChange& change : changes) {
    for (const Limit& limit : kLimits) change.*limit.value = of_all.*limit.value;
  }
  TRY_OK(reader.expect_end());
  return changes;
}

struct Rights {
  RightSet rights = 0;
  bool all = false;
};

Result<Rights> parse_rights(TokenReader& reader) {
  Rights result;
  if (reader.accept("ALL")) {
    (void)reader.accept("PRIVILEGES");
    result.all = true;
    return result;
  }
  do {
    if (reader.accept("USAGE")) continue;
    const auto right = right_of(reader.raw_at());
    if (!right) {
      return reader.error("a right", {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP",
                                      "ALTER", "PIPELINES", "MODELS", "ADMIN", "ALL", "USAGE"});
    }
    result.rights = static_cast<RightSet>(result.rights | only(*right));
    reader.skip();
    if (reader.at("(")) return reader.unsupported("a right on columns");
  } while (reader.accept(","));
  return result;
}

/// ON [TABLE] *.* | * | db.* | db.table | table
Status parse_place(TokenReader& reader, const std::string& database, Grant& grant) {
  TRY_OK(reader.expect("ON"));
  (void)reader.accept("TABLE");
  if (reader.accept({"*", ".", "*"})) return {};
  if (reader.accept("*")) {
    if (database.empty()) return no_database();
    grant.database = database;
    return {};
  }
  TRY(std::string first, reader.name("a database or table"));
  if (!reader.accept(".")) {
    if (database.empty()) return no_database();
    grant.database = database;
    grant.table = std::move(first);
    return {};
  }
  grant.database = std::move(first);
  if (reader.accept("*")) return {};
  TRY(grant.table, reader.name("a table"));
  return {};
}

}  // namespace

Result<Statement> parse_create_user(TokenReader& reader) {
  TRY_OK(check_utf8(reader));
  CreateUser result;
  result.if_not_exists = reader.accept({"IF", "NOT", "EXISTS"});
  TRY(result.accounts, parse_changes(reader));
  return result;
}

Result<Statement> parse_alter_user(TokenReader& reader) {
  TRY_OK(check_utf8(reader));
  AlterUser result;
  result.if_exists = reader.accept({"IF", "EXISTS"});
  TRY(result.accounts, parse_changes(reader));
  return result;
}

Result<Statement> parse_drop_user(TokenReader& reader) {
  DropUser result;
  result.if_exists = reader.accept({"IF", "EXISTS"});
  TRY(result.accounts, parse_accounts(reader));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_grant(TokenReader& reader, const std::string& database) {
  GrantRights result;
  result.revoke = reader.at("REVOKE");
  reader.skip();
  TRY_OK(check_utf8(reader));
  const int64_t position = reader.position();
  TRY(const Rights rights, parse_rights(reader));
  TRY_OK(parse_place(reader, database, result.grant));
  auto& set = result.grant.rights;
  set = rights.all ? kAllOfDatabase : rights.rights;
  if (rights.all && result.grant.everywhere())
    set = static_cast<RightSet>(set | only(Right::kAdmin));
  if ((set & only(Right::kAdmin)) != 0 && !result.grant.everywhere())
    return reader.error_at(position, Code::kInvalidArgument,
                           "ADMIN is a right on everything, and not on " + result.grant.place(),
                           "GRANT ADMIN ON *.* TO ...");
  TRY_OK(reader.expect(result.revoke ? "FROM" : "TO"));
  TRY(result.accounts, parse_accounts(reader));
  if (!result.revoke && reader.accept({"WITH", "GRANT", "OPTION"}) &&
      (set & only(Right::kAdmin)) == 0)
    return reader.error_at(position, Code::kUnsupported, "WITH GRANT OPTION is not supported",
                           "Who has ADMIN may grant; nobody else.");
  TRY_OK(reader.expect_end());
  return result;
}

/// SET PASSWORD | [FOR user] = 'text'
Result<Statement> parse_set_password(TokenReader& reader) {
  SetPassword result;
  if (reader.accept("FOR")) {
    TRY(result.account, parse_account(reader));
  }
  TRY_OK(reader.expect("="));
  const bool call = reader.accept({"PASSWORD", "("});
  TRY(result.password, reader.string("the password in quotes"));
  if (call) TRY_OK(reader.expect(")"));
  TRY_OK(reader.expect_end());
  return result;
}

/// CREATE TOKEN | name [FOR user] [EXPIRE INTERVAL n DAY | VALID UNTIL 'moment']
Result<Statement> parse_create_token(TokenReader& reader) {
  constexpr int64_t kDaysMax = 36'500;
  TRY_OK(check_utf8(reader));
  CreateToken result;
  TRY(result.name, reader.name("the token's name"));
  if (reader.accept("FOR")) {
    TRY(result.user, parse_account(reader));
  }
  if (reader.accept({"EXPIRE", "INTERVAL"})) {
    TRY(result.days, reader.integer("the number of days", 1, kDaysMax));
    TRY_OK(reader.expect("DAY"));
  } else if (reader.accept({"VALID", "UNTIL"})) {
    const int64_t position = reader.position();
    TRY(const std::string moment, reader.string("a moment in quotes"));
    if (decode::parse_timestamp(moment, result.expires) != decode::Parsed::kValue)
      return reader.error_at(position, Code::kInvalidArgument, "\"" + moment + "\" is no moment",
                             "It is written '2026-12-31 23:59:59', in UTC.");
  }
  TRY_OK(reader.expect_end());
  return result;
}

/// DROP TOKEN | [IF EXISTS] name [FOR user]
Result<Statement> parse_drop_token(TokenReader& reader) {
  DropToken result;
  result.if_exists = reader.accept({"IF", "EXISTS"});
  TRY(result.name, reader.name("the token's name"));
  if (reader.accept("FOR")) {
    TRY(result.user, parse_account(reader));
  }
  TRY_OK(reader.expect_end());
  return result;
}

/// SHOW GRANTS | [FOR user]
Status parse_show_grants(TokenReader& reader, Show& show) {
  if (!reader.accept("FOR")) return reader.expect_end();
  TRY(AccountName account, parse_account(reader));
  show.object = std::move(account.name);
  show.database = std::move(account.host);
  return reader.expect_end();
}

}  // namespace millrace::sql
