#include "sql/other_forms.h"

#include <algorithm>
#include <array>

#include "sql/alter_forms.h"
#include "sql/joined_forms.h"
#include "sql/quote.h"
#include "sql/token_reader.h"

namespace millrace::sql {
namespace {

class Forms {
 public:
  Forms(std::string_view text, std::span<const Token> tokens, LexOptions options)
      : text_(text), reader_(text, tokens, options) {}

  std::vector<std::string> run() {
    if (reader_.at("INSERT") || reader_.at("REPLACE")) return insert();
    if (reader_.accept("DROP")) return reader_.at("INDEX") ? drop_index() : drop();
    if (reader_.accept({"RENAME", "TABLE"})) return rename();
    if (reader_.accept("CREATE")) return create();
    if (reader_.at({"ALTER", "TABLE"})) return alter();
    if (reader_.at("UPDATE") || reader_.at("DELETE")) {
      auto joined = joined_forms(reader_);
      return joined.empty() ? limited() : joined;
    }
    for (const std::string_view word : {"ANALYZE", "OPTIMIZE", "CHECK", "REPAIR"}) {
      if (reader_.at(word)) return upkeep();
    }
    return {};
  }

 private:
  std::vector<std::string> insert();
  std::vector<std::string> drop();
  std::vector<std::string> drop_index();
  std::vector<std::string> rename();
  std::vector<std::string> create();
  std::vector<std::string> alter();
  std::vector<std::string> limited();
  std::vector<std::string> upkeep();
  bool name();
  /// The text from token `begin` to before token `end`.
  std::string between(size_t begin, size_t end) const {
    if (begin >= end) return {};
    const auto& tokens = reader_.tokens();
    return std::string(
        text_.substr(tokens[begin].begin, tokens[end - 1].end - tokens[begin].begin));
  }
  std::string rest() const { return between(reader_.index(), reader_.tokens().size() - 1); }

  std::string_view text_;
  TokenReader reader_;
};

/// Takes `name` or `database.name`.
bool Forms::name() {
  if (!is_name(reader_.peek())) return false;
  reader_.skip();
  if (!reader_.accept(".")) return true;
  if (!is_name(reader_.peek())) return false;
  reader_.skip();
  return true;
}

/// INSERT INTO t SET a = 1, b = 2 [ON DUPLICATE KEY UPDATE ...]
std::vector<std::string> Forms::insert() {
  for (reader_.skip(); reader_.at("LOW_PRIORITY") || reader_.at("DELAYED") ||
                       reader_.at("HIGH_PRIORITY") || reader_.at("IGNORE") || reader_.at("INTO");)
    reader_.skip();
  if (!name() || !reader_.at("SET")) return {};
  const std::string target = between(0, reader_.index());
  std::string columns;
  std::string values;
  do {
    reader_.skip();
    const size_t column = reader_.index();
    if (!is_name(reader_.peek()) || !reader_.at("=", 1)) return {};
    reader_.seek(column + 2);
    for (int depth = 0; !reader_.done(); reader_.skip()) {
      if (depth == 0 && (reader_.at(",") || reader_.at({"ON", "DUPLICATE"}))) break;
      if (reader_.at("(")) ++depth;
      if (reader_.at(")")) --depth;
    }
    if (reader_.index() == column + 2) return {};
    const std::string comma = columns.empty() ? "" : ", ";
    columns += comma + between(column, column + 1);
    values += comma + between(column + 2, reader_.index());
  } while (reader_.at(","));
  const std::string behind = reader_.done() ? std::string() : " " + rest();
  return {target + " (" + columns + ") VALUES (" + values + ")" + behind};
}

/// DROP [TEMPORARY] {TABLE | VIEW} [IF EXISTS] a, b [RESTRICT | CASCADE]
std::vector<std::string> Forms::drop() {
  std::string verb = "DROP ";
  if (reader_.accept("TEMPORARY")) verb += "TEMPORARY ";
  if (reader_.accept("TABLE") || reader_.accept("TABLES"))
    verb += "TABLE ";
  else if (reader_.accept("VIEW"))
    verb += "VIEW ";
  else
    return {};
  if (reader_.accept({"IF", "EXISTS"})) verb += "IF EXISTS ";
  std::vector<std::string> statements;
  do {
    const size_t begin = reader_.index();
    if (!name()) return {};
    statements.push_back(verb + between(begin, reader_.index()));
  } while (reader_.accept(","));
  if (!reader_.accept("RESTRICT")) (void)reader_.accept("CASCADE");
  if (!reader_.done() || statements.size() == 1) return {};
  return statements;
}

/// DROP INDEX i ON [database.]t: the store finds it in the database.
std::vector<std::string> Forms::drop_index() {
  const size_t verb = reader_.index();
  reader_.skip();
  (void)reader_.accept({"IF", "EXISTS"});
  const size_t begin = reader_.index();
  if (!name() || !reader_.accept("ON")) return {};
  const size_t table = reader_.index();
  if (!name() || !reader_.done()) return {};
  const std::string database =
      reader_.index() - table == 3 ? between(table, table + 1) + "." : std::string();
  return {"DROP " + between(verb, begin) + " " + database + between(begin, table - 1)};
}

/// RENAME TABLE a TO b, c TO d
std::vector<std::string> Forms::rename() {
  std::vector<std::string> statements;
  do {
    const size_t from = reader_.index();
    if (!name() || !reader_.accept("TO")) return {};
    const size_t to = reader_.index();
    if (!name()) return {};
    // The store renames within a database.
    const bool qualified = reader_.index() - to == 3;
    if (qualified && between(from, from + 2) != between(to, to + 2)) return {};
    statements.push_back("ALTER TABLE " + between(from, to - 1) + " RENAME TO " +
                         between(reader_.index() - 1, reader_.index()));
  } while (reader_.accept(","));
  return reader_.done() ? statements : std::vector<std::string>();
}

/// CREATE [OR REPLACE] [ALGORITHM = x] [DEFINER = u] [SQL SECURITY x] VIEW ..., and CREATE TABLE t
/// SELECT ..., which the store wants with AS.
std::vector<std::string> Forms::create() {
  const size_t options = reader_.accept({"OR", "REPLACE"}) ? reader_.index() : 1;
  const bool has = reader_.at("ALGORITHM") || reader_.at("DEFINER") || reader_.at("SQL");
  for (size_t i = reader_.index(); has && i + 1 < reader_.tokens().size(); ++i) {
    reader_.seek(i);
    if (reader_.at("(") || reader_.at("SELECT")) return {};
    if (reader_.at("VIEW")) return {between(0, options) + " " + rest()};
  }
  (void)reader_.accept("TEMPORARY");
  if (!reader_.accept("TABLE")) return {};
  (void)reader_.accept({"IF", "NOT", "EXISTS"});
  if (!name() || !(reader_.at("SELECT") || reader_.at("WITH"))) return {};
  return {between(0, reader_.index()) + " AS " + rest()};
}

/// ALTER TABLE t ... of one action that is as the store has it stays.
std::vector<std::string> Forms::alter() {
  reader_.seek(2);
  auto statements = alter_forms(reader_);
  const bool same = statements.size() == 1 && statements.front() == between(0, reader_.index());
  if (same) statements.clear();
  return statements;
}

/// UPDATE t SET ... and DELETE FROM t with [WHERE c] [ORDER BY o] LIMIT n: the rows are chosen by a
/// query. An ORDER BY without a LIMIT says nothing.
std::vector<std::string> Forms::limited() {
  const bool updates = reader_.accept("UPDATE");
  if (!updates && !reader_.accept({"DELETE", "FROM"})) return {};
  const size_t table = reader_.index();
  if (!name()) return {};
  const size_t behind = reader_.index();
  if (updates && !reader_.at("SET")) return {};
  size_t chosen = 0;  // where WHERE, ORDER or LIMIT stands, whichever is first
  bool limit = false;
  bool order = false;
  for (int depth = 0; !reader_.done(); reader_.skip()) {
    if (reader_.at("(")) ++depth;
    if (reader_.at(")")) --depth;
    if (depth != 0) continue;
    if (reader_.at("JOIN") || reader_.at("USING")) return {};
    const bool clause = reader_.at("WHERE") || reader_.at({"ORDER", "BY"}) || reader_.at("LIMIT");
    if (clause && chosen == 0) chosen = reader_.index();
    limit = limit || reader_.at("LIMIT");
    order = order || reader_.at({"ORDER", "BY"});
  }
  if (!limit && !order) return {};
  const std::string of = between(table, behind);
  return {between(0, chosen) + " WHERE rowid IN (SELECT rowid FROM " + of + " " +
          between(chosen, reader_.index()) + ")"};
}

/// ANALYZE TABLE t and its kind: there is nothing to be done, and clients read that it went well.
std::vector<std::string> Forms::upkeep() {
  const std::string verb(reader_.raw_at());
  reader_.skip();
  if (!reader_.accept("NO_WRITE_TO_BINLOG")) (void)reader_.accept("LOCAL");
  if (!reader_.accept("TABLE") && !reader_.accept("TABLES")) return {};
  std::string query;
  std::string lower = verb;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  do {
    const size_t begin = reader_.index();
    if (!name()) return {};
    const std::string table = between(begin, reader_.index());
    if (!query.empty()) query += " UNION ALL ";
    query += "SELECT " + mysql_text(table) + " AS `Table`, '" + lower +
             "' AS Op, 'status' AS Msg_type, 'OK' AS Msg_text FROM (SELECT count(*) FROM (SELECT 1 "
             "FROM " +
             table + " LIMIT 0) AS none) AS one";
  } while (reader_.accept(","));
  return {query};
}

}  // namespace

std::vector<std::string> other_forms(std::string_view text, std::span<const Token> tokens,
                                     LexOptions options) {
  return Forms(text, tokens, options).run();
}

}  // namespace millrace::sql
