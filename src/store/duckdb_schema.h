// The store's own schemas, tables and views: what design.md §6 shows to users in schema `millrace`,
// SingleStore's information_schema.PIPELINES* in schema `millrace_information_schema` (DuckDB's own
// information_schema takes no additions; sql/ rewrites the names), and the tables behind both in
// `millrace_internal`. Made on the first start of a data directory; the file says which version of
// them it has.
#pragma once

#include <string>

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

/// Of the tables in `millrace_internal`; a file with another one is refused.
inline constexpr int64_t kSchemaVersion = 2;

inline constexpr const char* kCatalog = "__millrace";  // the attached file, as DuckDB knows it
inline constexpr const char* kMainSchema = "main";
inline constexpr const char* kSystemSchema = "millrace";
inline constexpr const char* kInternalSchema = "millrace_internal";
inline constexpr const char* kInformationSchema = "millrace_information_schema";

/// Makes what is missing. Errors: kUnsupported when the file was made by another version.
Status ensure_schema(duckdb_connection connection);

/// The schema in which a table of schema `name` lives: information_schema has its own.
std::string schema_of(const std::string& name);

/// Whether `name` is taken by the store or the engine, so that no user may have it as a database.
bool is_reserved_database(const std::string& name);

}  // namespace millrace::store
