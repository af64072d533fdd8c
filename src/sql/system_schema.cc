#include "sql/system_schema.h"

#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/quote.h"
#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

constexpr auto kSystem =
    std::to_array<std::string_view>({"millrace", "millrace_internal", "millrace_information_schema",
                                     "information_schema", "pg_catalog", "main", "system", "temp"});

constexpr auto kObjects = std::to_array<std::string_view>(
    {"TABLE", "VIEW", "SEQUENCE", "TYPE", "MACRO", "FUNCTION", "INDEX"});

/// Walks over a statement and looks at every name that it would write.
class WriteCheck {
 public:
  WriteCheck(std::string_view text, std::span<const Token> tokens, LexOptions options,
             std::string_view database)
      : reader_(text, tokens, options), database_(database) {}

  Status run() {
    const bool structure = reader_.at("CREATE") || reader_.at("DROP") || reader_.at("ALTER");
    const bool drops = reader_.at("DROP");
    if (reader_.accept("TRUNCATE")) {
      (void)reader_.accept("TABLE");
      return target();
    }
    if (reader_.at("COMMENT")) return comment();
    if (reader_.accept("COPY") && is_name(reader_.peek())) TRY_OK(copy());
    for (; !reader_.done(); reader_.skip()) {
      if (reader_.accept("INTO") || reader_.accept({"DELETE", "FROM"}) ||
          reader_.accept("UPDATE")) {
        TRY_OK(target());
      } else if (structure && accept_object()) {
        TRY_OK(target());
        while (drops && reader_.accept(",")) TRY_OK(target());
        // Behind AS stands a query, which only reads.
        if (!drops) return {};
      }
    }
    return {};
  }

 private:
  bool accept_object() {
    const bool found = std::any_of(kObjects.begin(), kObjects.end(),
                                   [&](std::string_view word) { return reader_.accept(word); });
    if (!found) return false;
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
    const size_t at = reader_.index();
    while (!reader_.done() && !reader_.at("FROM") && !reader_.at("TO")) reader_.skip();
    const bool writes = reader_.at("FROM");
    reader_.seek(at);
    return writes ? target() : Status{};
  }

  /// The name at the reader: a, a.b or a.b.c, of which the schema is the last but one.
  Status target() {
    if (!is_name(reader_.peek())) return {};
    const int64_t position = reader_.position();
    std::vector<std::string> parts;
    do {
      parts.push_back(reader_.value());
      reader_.skip();
    } while (reader_.accept(".") && is_name(reader_.peek()));
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
};

}  // namespace

bool is_internal_schema(std::string_view name) {
  return same_name(name, "millrace_internal");
}

bool is_information_schema(std::string_view name) {
  return same_name(name, "information_schema");
}

bool is_system_schema(std::string_view name) {
  return std::any_of(kSystem.begin(), kSystem.end(),
                     [&](std::string_view system) { return same_name(system, name); });
}

std::string information_schema_table(std::string_view table) {
  if (!to_lower(table).starts_with("pipelines")) return {};
  return "millrace_information_schema." + quoted_name(table);
}

Status check_writes(std::string_view text, std::span<const Token> tokens, LexOptions options,
                    std::string_view database) {
  return WriteCheck(text, tokens, options, database).run();
}

}  // namespace millrace::sql
