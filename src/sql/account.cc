#include "sql/account.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/rows.h"

namespace millrace::sql {
namespace {

constexpr std::array<std::string_view, kRights> kNames{"SELECT", "INSERT", "UPDATE", "DELETE",
                                                       "CREATE", "DROP",   "ALTER",  "PIPELINES",
                                                       "MODELS", "ADMIN"};

bool holds(const Grant& grant, std::string_view database, std::string_view table) {
  if (grant.everywhere()) return true;
  if (!same_name(grant.database, database)) return false;
  return grant.table.empty() || (!table.empty() && same_name(grant.table, table));
}

bool same_place(const Grant& a, const Grant& b) {
  return same_name(a.database, b.database) && same_name(a.table, b.table);
}

}  // namespace

std::string_view name_of(Right right) {
  return kNames[static_cast<size_t>(right)];
}

std::optional<Right> right_of(std::string_view word) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (same_name(kNames[i], word)) return static_cast<Right>(i);
  }
  return std::nullopt;
}

std::string name_of(RightSet rights, bool everywhere) {
  if (rights == 0) return "USAGE";
  const auto all = static_cast<RightSet>(kAllOfDatabase | (everywhere ? only(Right::kAdmin) : 0));
  if ((rights & all) == all) return "ALL PRIVILEGES";
  std::string names;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if ((rights & only(static_cast<Right>(i))) == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(kNames[i]);
  }
  return names;
}

std::string Grant::place() const {
  if (everywhere()) return "*.*";
  return backticked(database) + "." + (table.empty() ? "*" : backticked(table));
}

std::string Account::quoted() const {
  return backticked(name) + "@" + backticked(host);
}

bool Account::is_admin() const {
  return std::any_of(grants.begin(), grants.end(),
                     [](const Grant& grant) { return (grant.rights & only(Right::kAdmin)) != 0; });
}

bool Account::may(Right right, std::string_view database, std::string_view table) const {
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    const bool has = (grant.rights & (only(right) | only(Right::kAdmin))) != 0;
    return has && holds(grant, database, table);
  });
}

bool Account::sees(std::string_view database) const {
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return grant.rights != 0 && (grant.everywhere() || same_name(grant.database, database));
  });
}

bool Account::sees(std::string_view database, std::string_view table) const {
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return grant.rights != 0 && holds(grant, database, table);
  });
}

void Account::grant(const Grant& added) {
  for (Grant& known : grants) {
    if (!same_place(known, added)) continue;
    known.rights = static_cast<RightSet>(known.rights | added.rights);
    return;
  }
  if (added.rights != 0) grants.push_back(added);
}

bool Account::revoke(const Grant& removed) {
  bool found = false;
  for (Grant& known : grants) {
    if (!same_place(known, removed)) continue;
    found = found || (known.rights & removed.rights) != 0;
    known.rights = static_cast<RightSet>(known.rights & ~removed.rights);
  }
  std::erase_if(grants, [](const Grant& grant) { return grant.rights == 0; });
  return found;
}

bool is_host(std::string_view pattern, std::string_view address, bool loopback) {
  if (pattern.empty() || pattern == "%") return true;
  if (same_name(pattern, "localhost")) return loopback;
  return is_like(address, pattern);
}

Status Accounts::set_password(const AccountName& account, const std::string& password) {
  AccountChange change;
  change.name = account.name;
  change.host = account.host;
  change.password = password;
  return alter({std::move(change)}, false);
}

}  // namespace millrace::sql
