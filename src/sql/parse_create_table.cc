// CREATE TABLE with columns: MySQL's types, attributes, keys and options in the store's words. What
// says nothing about the data (ENGINE, KEY, COMMENT) is left out; what would change its meaning is
// an error. CREATE TABLE ... AS SELECT and the other CREATEs pass as they are.
#include <algorithm>
#include <array>

#include "data/schema.h"
#include "sql/column_type.h"
#include "sql/parse.h"
#include "sql/quote.h"
#include "sql/translate.h"

namespace millrace::sql {
namespace {

constexpr auto kOptions = std::to_array<std::string_view>({"AUTOEXTEND_SIZE",
                                                           "AUTOSTATS_ENABLED",
                                                           "AVG_ROW_LENGTH",
                                                           "CHARSET",
                                                           "CHECKSUM",
                                                           "COLLATE",
                                                           "COMMENT",
                                                           "COMPRESSION",
                                                           "DELAY_KEY_WRITE",
                                                           "ENCRYPTION",
                                                           "ENGINE",
                                                           "INSERT_METHOD",
                                                           "KEY_BLOCK_SIZE",
                                                           "MAX_ROWS",
                                                           "MIN_ROWS",
                                                           "PACK_KEYS",
                                                           "PAGE_CHECKSUM",
                                                           "ROW_FORMAT",
                                                           "STATS_AUTO_RECALC",
                                                           "STATS_PERSISTENT",
                                                           "STATS_SAMPLE_PAGES",
                                                           "TABLESPACE",
                                                           "TRANSACTIONAL"});

class TableParser {
 public:
  TableParser(TokenReader& reader, CreateTable& result) : reader_(reader), result_(result) {}

  Status parse() {
    TRY_OK(reader_.expect("("));
    do {
      TRY_OK(element());
    } while (reader_.accept(","));
    TRY_OK(reader_.expect(")"));
    TRY_OK(options());
    for (const auto& sequence : sequences_) {
      result_.sequences.push_back("CREATE OR REPLACE " + temporary() + "SEQUENCE " + sequence +
                                  " START WITH " + std::to_string(auto_increment_));
    }
    result_.sql = std::string("CREATE ") + (result_.or_replace ? "OR REPLACE " : "") + temporary() +
                  "TABLE " + (result_.if_not_exists ? "IF NOT EXISTS " : "") +
                  qualified(result_.name.name) + " (";
    for (size_t i = 0; i < elements_.size(); ++i) result_.sql += (i > 0 ? ", " : "") + elements_[i];
    result_.sql += ")";
    return {};
  }

 private:
  std::string temporary() const { return result_.temporary ? "TEMPORARY " : ""; }
  std::string qualified(const std::string& name) const {
    return (result_.temporary ? "" : quoted_name(result_.name.database) + ".") + quoted_name(name);
  }
  std::string sequence(const std::string& column) const {
    return qualified(result_.name.name + "_" + column + "_seq");
  }
  /// The tokens from `begin` to the reader's place as the store's SQL.
  Result<std::string> translated(size_t begin) {
    const auto tokens = reader_.tokens().subspan(begin, reader_.index() - begin);
    TRY(Translation translation, translate(reader_.text(), tokens, {.lex = reader_.options()}));
    return std::move(translation.sql);
  }
  Result<std::string> parenthesized() {
    const size_t begin = reader_.index();
    if (!reader_.at("(")) return reader_.error("\"(\"");
    TRY_OK(skip_parentheses(reader_));
    return translated(begin);
  }

  Status element();
  Result<bool> constraint();
  Result<std::string> key_columns();
  Status foreign_key(std::string prefix);
  Result<std::string> references();
  Status column();
  Result<bool> attribute(const std::string& column, std::string& sql);
  Result<bool> plain_attribute(std::string& sql);
  Result<std::string> default_value();
  Status options();
  Status option_auto_increment();

  TokenReader& reader_;
  CreateTable& result_;
  std::vector<std::string> elements_, sequences_;
  int64_t auto_increment_ = 1;
};

Status TableParser::element() {
  TRY(const bool is_constraint, constraint());
  return is_constraint ? Status{} : column();
}

/// (a, b(10) ASC): lengths and directions say nothing to the store.
Result<std::string> TableParser::key_columns() {
  TRY_OK(reader_.expect("("));
  std::string result = "(";
  do {
    if (reader_.at("(")) return reader_.unsupported("a key over an expression");
    TRY(const std::string name, reader_.name("a column"));
    if (result.size() > 1) result += ", ";
    result += quoted_name(name);
    if (reader_.at("(")) TRY_OK(skip_parentheses(reader_));
    if (!reader_.accept("ASC")) (void)reader_.accept("DESC");
  } while (reader_.accept(","));
  TRY_OK(reader_.expect(")"));
  if (reader_.accept({"USING", "BTREE"}) || reader_.accept({"USING", "HASH"})) return result + ")";
  return result + ")";
}

/// REFERENCES t (c) [ON DELETE RESTRICT]...
Result<std::string> TableParser::references() {
  TRY_OK(reader_.expect("REFERENCES"));
  TRY(const engine::ObjectName other, reader_.object_name("a table's name", result_.name.database));
  std::string result = "REFERENCES " + quoted_name(other.database) + "." + quoted_name(other.name);
  if (reader_.at("(")) {
    TRY(const std::string columns, key_columns());
    result += " " + columns;
  }
  while (reader_.at("ON")) {
    const bool harmless = reader_.at("RESTRICT", 2) || reader_.at("NO", 2);
    if (!harmless) {
      return reader_.unsupported("ON " + std::string(reader_.raw_at(1)) + " " +
                                 std::string(reader_.raw_at(2)));
    }
    reader_.seek(reader_.index() + (reader_.at("NO", 2) ? 4 : 3));
  }
  return result;
}

Status TableParser::foreign_key(std::string prefix) {
  if (is_name(reader_.peek()) && !reader_.at("(")) reader_.skip();
  TRY(const std::string columns, key_columns());
  TRY(const std::string target, references());
  elements_.push_back(std::move(prefix) + "FOREIGN KEY " + columns + " " + target);
  return {};
}

/// True when the element is a key or a constraint and not a column.
Result<bool> TableParser::constraint() {
  const auto skip_key_name = [&] {
    if (is_name(reader_.peek()) && !reader_.at("USING")) reader_.skip();
    if (reader_.accept("USING")) reader_.skip();
  };
  const auto begins = [&](std::string_view word) {
    // A column may be called key: what follows tells.
    return reader_.at(word) &&
           (reader_.at("(", 1) || (is_name(reader_.peek(1)) && reader_.at("(", 2)) ||
            (is_name(reader_.peek(1)) && reader_.at("USING", 2)));
  };
  for (const std::string_view kind : {"FULLTEXT", "SPATIAL", "VECTOR"}) {
    if (reader_.at(kind) && (reader_.at("KEY", 1) || reader_.at("INDEX", 1))) {
      return reader_.unsupported(std::string(kind) + " KEY");
    }
  }
  const bool single_store = (reader_.at("SHARD") || reader_.at("SORT")) && reader_.at("KEY", 1);
  if (single_store) reader_.skip();
  if (single_store || begins("KEY") || begins("INDEX")) {
    reader_.skip();
    if (!reader_.at("(")) skip_key_name();
    TRY([[maybe_unused]] const std::string columns, key_columns());
    result_.warnings.push_back("a KEY that is not unique has no effect in millrace");
    return true;
  }
  std::string prefix;
  if (reader_.accept("CONSTRAINT") && !reader_.at("PRIMARY") && !reader_.at("UNIQUE") &&
      !reader_.at("FOREIGN") && !reader_.at("CHECK")) {
    TRY(const std::string name, reader_.name("the constraint's name"));
    prefix = "CONSTRAINT " + quoted_name(name) + " ";
  }
  if (reader_.at({"PRIMARY", "KEY"}) || (reader_.at("UNIQUE") && !is_name(reader_.peek(1))) ||
      reader_.at({"UNIQUE", "KEY"}) || reader_.at({"UNIQUE", "INDEX"}) || begins("UNIQUE")) {
    const bool primary = reader_.accept({"PRIMARY", "KEY"});
    if (!primary && reader_.accept("UNIQUE") && !reader_.accept("KEY")) {
      (void)reader_.accept("INDEX");
    }
    if (!reader_.at("(")) skip_key_name();
    TRY(const std::string columns, key_columns());
    elements_.push_back(prefix + (primary ? "PRIMARY KEY " : "UNIQUE ") + columns);
    return true;
  }
  if (reader_.accept({"FOREIGN", "KEY"})) {
    TRY_OK(foreign_key(std::move(prefix)));
    return true;
  }
  if (reader_.at({"CHECK", "("})) {
    reader_.skip();
    TRY(const std::string condition, parenthesized());
    elements_.push_back(prefix + "CHECK " + condition);
    return true;
  }
  if (!prefix.empty()) return reader_.error("a constraint", {"PRIMARY", "UNIQUE", "FOREIGN"});
  return false;
}

Status TableParser::column() {
  TRY(const std::string name, reader_.name("a column's name"));
  std::string sql = quoted_name(name) + " ";
  TRY(const ColumnType type, parse_column_type(reader_));
  sql += type.sql;
  if (type.serial) {
    sequences_.push_back(sequence(name));
    sql += " NOT NULL UNIQUE DEFAULT nextval(" + quoted_text(sequences_.back()) + ")";
  }
  while (!reader_.at(",") && !reader_.at(")")) {
    TRY(const bool taken, attribute(name, sql));
    if (!taken) {
      return reader_.error("a column's attribute, \",\" or \")\"",
                           {"NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "AUTO_INCREMENT",
                            "COMMENT", "CHECK", "REFERENCES", "COLLATE", "UNSIGNED"});
    }
  }
  elements_.push_back(std::move(sql));
  return {};
}

/// A literal, a call or an expression in parentheses.
Result<std::string> TableParser::default_value() {
  const size_t begin = reader_.index();
  if (reader_.at("(")) {
    TRY_OK(skip_parentheses(reader_));
    return translated(begin);
  }
  if (reader_.at("-") || reader_.at("+")) reader_.skip();
  const bool introducer =
      reader_.raw_at().starts_with('_') && reader_.peek(1).kind == TokenKind::kString;
  if (introducer) reader_.skip();
  if (reader_.done() || reader_.at(",") || reader_.at(")")) return reader_.error("a value");
  reader_.skip();
  if (reader_.at("(")) TRY_OK(skip_parentheses(reader_));
  return translated(begin);
}

/// Attributes that only say what the store says in the same words, or nothing.
Result<bool> TableParser::plain_attribute(std::string& sql) {
  if (reader_.accept({"NOT", "NULL"})) {
    sql += " NOT NULL";
  } else if (reader_.accept({"PRIMARY", "KEY"}) || reader_.accept("PRIMARY")) {
    sql += " PRIMARY KEY";
  } else if (reader_.accept({"UNIQUE", "KEY"}) || reader_.accept("UNIQUE")) {
    sql += " UNIQUE";
  } else if (reader_.accept("KEY")) {
    sql += " PRIMARY KEY";
  } else if (reader_.accept("COMMENT")) {
    TRY([[maybe_unused]] const std::string comment, reader_.string("a comment in quotes"));
  } else if (reader_.accept("COLLATE") || reader_.accept({"CHARACTER", "SET"}) ||
             reader_.accept("CHARSET")) {
    reader_.skip();
  } else if (!reader_.accept("NULL") && !reader_.accept("VISIBLE")) {
    return false;
  }
  return true;
}

Result<bool> TableParser::attribute(const std::string& column, std::string& sql) {
  TRY(const bool plain, plain_attribute(sql));
  if (plain) return true;
  if (reader_.accept("DEFAULT")) {
    TRY(const std::string value, default_value());
    sql += " DEFAULT " + value;
    return true;
  }
  if (reader_.accept("AUTO_INCREMENT")) {
    sequences_.push_back(sequence(column));
    sql += " DEFAULT nextval(" + quoted_text(sequences_.back()) + ")";
    return true;
  }
  if (reader_.at({"ON", "UPDATE"})) return reader_.unsupported("ON UPDATE");
  if (reader_.accept({"GENERATED", "ALWAYS", "AS"}) || reader_.accept("AS")) {
    TRY(const std::string expression, parenthesized());
    if (reader_.at("STORED")) return reader_.unsupported("a STORED generated column");
    (void)reader_.accept("VIRTUAL");
    sql += " GENERATED ALWAYS AS " + expression + " VIRTUAL";
    return true;
  }
  if (reader_.at("REFERENCES")) {
    TRY(const std::string target, references());
    sql += " " + target;
    return true;
  }
  if (reader_.accept("CHECK")) {
    TRY(const std::string condition, parenthesized());
    sql += " CHECK " + condition;
    return true;
  }
  return false;
}

Status TableParser::option_auto_increment() {
  (void)reader_.accept("=");
  TRY(auto_increment_, reader_.integer("AUTO_INCREMENT", 1, INT64_MAX));
  return {};
}

/// ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ...: where and how, never what.
Status TableParser::options() {
  while (!reader_.done()) {
    if (reader_.at("PARTITION")) return reader_.unsupported("PARTITION BY");
    if (reader_.at("AS") || reader_.at("SELECT") || reader_.at("WITH")) {
      return reader_.unsupported("CREATE TABLE with columns and a query");
    }
    if (reader_.accept(",")) continue;
    if (reader_.accept("AUTO_INCREMENT")) {
      TRY_OK(option_auto_increment());
      continue;
    }
    (void)reader_.accept("DEFAULT");
    const bool known = reader_.accept({"CHARACTER", "SET"}) ||
                       std::any_of(kOptions.begin(), kOptions.end(),
                                   [&](std::string_view option) { return reader_.accept(option); });
    if (!known) {
      return reader_.error("a table option or the end of the statement",
                           {kOptions.begin(), kOptions.end()});
    }
    (void)reader_.accept("=");
    if (reader_.at("(")) {
      TRY_OK(skip_parentheses(reader_));
    } else if (reader_.done() || reader_.peek().kind == TokenKind::kOperator) {
      return reader_.error("a value");
    } else {
      reader_.skip();
    }
  }
  return {};
}

/// The name behind CREATE TABLE or CREATE VIEW has a database.
Status check_database(TokenReader& reader, const std::string& database, bool temporary) {
  const bool qualified = reader.at(".", 1);
  if (!qualified && !temporary && database.empty()) return no_database();
  return {};
}

}  // namespace

Result<Statement> parse_create_table(TokenReader& reader, const std::string& database) {
  reader.skip();
  const bool or_replace = reader.accept({"OR", "REPLACE"});
  (void)reader.accept("GLOBAL");
  const bool temporary = reader.accept("TEMPORARY") || reader.accept("TEMP");
  // SingleStore's kinds of table; there is one here.
  for (const std::string_view kind : {"ROWSTORE", "COLUMNSTORE", "REFERENCE"}) {
    (void)reader.accept(kind);
  }
  const bool view = reader.at("VIEW");
  if (!view && !reader.at("TABLE")) return Native{};
  reader.skip();
  const bool if_not_exists = reader.accept({"IF", "NOT", "EXISTS"});
  if (!is_name(reader.peek())) return reader.error(view ? "the view's name" : "the table's name");
  TRY_OK(check_database(reader, database, temporary));
  if (view) return Native{};
  const size_t at = reader.index();
  TRY(engine::ObjectName name,
      reader.object_name("the table's name", temporary ? "temp" : database));
  if (reader.at("LIKE") || reader.at({"(", "LIKE"})) {
    return reader.unsupported("CREATE TABLE ... LIKE");
  }
  if (!reader.at("(")) {
    reader.seek(at);
    return Native{};
  }
  CreateTable result;
  result.name = std::move(name);
  result.temporary = temporary;
  result.or_replace = or_replace;
  result.if_not_exists = if_not_exists;
  TRY_OK(TableParser(reader, result).parse());
  return result;
}

}  // namespace millrace::sql
