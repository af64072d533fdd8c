// SHOW and DESCRIBE: what they are of, and their LIKE and WHERE.
#include <array>

#include "data/schema.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

struct Shown {
  std::string_view first, second;  // second empty: one word
  ShowKind kind;
};

constexpr auto kShown = std::to_array<Shown>({
    {"MODELS", "", ShowKind::kModels},
    {"PIPELINES", "", ShowKind::kPipelines},
    {"DATABASES", "", ShowKind::kDatabases},
    {"SCHEMAS", "", ShowKind::kDatabases},
    {"TABLES", "", ShowKind::kTables},
    {"TABLE", "STATUS", ShowKind::kTableStatus},
    {"COLUMNS", "", ShowKind::kColumns},
    {"FIELDS", "", ShowKind::kColumns},
    {"INDEX", "", ShowKind::kIndexes},
    {"INDEXES", "", ShowKind::kIndexes},
    {"KEYS", "", ShowKind::kIndexes},
    {"CREATE", "TABLE", ShowKind::kCreateTable},
    {"CREATE", "VIEW", ShowKind::kCreateTable},
    {"CREATE", "DATABASE", ShowKind::kCreateDatabase},
    {"CREATE", "SCHEMA", ShowKind::kCreateDatabase},
    {"VARIABLES", "", ShowKind::kVariables},
    {"STATUS", "", ShowKind::kStatus},
    {"WARNINGS", "", ShowKind::kWarnings},
    {"ERRORS", "", ShowKind::kErrors},
    {"ENGINES", "", ShowKind::kEngines},
    {"STORAGE", "ENGINES", ShowKind::kEngines},
    {"PROCESSLIST", "", ShowKind::kProcesses},
    {"CHARSET", "", ShowKind::kCharsets},
    {"CHARACTER", "SET", ShowKind::kCharsets},
    {"COLLATION", "", ShowKind::kCollations},
    {"GRANTS", "", ShowKind::kGrants},
    {"USERS", "", ShowKind::kUsers},
    {"TOKENS", "", ShowKind::kTokens},
    {"TRIGGERS", "", ShowKind::kEmpty},
    {"EVENTS", "", ShowKind::kEmpty},
    {"PLUGINS", "", ShowKind::kEmpty},
    {"PROCEDURE", "STATUS", ShowKind::kEmpty},
    {"FUNCTION", "STATUS", ShowKind::kEmpty},
    {"OPEN", "TABLES", ShowKind::kEmpty},
});

const Shown* accept_kind(TokenReader& reader) {
  for (const auto& kind : kShown) {
    if (!reader.at(kind.first)) continue;
    if (!kind.second.empty() && !reader.at(kind.second, 1)) continue;
    reader.seek(reader.index() + (kind.second.empty() ? 1 : 2));
    return &kind;
  }
  return nullptr;
}

Error nothing_to_show(TokenReader& reader) {
  if (reader.accept("CREATE")) {
    return reader.error("TABLE, VIEW, DATABASE, MODEL or PIPELINE",
                        {"TABLE", "VIEW", "DATABASE", "MODEL", "PIPELINE"});
  }
  std::vector<std::string_view> words;
  for (const auto& known : kShown) words.push_back(known.first);
  return reader.error("something to show", words);
}

bool names_table(ShowKind kind) {
  return kind == ShowKind::kColumns || kind == ShowKind::kIndexes;
}

/// [FROM table] [FROM database]; IN is the same as FROM.
Status parse_from(TokenReader& reader, Show& show) {
  if (names_table(show.kind)) {
    if (!reader.accept("FROM") && !reader.accept("IN")) return reader.error("FROM", {"FROM"});
    TRY(show.object, reader.name("the table's name"));
    if (reader.accept(".")) {
      show.database = std::move(show.object);
      TRY(show.object, reader.name("the table's name"));
    }
  }
  if (reader.accept("FROM") || reader.accept("IN")) {
    TRY(show.database, reader.name("the database's name"));
  }
  return {};
}

Status parse_filter(TokenReader& reader, Show& show) {
  if (reader.accept("LIKE")) {
    TRY(show.like, reader.string("a pattern in quotes"));
  } else if (reader.accept("WHERE")) {
    const auto tokens = reader.tokens().subspan(reader.index());
    if (tokens.size() <= 1) return reader.error("a condition");
    show.where.assign(tokens.begin(), tokens.end() - 1);
    reader.seek(reader.tokens().size() - 1);
  }
  // SHOW WARNINGS LIMIT n
  if (reader.accept("LIMIT")) {
    for (; !reader.done(); reader.skip()) {
      if (reader.peek().kind != TokenKind::kNumber && !reader.at(",")) break;
    }
  }
  return reader.expect_end();
}

bool needs_database(ShowKind kind) {
  return kind == ShowKind::kTables || kind == ShowKind::kTableStatus ||
         kind == ShowKind::kColumns || kind == ShowKind::kIndexes ||
         kind == ShowKind::kCreateTable || kind == ShowKind::kModels ||
         kind == ShowKind::kPipelines;
}

Result<Statement> parse_show_create(TokenReader& reader, const std::string& database) {
  TokenReader& r = reader;
  if (r.accept("MODEL")) {
    ShowCreateModel result;
    TRY(result.name, r.object_name("the model's name", database));
    TRY_OK(r.expect_end());
    return result;
  }
  ShowCreatePipeline result;
  TRY_OK(r.expect("PIPELINE"));
  TRY(result.name, r.object_name("the pipeline's name", database));
  (void)r.accept("EXTENDED");
  TRY_OK(r.expect_end());
  return result;
}

Status parse_created(TokenReader& reader, Show& show) {
  if (show.kind == ShowKind::kCreateDatabase) {
    (void)reader.accept({"IF", "NOT", "EXISTS"});
    TRY(show.database, reader.name("the database's name"));
    return {};
  }
  TRY(show.object, reader.name("the table's name"));
  if (reader.accept(".")) {
    show.database = std::move(show.object);
    TRY(show.object, reader.name("the table's name"));
  }
  return {};
}

/// DESCRIBE t [column]
Result<Statement> parse_describe_table(TokenReader& reader, const std::string& database) {
  Show show;
  show.kind = ShowKind::kColumns;
  TRY(const engine::ObjectName table, reader.object_name("a table's name", database));
  show.database = table.database;
  show.object = table.name;
  if (!reader.done()) {
    const bool text = reader.peek().kind == TokenKind::kString;
    TRY(show.like, text ? reader.string("a pattern") : reader.name("a column"));
  }
  TRY_OK(reader.expect_end());
  return show;
}

}  // namespace

Result<Statement> parse_show(TokenReader& reader, const std::string& database) {
  Show show;
  show.database = database;
  if (reader.at("CREATE") && (reader.at("MODEL", 1) || reader.at("PIPELINE", 1))) {
    reader.skip();
    return parse_show_create(reader, database);
  }
  const auto count = [&](std::string_view what) {
    return reader.accept({"COUNT", "(", "*", ")", what});
  };
  if (count("WARNINGS") || count("ERRORS")) {
    const auto last = raw(reader.text(), reader.tokens()[reader.index() - 1]);
    show.kind = same_name(last, "ERRORS") ? ShowKind::kErrorCount : ShowKind::kWarningCount;
    TRY_OK(reader.expect_end());
    return show;
  }
  (void)reader.accept("EXTENDED");
  show.full = reader.accept("FULL");
  if (!reader.accept("GLOBAL") && !reader.accept("SESSION")) (void)reader.accept("LOCAL");
  const Shown* kind = accept_kind(reader);
  if (kind == nullptr) return nothing_to_show(reader);
  show.kind = kind->kind;
  if (show.kind == ShowKind::kEmpty) {
    show.object = kind->first;
    return show;
  }
  if (show.kind == ShowKind::kGrants) {
    show.database.clear();
    TRY_OK(parse_show_grants(reader, show));
    return show;
  }
  if (show.kind == ShowKind::kCreateTable || show.kind == ShowKind::kCreateDatabase) {
    TRY_OK(parse_created(reader, show));
  } else {
    TRY_OK(parse_from(reader, show));
  }
  if (show.database.empty() && needs_database(show.kind)) return no_database();
  TRY_OK(parse_filter(reader, show));
  return show;
}

Result<Statement> parse_describe(TokenReader& reader, const std::string& database) {
  const bool explain = reader.at("EXPLAIN");
  const size_t begin = reader.index();
  reader.skip();
  if (!explain && reader.accept("MODEL")) {
    // DESCRIBE MODEL, of a table called model
    if (reader.done()) {
      reader.seek(begin + 1);
      return parse_describe_table(reader, database);
    }
    DescribeModel result;
    TRY(result.name, reader.object_name("the model's name", database));
    TRY_OK(reader.expect_end());
    return result;
  }
  const bool query = reader.at("(") || reader.at("SELECT") || reader.at("WITH") ||
                     reader.at("INSERT") || reader.at("UPDATE") || reader.at("DELETE") ||
                     reader.at("REPLACE") || reader.at("FROM") || reader.at("VALUES") ||
                     reader.at("ANALYZE") || reader.at("CREATE") || reader.at("FORMAT") ||
                     reader.at("TABLE");
  if (query || !is_name(reader.peek())) return Native{};
  return parse_describe_table(reader, database);
}

}  // namespace millrace::sql
