// The translation of a statement from MySQL's lexis to the store's: backticks, quotes and escapes,
// # comments, LIMIT a, b, variables, the functions that ask about the session, the words that only
// MySQL has. It works token by token, never on a syntax tree: what it does not know passes as it is
// and the store decides. The expressions of CREATE PIPELINE go the same way. Pure functions over
// borrowed tokens; the session's facts are given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/lexer.h"
#include "sql/variables.h"

namespace millrace::sql {

/// What the functions of MySQL tell about a session.
struct SessionFacts {
  std::string database;      // empty: none
  std::string user;          // "root"
  std::string current_user;  // the account, "root@%"
  std::string host;          // the client's, without the port
  std::string version;
  uint64_t connection_id = 0;
  int64_t rows_changed = 0;  // by the last statement; -1 after a SELECT
  uint64_t last_insert_id = 0;
  std::string found_rows = "0";  // the rows of the last SELECT, as an expression of the store's
};

/// The query that stands for a table of MySQL's, by its schema and name; nothing for any other.
using SessionTables =
    std::function<std::optional<std::string>(std::string_view schema, std::string_view table)>;

/// What becomes of `?`.
enum class Marks : uint8_t {
  kNone,      // it stays: the store refuses it
  kNumbered,  // $1, $2... in the order of the text
  kNull,      // NULL, to learn which columns a query has whatever the values are
};

struct TranslateOptions {
  LexOptions lex;
  const SessionFacts* facts = nullptr;   // null in a pipeline's expression: no session there
  const Variables* variables = nullptr;  // null likewise
  bool updates_duplicate = false;        // VALUES(column) is the row that met another of its key
  /// Of a table with several, the columns of the key by which ON DUPLICATE KEY and REPLACE find the
  /// row that is there, such as ("a", "b"); empty: the store finds it.
  std::string conflict_key{};
  /// A text beside a number is one (sql/text_numbers.h).
  bool texts_as_numbers = false;
  bool names_items = false;  // give unnamed items of the SELECT list the name MySQL gives them
  /// System tables are those of the account's own rows (sql/access.h).
  bool shown_only = false;
  SessionTables session_tables{};  // none in a pipeline's expression
  Marks marks = Marks::kNone;
  std::span<const size_t> defaults{};  // tokens that become DEFAULT, ascending
};

struct Translation {
  std::string sql;
  /// (offset in sql, offset in the text) of each token, ascending.
  std::vector<std::pair<uint32_t, uint32_t>> places;

  /// Where in the text a byte of `sql` came from.
  int64_t position_of(int64_t offset) const;
};

/// `tokens` are a statement or an expression, with or without kEnd. Errors: kUnsupported for what
/// has no counterpart, kNotFound for an unknown variable, kPermission for what is not for users.
Result<Translation> translate(std::string_view text, std::span<const Token> tokens,
                              const TranslateOptions& options);

}  // namespace millrace::sql
