// A Runner's statements about users, and whose session it is.
#include "base/clock.h"
#include "data/schema.h"
#include "decode/time_text.h"
#include "sql/quote.h"
#include "sql/runner.h"

namespace millrace::sql {
namespace {

Error dropped(const std::string& user) {
  return Error(Code::kAuthentication, "user \"" + user + "\" does not exist any more");
}

/// Which of it an account's owner may change: the password.
bool is_password_only(const AccountChange& change) {
  return change.password && !change.limits();
}

}  // namespace

/// What the session may is asked for each statement: it may have changed since the last.
Status Runner::renew_account() {
  account_ = host_.accounts().find(info_.user);
  if (!account_) return dropped(info_.user);
  facts_.current_user = account_->name + "@" + account_->host;
  return {};
}

bool Runner::is_own(const std::string& name) const {
  return name.empty() || name == info_.user;
}

std::vector<AccountName> Runner::named(std::vector<AccountName> accounts) const {
  for (auto& account : accounts) {
    if (account.name.empty()) account.name = info_.user;
  }
  return accounts;
}

Result<StatementResult> Runner::execute(const CreateUser& statement) {
  TRY_OK(host_.accounts().create(statement.accounts, statement.if_not_exists));
  return ok();
}

Result<StatementResult> Runner::execute(const AlterUser& statement) {
  auto accounts = statement.accounts;
  for (auto& account : accounts) {
    if (account.name.empty()) account.name = info_.user;
  }
  TRY_OK(host_.accounts().alter(accounts, statement.if_exists));
  return ok();
}

Result<StatementResult> Runner::execute(const DropUser& statement) {
  const auto accounts = named(statement.accounts);
  TRY_OK(host_.accounts().drop(accounts, statement.if_exists));
  for (const auto& account : accounts) TRY_OK(host_.tokens().forget(account.name));
  return ok();
}

/// The one row is the one time that anyone sees the secret.
Result<StatementResult> Runner::execute(const CreateToken& statement) {
  constexpr int64_t kDayMicros = 86'400'000'000;
  AccessToken token;
  token.user = is_own(statement.user.name) ? info_.user : statement.user.name;
  if (!host_.accounts().find(token.user))
    return Error(Code::kAccount, "user \"" + token.user + "\" does not exist",
                 "SHOW USERS names those that do.");
  token.name = statement.name;
  token.created = now_micros();
  token.expires = statement.expires;
  if (statement.days != 0) token.expires = token.created + statement.days * kDayMicros;
  if (token.expires != 0 && token.expires <= token.created)
    return Error(Code::kInvalidArgument, "the token would have expired already");
  TRY(std::string secret, host_.tokens().create(token));
  Rows result;
  result.add_column("Token");
  result.rows.push_back({std::move(secret)});
  return rows(std::move(result));
}

Result<StatementResult> Runner::execute(const DropToken& statement) {
  const std::string& user = is_own(statement.user.name) ? info_.user : statement.user.name;
  const auto dropped = host_.tokens().drop(user, statement.name);
  const bool absent = !dropped && dropped.error().code == Code::kNotFound;
  if (!dropped && !(absent && statement.if_exists)) return dropped.error();
  return ok();
}

/// Who is no admin sees its own.
Rows Runner::tokens() const {
  Rows result;
  for (const std::string_view name : {"User", "Name"}) result.add_column(std::string(name));
  for (const std::string_view name : {"Created", "Expires"})
    result.add_column(std::string(name), store::SqlType::kTimestamp);
  for (const auto& token : host_.tokens().list()) {
    if (!account_->is_admin() && token.user != info_.user) continue;
    decode::TimeText created;
    decode::TimeText expires;
    result.rows.push_back(
        {token.user, token.name, std::string(decode::timestamp_text(token.created, created)),
         token.expires == 0 ? Cell() : Cell(decode::timestamp_text(token.expires, expires))});
  }
  return result;
}

Result<StatementResult> Runner::execute(const GrantRights& statement) {
  const auto accounts = named(statement.accounts);
  if (statement.revoke) {
    TRY_OK(host_.accounts().revoke(statement.grant, accounts));
  } else {
    TRY_OK(host_.accounts().grant(statement.grant, accounts));
  }
  return ok();
}

Result<StatementResult> Runner::execute(const SetPassword& statement) {
  AccountName account = statement.account;
  if (account.name.empty()) account.name = info_.user;
  TRY_OK(host_.accounts().set_password(account, statement.password));
  return ok();
}

/// As MySQL has it: first that the account is there, then a line for each place.
Result<Rows> Runner::grants(const Show& show) {
  const auto account = is_own(show.object) ? account_ : host_.accounts().find(show.object);
  if (!account)
    return Error(Code::kAccount, "user \"" + show.object + "\" does not exist",
                 "SHOW USERS names those that do.");
  Rows result;
  result.add_column("Grants for " + account->name + "@" + account->host);
  if (!account->is_admin()) result.rows.push_back({"GRANT USAGE ON *.* TO " + account->quoted()});
  for (const Grant& grant : account->grants) {
    std::string line = "GRANT " + name_of(grant.rights, grant.everywhere()) + " ON " +
                       grant.place() + " TO " + account->quoted();
    if ((grant.rights & only(Right::kAdmin)) != 0) line += " WITH GRANT OPTION";
    result.rows.push_back({std::move(line)});
  }
  return result;
}

Rows Runner::users() const {
  Rows result;
  for (const std::string_view name : {"User", "Host"}) result.add_column(std::string(name));
  for (const std::string_view name :
       {"Max_user_connections", "Max_query_time", "Max_result_rows", "Max_result_bytes"})
    result.add_column(std::string(name), store::SqlType::kBigint);
  for (const auto& account : host_.accounts().list()) {
    const auto& limits = account->limits;
    result.rows.push_back({account->name, account->host, std::to_string(limits.connections),
                           std::to_string(limits.query_seconds), std::to_string(limits.result_rows),
                           std::to_string(limits.result_bytes)});
  }
  return result;
}

bool Runner::changes_own_password(const AlterUser& statement) const {
  for (const auto& account : statement.accounts) {
    if (!is_own(account.name) || !is_password_only(account)) return false;
  }
  return true;
}

}  // namespace millrace::sql
