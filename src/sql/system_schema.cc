#include "sql/system_schema.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/quote.h"
#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

constexpr auto kSystem = std::to_array<std::string_view>(
    {"millrace", "millrace_internal", "millrace_information_schema", "information_schema",
     "performance_schema", "mysql", "pg_catalog", "main", "system", "temp"});

constexpr auto kTaughtFunctions = std::to_array<std::string_view>({"locate",
                                                                   "find_in_set",
                                                                   "space",
                                                                   "strcmp",
                                                                   "json_unquote",
                                                                   "from_unixtime",
                                                                   "upper",
                                                                   "lower",
                                                                   "str_to_date",
                                                                   "unix_timestamp",
                                                                   "substring_index",
                                                                   "isnull",
                                                                   "datediff",
                                                                   "timestampdiff",
                                                                   "date_sub",
                                                                   "insert",
                                                                   "sha2",
                                                                   "oct",
                                                                   "octet_length",
                                                                   "truncate",
                                                                   "log",
                                                                   "json_length",
                                                                   "conv",
                                                                   "charset",
                                                                   "collation",
                                                                   "dayofweek",
                                                                   "weekday",
                                                                   "week",
                                                                   "yearweek",
                                                                   "to_days",
                                                                   "from_days",
                                                                   "makedate",
                                                                   "maketime",
                                                                   "sec_to_time",
                                                                   "time_to_sec",
                                                                   "time",
                                                                   "timestamp",
                                                                   "date_add",
                                                                   "adddate",
                                                                   "subdate",
                                                                   "timestampadd",
                                                                   "last_day",
                                                                   "concat",
                                                                   "greatest",
                                                                   "least",
                                                                   "field",
                                                                   "elt"});

/// What the store has, under another name.
constexpr auto kOtherNames = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"std", "stddev_pop"},
     {"stddev", "stddev_pop"},
     {"variance", "var_pop"},
     {"json_arrayagg", "json_group_array"},
     {"json_objectagg", "json_group_object"},
     {"mid", "substr"},
     {"sha", "sha1"}});

constexpr auto kForbiddenFunctions =
    std::to_array<std::string_view>({"query", "query_table", "json_execute_serialized_sql"});

constexpr auto kInsertWords =
    std::to_array<std::string_view>({"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"});

constexpr auto kSchemaSettings = std::to_array<std::string_view>({"schema", "search_path"});

constexpr auto kObjects = std::to_array<std::string_view>(
    {"TABLE", "VIEW", "SEQUENCE", "TYPE", "MACRO", "FUNCTION", "INDEX"});

/// Walks over a statement and looks at every name that it would write.
class WriteCheck {
 public:
  WriteCheck(std::string_view text, std::span<const Token> tokens, LexOptions options,
             std::string_view database)
      : reader_(text, tokens, options), database_(database) {}

  Status run() {
    skip_prefix();
    if (reader_.at("COMMENT")) return comment();
    if (reader_.accept("COPY")) return copy();
    for (const std::string_view verb : {"EXPORT", "IMPORT"}) {
      if (reader_.at({verb, "DATABASE"})) {
        return reader_.unsupported(std::string(verb) + " DATABASE");
      }
    }
    if (reader_.at("PRAGMA") || reader_.at("RESET")) return setting();
    if (reader_.accept("TRUNCATE")) {
      (void)reader_.accept("TABLE");
      return targets();
    }
    if (reader_.accept("INSERT") || reader_.accept("REPLACE")) {
      while (is_one_of(reader_.raw_at(), kInsertWords)) reader_.skip();
      if (!reader_.at("INTO") && !reader_.at("OR")) TRY_OK(target());
    }
    structure_ = reader_.at("CREATE") || reader_.at("DROP") || reader_.at("ALTER");
    return walk();
  }

 private:
  /// EXPLAIN ANALYZE and PREPARE name AS run or keep what stands behind them.
  void skip_prefix() {
    if (reader_.accept("EXPLAIN")) {
      (void)reader_.accept("ANALYZE");
      if (reader_.at("(")) skip_to(")");
      (void)reader_.accept(")");
    } else if (reader_.at("PREPARE")) {
      skip_to("AS");
      (void)reader_.accept("AS");
    }
  }
  void skip_to(std::string_view word) {
    while (!reader_.done() && !reader_.at(word)) reader_.skip();
  }

  Status walk() {
    const bool drops = reader_.at("DROP");
    for (; !reader_.done(); reader_.skip()) {
      if (reader_.accept("INTO") || reader_.accept({"DELETE", "FROM"}) ||
          reader_.accept("UPDATE")) {
        // ON CONFLICT DO UPDATE SET, FOR UPDATE: no name follows.
        if (!reader_.at("SET")) TRY_OK(target());
      } else if (structure_ && accept_object()) {
        // Behind AS stands a query, which only reads.
        return drops ? targets() : target();
      }
    }
    return {};
  }

  bool accept_object() {
    const bool found = std::any_of(kObjects.begin(), kObjects.end(),
                                   [&](std::string_view word) { return reader_.accept(word); });
    if (!found) return false;
    (void)reader_.accept("TABLE");  // DROP MACRO TABLE
    if (!reader_.accept({"IF", "NOT", "EXISTS"})) (void)reader_.accept({"IF", "EXISTS"});
    // CREATE INDEX i ON t: the table is what counts.
    if (reader_.accept("ON")) return true;
    if (is_name(reader_.peek()) && reader_.at("ON", 1)) reader_.seek(reader_.index() + 2);
    return true;
  }

  /// COMMENT ON TABLE t, COMMENT ON COLUMN t.c...
  Status comment() {
    for (; !reader_.done(); reader_.skip()) {
      if (is_name(reader_.peek()) && reader_.at(".", 1) && is_system_schema(reader_.value())) {
        return target();
      }
    }
    return {};
  }

  /// COPY t FROM writes, COPY t TO and COPY (query) TO do not.
  Status copy() {
    if (reader_.at("FROM")) return reader_.unsupported("COPY FROM DATABASE");
    if (reader_.at("(")) return walk();
    const size_t at = reader_.index();
    while (!reader_.done() && !reader_.at("FROM") && !reader_.at("TO")) reader_.skip();
    const bool writes = reader_.at("FROM");
    reader_.seek(at);
    return writes ? target() : Status{};
  }

  /// What names without a schema mean is for USE to say.
  Status setting() {
    for (size_t i = 1; i <= 3; ++i) {
      const Token& token = reader_.peek(i);
      const bool refused =
          is_name(token) && is_schema_setting(value_of(reader_.text(), token, reader_.options()));
      if (!refused) continue;
      return reader_.error_at(token.begin, Code::kPermission,
                              "\"" + std::string(raw(reader_.text(), token)) + "\" cannot be set",
                              "USE selects a database.");
    }
    return {};
  }

  Status targets() {
    do {
      TRY_OK(target());
    } while (reader_.accept(","));
    return {};
  }

  bool at_name() const {
    return is_name(reader_.peek()) || reader_.peek().kind == TokenKind::kString;
  }

  /// The name at the reader: a, a.b or a.b.c, of which the schema is the last but one. The store
  /// takes a string for a name, too.
  Status target() {
    if (reader_.accept("ONLY")) (void)reader_.accept("(");
    if (!at_name()) return {};
    const int64_t position = reader_.position();
    std::vector<std::string> parts;
    do {
      parts.push_back(reader_.value());
      reader_.skip();
    } while (reader_.accept(".") && at_name());
    const std::string_view schema =
        parts.size() > 1 ? std::string_view(parts[parts.size() - 2]) : database_;
    if (!is_system_schema(schema) || same_name(schema, "temp")) return {};
    return reader_.error_at(position, Code::kPermission,
                            "cannot write to \"" + parts.back() + "\": schema \"" +
                                std::string(schema) + "\" is read only",
                            "USE a database of your own; CREATE DATABASE makes one.");
  }

  TokenReader reader_;
  std::string_view database_;
  bool structure_ = false;  // CREATE, DROP, ALTER
};

}  // namespace

bool is_internal_schema(std::string_view name) {
  return same_name(name, "millrace_internal");
}

bool is_information_schema(std::string_view name) {
  return same_name(name, "information_schema");
}

bool is_system_schema(std::string_view name) {
  return is_one_of(name, kSystem);
}

bool is_schema_setting(std::string_view name) {
  return is_one_of(name, kSchemaSettings);
}

bool is_forbidden_function(std::string_view name) {
  return is_one_of(name, kForbiddenFunctions);
}

std::string taught_function(std::string_view name) {
  for (const auto& [mysql, store] : kOtherNames) {
    if (same_name(mysql, name)) return std::string(store);
  }
  return is_one_of(name, kTaughtFunctions) ? "millrace_internal." + to_lower(name) : std::string();
}

std::string information_schema_table(std::string_view table) {
  return "millrace_information_schema." + quoted_name(table);
}

std::string shown_view(std::string_view schema, std::string_view table) {
  return "millrace_internal." + quoted_name("shown_" + to_lower(schema) + "_" + to_lower(table));
}

Status check_writes(std::string_view text, std::span<const Token> tokens, LexOptions options,
                    std::string_view database) {
  return WriteCheck(text, tokens, options, database).run();
}

}  // namespace millrace::sql
