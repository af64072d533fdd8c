#include "sql/session_table.h"

#include <array>

#include "data/schema.h"
#include "sql/rows.h"

namespace millrace::sql {
namespace {

using store::SqlType;

/// A column: its name, and whether it is a number.
struct ColumnFact {
  std::string_view name;
  bool number = false;
};

Rows table(std::initializer_list<ColumnFact> columns) {
  Rows rows;
  for (const auto& column : columns)
    rows.add_column(std::string(column.name), column.number ? SqlType::kBigint : SqlType::kVarchar);
  return rows;
}

/// The columns of a table that never has rows, separated by blanks; all of them texts.
Rows empty_table(std::string_view columns) {
  Rows rows;
  while (!columns.empty()) {
    const auto name = columns.substr(0, columns.find(' '));
    columns.remove_prefix(std::min(name.size() + 1, columns.size()));
    rows.add_column(std::string(name));
  }
  return rows;
}

Rows variables(const ShowFacts& facts) {
  Rows rows = table({{"VARIABLE_NAME"}, {"VARIABLE_VALUE"}});
  for (const auto& [name, value] : facts.variables.all()) rows.rows.push_back({name, value});
  return rows;
}

Rows status(const ShowFacts& facts) {
  Rows rows = table({{"VARIABLE_NAME"}, {"VARIABLE_VALUE"}});
  Show show;
  show.kind = ShowKind::kStatus;
  if (const auto shown = show_rows(show, facts)) rows.rows = shown->rows;
  return rows;
}

/// SHOW FULL PROCESSLIST, which knows who sees what.
std::vector<Row> processes(const ShowFacts& facts) {
  Show show;
  show.kind = ShowKind::kProcesses;
  show.full = true;
  const auto shown = show_rows(show, facts);
  return shown ? shown->rows : std::vector<Row>();
}

Rows process_list(const ShowFacts& facts) {
  Rows rows = table(
      {{"ID", true}, {"USER"}, {"HOST"}, {"DB"}, {"COMMAND"}, {"TIME", true}, {"STATE"}, {"INFO"}});
  rows.rows = processes(facts);
  return rows;
}

Rows threads(const ShowFacts& facts) {
  Rows rows = table({{"THREAD_ID", true},
                     {"NAME"},
                     {"TYPE"},
                     {"PROCESSLIST_ID", true},
                     {"PROCESSLIST_USER"},
                     {"PROCESSLIST_HOST"},
                     {"PROCESSLIST_DB"},
                     {"PROCESSLIST_COMMAND"},
                     {"PROCESSLIST_TIME", true},
                     {"PROCESSLIST_STATE"},
                     {"PROCESSLIST_INFO"},
                     {"CONNECTION_TYPE"}});
  for (const Row& process : processes(facts)) {
    Row row{process[0], "thread/sql/one_connection", "FOREGROUND"};
    row.insert(row.end(), process.begin(), process.end());
    row.push_back("TCP/IP");
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::shared_ptr<const Account>> seen_accounts(const ShowFacts& facts) {
  auto accounts = facts.host.accounts().list();
  if (!facts.account.is_admin())
    std::erase_if(accounts, [&](const auto& one) { return one->name != facts.account.name; });
  return accounts;
}

/// What MySQL calls a right, and the right of ours that stands for it: what has none is ADMIN's.
struct Privilege {
  std::string_view column;  // in mysql.user and mysql.db, without "_priv"
  Right right = Right::kAdmin;
};
constexpr auto kOfDatabases = std::to_array<Privilege>({{"Select", Right::kSelect},
                                                        {"Insert", Right::kInsert},
                                                        {"Update", Right::kUpdate},
                                                        {"Delete", Right::kDelete},
                                                        {"Create", Right::kCreate},
                                                        {"Drop", Right::kDrop},
                                                        {"Grant"},
                                                        {"References", Right::kCreate},
                                                        {"Index", Right::kAlter},
                                                        {"Alter", Right::kAlter},
                                                        {"Create_tmp_table", Right::kCreate},
                                                        {"Lock_tables", Right::kSelect},
                                                        {"Create_view", Right::kCreate},
                                                        {"Show_view", Right::kSelect},
                                                        {"Create_routine"},
                                                        {"Alter_routine"},
                                                        {"Execute"},
                                                        {"Event"},
                                                        {"Trigger"}});
constexpr auto kOfServer =
    std::to_array<std::string_view>({"Reload", "Shutdown", "Process", "File", "Show_db", "Super",
                                     "Repl_slave", "Repl_client", "Create_user"});

std::string yes_or_no(RightSet rights, Right right) {
  const RightSet wanted = only(right) | only(Right::kAdmin);
  return (rights & wanted) != 0 ? "Y" : "N";
}

RightSet rights_everywhere(const Account& account) {
  RightSet rights = 0;
  for (const Grant& grant : account.grants)
    if (grant.everywhere()) rights = static_cast<RightSet>(rights | grant.rights);
  return rights;
}

Rows users(const ShowFacts& facts) {
  Rows rows = table({{"Host"}, {"User"}});
  for (const auto& privilege : kOfDatabases)
    rows.add_column(std::string(privilege.column) + "_priv");
  for (const auto name : kOfServer) rows.add_column(std::string(name) + "_priv");
  for (const std::string_view name : {"ssl_type", "ssl_cipher"}) rows.add_column(std::string(name));
  for (const std::string_view name :
       {"max_questions", "max_updates", "max_connections", "max_user_connections"})
    rows.add_column(std::string(name), SqlType::kBigint);
  for (const std::string_view name :
       {"plugin", "authentication_string", "password_expired", "account_locked"})
    rows.add_column(std::string(name));
  for (const auto& account : seen_accounts(facts)) {
    const RightSet rights = rights_everywhere(*account);
    Row row{account->host, account->name};
    for (const auto& privilege : kOfDatabases) row.push_back(yes_or_no(rights, privilege.right));
    for (size_t i = 0; i < kOfServer.size(); ++i) row.push_back(yes_or_no(rights, Right::kAdmin));
    // What is kept of a password is nobody's to read.
    for (const std::string_view value : {"", "", "0", "0", "0"}) row.emplace_back(value);
    row.push_back(std::to_string(account->limits.connections));
    for (const std::string_view value : {"caching_sha2_password", "", "N", "N"})
      row.emplace_back(value);
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

Rows databases(const ShowFacts& facts) {
  Rows rows = table({{"Host"}, {"Db"}, {"User"}});
  for (const auto& privilege : kOfDatabases)
    rows.add_column(std::string(privilege.column) + "_priv");
  for (const auto& account : seen_accounts(facts)) {
    for (const Grant& grant : account->grants) {
      if (grant.everywhere() || !grant.table.empty()) continue;
      Row row{account->host, grant.database, account->name};
      for (const auto& privilege : kOfDatabases)
        row.push_back(yes_or_no(grant.rights, privilege.right));
      rows.rows.push_back(std::move(row));
    }
  }
  return rows;
}

/// "Select,Insert", as a column of MySQL's SET type is shown.
Rows tables(const ShowFacts& facts) {
  Rows rows = table({{"Host"},
                     {"Db"},
                     {"User"},
                     {"Table_name"},
                     {"Grantor"},
                     {"Timestamp"},
                     {"Table_priv"},
                     {"Column_priv"}});
  for (const auto& account : seen_accounts(facts)) {
    for (const Grant& grant : account->grants) {
      if (grant.table.empty()) continue;
      std::string rights;
      for (const auto& privilege : kOfDatabases) {
        if (yes_or_no(grant.rights, privilege.right) == "N") continue;
        rights += (rights.empty() ? "" : ",") + std::string(privilege.column);
      }
      rows.rows.push_back({account->host, grant.database, account->name, grant.table, "", Cell(),
                           std::move(rights), ""});
    }
  }
  return rows;
}

/// information_schema.USER_PRIVILEGES and its two sisters, a row for each right.
enum class Level : uint8_t { kUser, kSchema, kTable };
Rows privileges(const ShowFacts& facts, Level level) {
  Rows rows = table({{"GRANTEE"}, {"TABLE_CATALOG"}});
  if (level != Level::kUser) rows.add_column("TABLE_SCHEMA");
  if (level == Level::kTable) rows.add_column("TABLE_NAME");
  rows.add_column("PRIVILEGE_TYPE");
  rows.add_column("IS_GRANTABLE");
  for (const auto& account : seen_accounts(facts)) {
    for (const Grant& grant : account->grants) {
      const Level of = grant.everywhere()    ? Level::kUser
                       : grant.table.empty() ? Level::kSchema
                                             : Level::kTable;
      if (of != level) continue;
      for (uint8_t i = 0; i < kRights; ++i) {
        const auto right = static_cast<Right>(i);
        if ((grant.rights & only(right)) == 0) continue;
        Row row{account->quoted(), "def"};
        if (level != Level::kUser) row.emplace_back(grant.database);
        if (level == Level::kTable) row.emplace_back(grant.table);
        row.emplace_back(name_of(right));
        row.emplace_back(account->is_admin() ? "YES" : "NO");
        rows.rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

struct Known {
  std::string_view schema;
  std::string_view table;
  Rows (*rows)(const ShowFacts&);
};
constexpr auto kKnown = std::to_array<Known>({
    {"information_schema", "processlist", process_list},
    {"information_schema", "session_variables", variables},
    {"information_schema", "global_variables", variables},
    {"information_schema", "session_status", status},
    {"information_schema", "global_status", status},
    {"information_schema", "user_privileges",
     [](const ShowFacts& facts) { return privileges(facts, Level::kUser); }},
    {"information_schema", "schema_privileges",
     [](const ShowFacts& facts) { return privileges(facts, Level::kSchema); }},
    {"information_schema", "table_privileges",
     [](const ShowFacts& facts) { return privileges(facts, Level::kTable); }},
    {"information_schema", "plugins",
     [](const ShowFacts&) {
       return empty_table("PLUGIN_NAME PLUGIN_VERSION PLUGIN_STATUS PLUGIN_TYPE PLUGIN_LIBRARY");
     }},
    {"performance_schema", "processlist", process_list},
    {"performance_schema", "threads", threads},
    {"performance_schema", "session_variables", variables},
    {"performance_schema", "global_variables", variables},
    {"performance_schema", "session_status", status},
    {"performance_schema", "global_status", status},
    {"performance_schema", "session_connect_attrs",
     [](const ShowFacts&) {
       return empty_table("PROCESSLIST_ID ATTR_NAME ATTR_VALUE ORDINAL_POSITION");
     }},
    {"performance_schema", "session_account_connect_attrs",
     [](const ShowFacts&) {
       return empty_table("PROCESSLIST_ID ATTR_NAME ATTR_VALUE ORDINAL_POSITION");
     }},
    {"mysql", "user", users},
    {"mysql", "db", databases},
    {"mysql", "tables_priv", tables},
    {"mysql", "columns_priv",
     [](const ShowFacts&) {
       return empty_table("Host Db User Table_name Column_name Timestamp Column_priv");
     }},
    {"mysql", "procs_priv",
     [](const ShowFacts&) {
       return empty_table("Host Db User Routine_name Routine_type Grantor Proc_priv Timestamp");
     }},
    {"mysql", "proxies_priv",
     [](const ShowFacts&) {
       return empty_table("Host User Proxied_host Proxied_user With_grant");
     }},
    {"mysql", "role_edges",
     [](const ShowFacts&) {
       return empty_table("FROM_HOST FROM_USER TO_HOST TO_USER WITH_ADMIN_OPTION");
     }},
    {"mysql", "default_roles",
     [](const ShowFacts&) { return empty_table("HOST USER DEFAULT_ROLE_HOST DEFAULT_ROLE_USER"); }},
    {"mysql", "global_grants",
     [](const ShowFacts&) { return empty_table("USER HOST PRIV WITH_GRANT_OPTION"); }},
    {"mysql", "func", [](const ShowFacts&) { return empty_table("name ret dl type"); }},
    {"mysql", "plugin", [](const ShowFacts&) { return empty_table("name dl"); }},
});

}  // namespace

std::optional<std::string> session_table(std::string_view schema, std::string_view name,
                                         const ShowFacts& facts) {
  for (const auto& known : kKnown) {
    if (same_name(known.schema, schema) && same_name(known.table, name))
      return select_of(known.rows(facts));
  }
  if (same_name(schema, "mysql") && same_name(name, "time_zone_name"))
    return "SELECT name AS \"Name\", row_number() OVER (ORDER BY name) AS \"Time_zone_id\" FROM "
           "pg_timezone_names()";
  return std::nullopt;
}

}  // namespace millrace::sql
