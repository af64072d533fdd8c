#include "serve/users.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "serve/auth.h"

namespace millrace::serve {
namespace {

using nlohmann::json;
using sql::Account;
using sql::AccountChange;
using sql::AccountName;
using sql::Grant;

constexpr const char* kRootKey = "user.root";
constexpr const char* kAccountsKey = "accounts";
constexpr size_t kPasswordBytesMax = 200;  // must fit one RSA block with its padding

/// "native=<40 digits> sha2=<64 digits>"; empty for no password.
std::string to_text(const UserRecord& record) {
  if (!record.has_password()) return {};
  return "native=" + to_hex(record.native_hash) + " sha2=" + to_hex(record.sha2_hash);
}

Error damaged(std::string_view user) {
  return Error(Code::kDataLoss, "the record of user \"" + std::string(user) + "\" is damaged",
               "Restore the data directory from a copy.");
}

Result<UserRecord> from_text(std::string_view user, std::string_view text) {
  UserRecord record;
  if (text.empty()) return record;
  constexpr std::string_view kNative = "native=";
  constexpr std::string_view kSha2 = " sha2=";
  const auto second = text.find(kSha2);
  if (text.substr(0, kNative.size()) == kNative && second != std::string_view::npos) {
    record.native_hash = from_hex(text.substr(kNative.size(), second - kNative.size()));
    record.sha2_hash = from_hex(text.substr(second + kSha2.size()));
  }
  if (record.native_hash.size() != 20 || record.sha2_hash.size() != 32) return damaged(user);
  return record;
}

Error no_such_user(const std::string& name, const std::string& host) {
  return Error(
      Code::kAccount,
      "user \"" + name + "\"" + (host.empty() ? "" : "@\"" + host + "\"") + " does not exist",
      "SHOW USERS names those that do; an account is one name, with one host.");
}

Error roots_own(std::string_view what) {
  return Error(Code::kInvalidArgument, "user \"root\" " + std::string(what),
               "It has every right, and is always there.");
}

Status check_password(const std::string& password) {
  if (password.size() > kPasswordBytesMax)
    return Error(Code::kInvalidArgument, "cannot set a password of more than " +
                                             std::to_string(kPasswordBytesMax) + " bytes");
  if (password.find('\0') != std::string::npos)
    return Error(Code::kInvalidArgument, "cannot set a password that contains a NUL byte");
  return {};
}

bool is_local(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

/// Whether a statement that says `said` may mean an account of `host`: root is from everywhere.
bool means_host(std::string_view name, std::string_view said, std::string_view host) {
  return said.empty() || said == host || (name == kRoot && is_local(said));
}

json limits_of(const sql::AccountLimits& limits) {
  return {{"connections", limits.connections},
          {"query_seconds", limits.query_seconds},
          {"result_rows", limits.result_rows},
          {"result_bytes", limits.result_bytes}};
}

/// A number of the record, which must be there.
bool read(const json& object, const char* name, int64_t& value) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return false;
  value = found->get<int64_t>();
  return value >= 0;
}

bool read(const json& object, const char* name, std::string& value) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return false;
  value = found->get<std::string>();
  return true;
}

bool read_grants(const json& list, Account& account) {
  if (!list.is_array()) return false;
  for (const json& entry : list) {
    Grant grant;
    const auto rights = entry.find("rights");
    if (!read(entry, "database", grant.database) || !read(entry, "table", grant.table) ||
        rights == entry.end() || !rights->is_array())
      return false;
    for (const json& word : *rights) {
      const auto right = word.is_string() ? sql::right_of(word.get<std::string>()) : std::nullopt;
      if (!right) return false;
      grant.rights = static_cast<sql::RightSet>(grant.rights | sql::only(*right));
    }
    account.grants.push_back(std::move(grant));
  }
  return true;
}

json grants_of(const Account& account) {
  json list = json::array();
  for (const Grant& grant : account.grants) {
    json rights = json::array();
    for (uint8_t i = 0; i < sql::kRights; ++i) {
      const auto right = static_cast<sql::Right>(i);
      if ((grant.rights & sql::only(right)) != 0) rights.push_back(sql::name_of(right));
    }
    list.push_back({{"database", grant.database}, {"table", grant.table}, {"rights", rights}});
  }
  return list;
}

std::shared_ptr<const Account> root_account() {
  auto root = std::make_shared<Account>();
  root->name = kRoot;
  Grant all;
  all.rights = static_cast<sql::RightSet>(sql::kAllOfDatabase | sql::only(sql::Right::kAdmin));
  root->grants.push_back(all);
  return root;
}

}  // namespace

Result<UserBook::Users> UserBook::read_accounts(std::string_view text) {
  Users users;
  if (text.empty()) return users;
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array())
    return Error(Code::kDataLoss, "the record of the users is damaged",
                 "Restore the data directory from a copy.");
  for (const json& entry : list) {
    Account account;
    std::string hashes;
    if (!entry.is_object() || !read(entry, "name", account.name) || account.name == kRoot)
      return damaged("?");
    auto& limits = account.limits;
    const auto kept = entry.find("limits");
    const bool whole = read(entry, "host", account.host) && read(entry, "password", hashes) &&
                       entry.contains("grants") && read_grants(entry["grants"], account) &&
                       kept != entry.end() && read(*kept, "connections", limits.connections) &&
                       read(*kept, "query_seconds", limits.query_seconds) &&
                       read(*kept, "result_rows", limits.result_rows) &&
                       read(*kept, "result_bytes", limits.result_bytes);
    if (!whole) return damaged(account.name);
    TRY(UserRecord record, from_text(account.name, hashes));
    record.host = account.host;
    users[account.name] = {std::move(record), std::make_shared<Account>(account)};
  }
  return users;
}

std::string UserBook::write_accounts(const Users& users) {
  json list = json::array();
  for (const auto& [name, user] : users) {
    if (name == kRoot) continue;
    list.push_back({{"name", name},
                    {"host", user.account->host},
                    {"password", to_text(user.record)},
                    {"grants", grants_of(*user.account)},
                    {"limits", limits_of(user.account->limits)}});
  }
  return list.dump();
}

Result<std::unique_ptr<UserBook>> UserBook::open(SettingsPlace place) {
  TRY(const auto root_text, place.read(kRootKey));
  TRY(auto root, from_text(kRoot, root_text.value_or("")));
  TRY(const auto text, place.read(kAccountsKey));
  TRY(auto users, read_accounts(text.value_or("")));
  users[std::string(kRoot)] = {std::move(root), root_account()};
  auto book = std::unique_ptr<UserBook>(new UserBook(std::move(place)));
  Lock lock(book->mutex_);
  book->users_ = std::move(users);
  return book;
}

UserRecord UserBook::record(std::string_view user) const {
  // Made for everyone, so that the time it takes tells nothing.
  UserRecord unfit;
  unfit.native_hash = make_scramble();
  unfit.sha2_hash = make_scramble() + make_scramble().substr(0, 12);
  Lock lock(mutex_);
  const auto found = users_.find(user);
  return found == users_.end() ? unfit : found->second.record;
}

void UserBook::keep_root_password() {
  Lock lock(mutex_);
  root_keeps_password_ = true;
}

std::shared_ptr<const Account> UserBook::find(std::string_view name) const {
  Lock lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.account;
}

std::vector<std::shared_ptr<const Account>> UserBook::list() const {
  Lock lock(mutex_);
  std::vector<std::shared_ptr<const Account>> accounts;
  for (const auto& [name, user] : users_) accounts.push_back(user.account);
  return accounts;
}

Result<UserBook::User*> UserBook::known(Users& users, const std::string& name,
                                        const std::string& host) const {
  const auto found = users.find(name);
  if (found == users.end() || !means_host(name, host, found->second.account->host))
    return no_such_user(name, host);
  return &found->second;
}

Status UserBook::apply(const AccountChange& change, User& user) {
  Account account = *user.account;
  if (change.password) {
    TRY_OK(check_password(*change.password));
    user.record.native_hash.clear();
    user.record.sha2_hash.clear();
    if (!change.password->empty()) {
      user.record.native_hash = native_hash(*change.password);
      user.record.sha2_hash = sha2_hash(*change.password);
    }
  }
  auto& limits = account.limits;
  limits.connections = change.connections.value_or(limits.connections);
  limits.query_seconds = change.query_seconds.value_or(limits.query_seconds);
  limits.result_rows = change.result_rows.value_or(limits.result_rows);
  limits.result_bytes = change.result_bytes.value_or(limits.result_bytes);
  user.account = std::make_shared<Account>(std::move(account));
  return {};
}

Status UserBook::keep(Users changed) {
  const auto& root = changed.at(std::string(kRoot)).record;
  const auto& before = users_.at(std::string(kRoot)).record;
  if (root.sha2_hash != before.sha2_hash || root.native_hash != before.native_hash)
    TRY_OK(place_.write(kRootKey, to_text(root)));
  auto text = write_accounts(changed);
  if (text != write_accounts(users_)) TRY_OK(place_.write(kAccountsKey, text));
  users_ = std::move(changed);
  return {};
}

Status UserBook::create(const std::vector<AccountChange>& accounts, bool if_not_exists) {
  Lock lock(mutex_);
  Users changed = users_;
  for (const auto& change : accounts) {
    if (change.name.empty() || change.name.size() > kNameBytesMax)
      return Error(Code::kInvalidArgument,
                   "a user's name has 1 to " + std::to_string(kNameBytesMax) + " bytes");
    if (changed.contains(change.name)) {
      if (if_not_exists) continue;
      return Error(Code::kAccount, "user \"" + change.name + "\" exists already",
                   "An account is one name, whatever its host; write CREATE USER IF NOT EXISTS.");
    }
    Account account;
    account.name = change.name;
    if (!change.host.empty()) account.host = change.host;
    User user;
    user.record.host = account.host;
    user.account = std::make_shared<Account>(std::move(account));
    TRY_OK(apply(change, user));
    changed.emplace(change.name, std::move(user));
  }
  return keep(std::move(changed));
}

Status UserBook::alter(const std::vector<AccountChange>& accounts, bool if_exists) {
  Lock lock(mutex_);
  Users changed = users_;
  for (const auto& change : accounts) {
    const auto found = known(changed, change.name, change.host);
    if (!found && if_exists) continue;
    if (!found) return found.error();
    const bool root = change.name == kRoot;
    if (root && change.limits()) return roots_own("has no limits");
    if (root && root_keeps_password_ && change.password && change.password->empty())
      return Error(Code::kPermission,
                   "cannot take the password of user \"root\" away: the server listens beyond the "
                   "loopback",
                   "Start it on 127.0.0.1 to do so.");
    // Root's is another record than the rest: two changes are not one transaction.
    if (root && accounts.size() > 1) return roots_own("is altered alone");
    TRY_OK(apply(change, **found));
  }
  return keep(std::move(changed));
}

Status UserBook::drop(const std::vector<AccountName>& names, bool if_exists) {
  Lock lock(mutex_);
  Users changed = users_;
  for (const auto& [name, host] : names) {
    const auto found = known(changed, name, host);
    if (!found && if_exists) continue;
    if (!found) return found.error();
    if (name == kRoot) return roots_own("cannot be dropped");
    changed.erase(name);
  }
  return keep(std::move(changed));
}

Status UserBook::grant(const Grant& grant, const std::vector<AccountName>& to) {
  Lock lock(mutex_);
  Users changed = users_;
  for (const auto& [name, host] : to) {
    TRY(User * user, known(changed, name, host));
    if (name == kRoot) continue;  // it has it
    Account account = *user->account;
    account.grant(grant);
    user->account = std::make_shared<Account>(std::move(account));
  }
  return keep(std::move(changed));
}

Status UserBook::revoke(const Grant& grant, const std::vector<AccountName>& from) {
  Lock lock(mutex_);
  Users changed = users_;
  for (const auto& [name, host] : from) {
    TRY(User * user, known(changed, name, host));
    if (name == kRoot) return roots_own("keeps its rights");
    Account account = *user->account;
    if (!account.revoke(grant))
      return Error(Code::kAccount,
                   "there is no such grant for user \"" + name + "\" on " + grant.place(),
                   "SHOW GRANTS FOR `" + name + "` names those that there are.");
    user->account = std::make_shared<Account>(std::move(account));
  }
  return keep(std::move(changed));
}

}  // namespace millrace::serve
