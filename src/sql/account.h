// Accounts and what they may: the rights of GRANT, on everything, on a database or on a table of
// one. Data and pure functions; who keeps accounts is behind Accounts, which serve/ implements.
//
// An account is one name. Its host says from where it may come: '%' (anywhere), 'localhost' (this
// machine), an address, or a pattern of one with % and _.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::sql {

enum class Right : uint8_t {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kCreate,
  kDrop,
  kAlter,
  kPipelines,  // create, alter, start, stop and show them
  kModels,     // create, train, alter and drop them
  kAdmin,      // everything, on *.* only
};
inline constexpr uint8_t kRights = 10;

using RightSet = uint16_t;  // a bit for each Right
constexpr RightSet only(Right right) {
  return static_cast<RightSet>(1U << static_cast<unsigned>(right));
}
/// All but ADMIN: what ALL means on a database or a table.
inline constexpr RightSet kAllOfDatabase = only(Right::kAdmin) - 1;

/// "SELECT"
std::string_view name_of(Right right);
std::optional<Right> right_of(std::string_view word);
/// "SELECT, INSERT"; "ALL PRIVILEGES" when it is all that can be granted there.
std::string name_of(RightSet rights, bool everywhere);

/// Rights on *.* (both names empty), database.* or database.table.
struct Grant {
  std::string database;
  std::string table;
  RightSet rights = 0;
  bool everywhere() const { return database.empty(); }
  /// "*.*", "`db`.*", "`db`.`t`"
  std::string place() const;
};

/// 0: no limit.
struct AccountLimits {
  int64_t connections = 0;
  int64_t query_seconds = 0;
  int64_t result_rows = 0;
  int64_t result_bytes = 0;
};

struct Account {
  std::string name;
  std::string host = "%";
  std::vector<Grant> grants;
  AccountLimits limits;

  /// 'name'@'host', quoted as SHOW GRANTS has it.
  std::string quoted() const;
  bool is_admin() const;
  /// On that table or more; an empty table asks for the whole database.
  bool may(Right right, std::string_view database, std::string_view table = {}) const;
  /// Any right in the database, or on anything in it.
  bool sees(std::string_view database) const;
  /// Any right on the table.
  bool sees(std::string_view database, std::string_view table) const;

  void grant(const Grant& added);
  /// False when nothing of it had been granted there.
  bool revoke(const Grant& removed);
};

/// Whether a client of this address may use an account of this host.
bool is_host(std::string_view pattern, std::string_view address, bool loopback);

struct AccountName {
  std::string name;
  std::string host;  // empty: not said
};

/// What CREATE and ALTER USER say; what they do not say stays.
struct AccountChange {
  std::string name;  // empty: the session's own
  std::string host;  // empty: not said
  std::optional<std::string> password;
  std::optional<int64_t> connections, query_seconds, result_rows, result_bytes;
  bool limits() const { return connections || query_seconds || result_rows || result_bytes; }
};

/// The accounts of a server. Thread-safe. A change of several is one transaction.
class Accounts {
 public:
  virtual ~Accounts() = default;
  /// Null when there is none.
  virtual std::shared_ptr<const Account> find(std::string_view name) const = 0;
  virtual std::vector<std::shared_ptr<const Account>> list() const = 0;
  // Errors: kAccount for names that are taken or not there, kAdminPermission for what root alone
  // has, kInvalidArgument.
  virtual Status create(const std::vector<AccountChange>& accounts, bool if_not_exists) = 0;
  virtual Status alter(const std::vector<AccountChange>& accounts, bool if_exists) = 0;
  /// An empty password takes it away.
  Status set_password(const AccountName& account, const std::string& password);
  virtual Status drop(const std::vector<AccountName>& names, bool if_exists) = 0;
  virtual Status grant(const Grant& grant, const std::vector<AccountName>& to) = 0;
  virtual Status revoke(const Grant& grant, const std::vector<AccountName>& from) = 0;
};

}  // namespace millrace::sql
