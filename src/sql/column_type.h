// MySQL's column types in the store's words: INT UNSIGNED, DATETIME(6), LONGTEXT, TINYINT(1)... A
// type that MySQL does not have passes as it is written.
#pragma once

#include <string>

#include "base/result.h"
#include "sql/token_reader.h"

namespace millrace::sql {

struct ColumnType {
  std::string sql;      // the store's
  bool serial = false;  // SERIAL: NOT NULL AUTO_INCREMENT UNIQUE
};

/// Takes the type at the reader. Errors: kSyntax, kUnsupported (SET, the spatial ones).
Result<ColumnType> parse_column_type(TokenReader& reader);

/// The tokens up to and with the parenthesis that closes the one at the reader. Errors: kSyntax.
Status skip_parentheses(TokenReader& reader);

}  // namespace millrace::sql
