// The schemas that are ours: which of them users see, read and may not write. The store keeps our
// information_schema tables apart from its own; this knows where. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/lexer.h"

namespace millrace::sql {

/// millrace_internal: never for users.
bool is_internal_schema(std::string_view name);
bool is_information_schema(std::string_view name);
/// A schema that users cannot write, drop or make: millrace, millrace_*, information_schema...
bool is_system_schema(std::string_view name);

/// A setting of the store that chooses schemas behind USE's back.
bool is_schema_setting(std::string_view name);
/// Functions that run SQL out of a text, where nobody would see which schemas it names.
bool is_forbidden_function(std::string_view name);

/// The store's name of a function of MySQL's that it was taught; empty for any other.
std::string taught_function(std::string_view name);
/// The store's name of information_schema.`table`: MySQL's tables and PIPELINES* are views there.
std::string information_schema_table(std::string_view table);

/// The store's name of the view of a system table that shows an account its own rows.
std::string shown_view(std::string_view schema, std::string_view table);

/// kPermission when the statement writes to a system schema: INSERT, UPDATE, DELETE, CREATE, ALTER,
/// DROP, TRUNCATE, COPY, also behind EXPLAIN and PREPARE. kUnsupported for what writes or reads
/// everything at once (IMPORT DATABASE). `database` is the current one.
Status check_writes(std::string_view text, std::span<const Token> tokens, LexOptions options,
                    std::string_view database);

}  // namespace millrace::sql
