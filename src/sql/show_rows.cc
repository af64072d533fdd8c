// The SHOWs that need no store: variables, warnings, connections, and what every MySQL server says
// of itself.
#include "data/schema.h"
#include "sql/show.h"

namespace millrace::sql {
namespace {

using store::SqlType;

Rows table(std::initializer_list<std::string_view> columns, std::vector<Row> rows) {
  Rows result;
  for (const auto column : columns) result.add_column(std::string(column));
  result.rows = std::move(rows);
  return result;
}

Rows pairs(const std::vector<std::pair<std::string, std::string>>& values) {
  Rows result = table({"Variable_name", "Value"}, {});
  for (const auto& [name, value] : values) result.rows.push_back({name, value});
  return result;
}

Rows warnings(const std::vector<Warning>& list, bool errors_only) {
  Rows result;
  result.add_column("Level");
  result.add_column("Code", SqlType::kUInteger);
  result.add_column("Message");
  for (const auto& warning : list) {
    if (errors_only && warning.level != "Error") continue;
    result.rows.push_back({warning.level, std::to_string(warning.code), warning.message});
  }
  return result;
}

Rows one_number(std::string_view name, std::string value) {
  Rows result;
  result.add_column(std::string(name), SqlType::kBigint);
  result.rows.push_back({std::move(value)});
  return result;
}

/// Who has no ADMIN sees what is its own.
Rows processes(const ShowFacts& facts, bool full) {
  constexpr size_t kInfoBytesMax = 100;
  Rows result;
  result.add_column("Id", SqlType::kUBigint);
  for (const std::string_view name : {"User", "Host", "db", "Command"}) {
    result.add_column(std::string(name));
  }
  result.add_column("Time", SqlType::kBigint);
  result.add_column("State");
  result.add_column("Info");
  for (const auto& process : facts.host.processes()) {
    if (!facts.account.is_admin() && process.user != facts.account.name) continue;
    const auto text = full ? process.text : process.text.substr(0, kInfoBytesMax);
    result.rows.push_back({std::to_string(process.id), process.user, process.host,
                           process.database.empty() ? Cell() : Cell(process.database),
                           process.command, std::to_string(process.seconds), process.state,
                           text.empty() ? Cell() : Cell(text)});
  }
  return result;
}

Rows status(SessionHost& host, const SessionInfo& info) {
  return pairs({{"Ssl_cipher", info.tls_cipher},
                {"Ssl_version", info.tls_version},
                {"Threads_connected", std::to_string(host.processes().size())},
                {"Uptime", std::to_string(host.uptime_seconds())}});
}

Rows charsets() {
  Rows result = table({"Charset", "Description", "Default collation"},
                      {{"utf8mb4", "UTF-8 Unicode", "utf8mb4_bin", "4"}});
  result.add_column("Maxlen", SqlType::kBigint);
  return result;
}

Rows collations() {
  Rows result = table({"Collation", "Charset"}, {});
  result.add_column("Id", SqlType::kBigint);
  result.add_column("Default");
  result.add_column("Compiled");
  result.add_column("Sortlen", SqlType::kBigint);
  result.add_column("Pad_attribute");
  result.rows.push_back({"utf8mb4_bin", "utf8mb4", "46", "Yes", "Yes", "1", "PAD SPACE"});
  return result;
}

Rows engines() {
  return table({"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"},
               {{"DuckDB", "DEFAULT", "Columns in one file", "YES", "NO", "NO"}});
}

Rows empty_list(const std::string& of) {
  if (of == "TRIGGERS") {
    return table({"Trigger", "Event", "Table", "Statement", "Timing", "Created", "sql_mode",
                  "Definer", "character_set_client", "collation_connection", "Database Collation"},
                 {});
  }
  if (of == "EVENTS") {
    return table({"Db", "Name", "Definer", "Time zone", "Type", "Execute at", "Interval value",
                  "Interval field", "Starts", "Ends", "Status", "Originator"},
                 {});
  }
  if (of == "PLUGINS") return table({"Name", "Status", "Type", "Library", "License"}, {});
  if (of == "OPEN") return table({"Database", "Table", "In_use", "Name_locked"}, {});
  return table({"Db", "Name", "Type", "Definer", "Modified", "Created", "Security_type", "Comment",
                "character_set_client", "collation_connection", "Database Collation"},
               {});
}

Rows filtered(Rows rows, const std::optional<std::string>& like) {
  if (like) std::erase_if(rows.rows, [&](const Row& row) { return !is_like(*row[0], *like); });
  return rows;
}

}  // namespace

std::optional<Rows> show_rows(const Show& show, const ShowFacts& facts) {
  const auto errors = [&] { return warnings(facts.warnings, true); };
  switch (show.kind) {
    case ShowKind::kVariables:
      return filtered(pairs(facts.variables.all()), show.like);
    case ShowKind::kStatus:
      return filtered(status(facts.host, facts.info), show.like);
    case ShowKind::kWarnings:
      return warnings(facts.warnings, false);
    case ShowKind::kErrors:
      return errors();
    case ShowKind::kWarningCount:
      return one_number("@@session.warning_count", std::to_string(facts.warnings.size()));
    case ShowKind::kErrorCount:
      return one_number("@@session.error_count", std::to_string(errors().rows.size()));
    case ShowKind::kEngines:
      return engines();
    case ShowKind::kProcesses:
      return processes(facts, show.full);
    case ShowKind::kCharsets:
      return filtered(charsets(), show.like);
    case ShowKind::kCollations:
      return filtered(collations(), show.like);
    case ShowKind::kEmpty:
      return empty_list(to_lower(show.object) == "open" ? "OPEN" : show.object);
    case ShowKind::kCreateDatabase: {
      const std::string& name = show.database;
      return table({"Database", "Create Database"}, {{name, "CREATE DATABASE `" + name + "`"}});
    }
    default:
      return std::nullopt;
  }
}

}  // namespace millrace::sql
