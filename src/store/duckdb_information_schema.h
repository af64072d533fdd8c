// MySQL's information_schema over DuckDB's catalogue: the views that drivers, ORMs and BI tools
// read to learn which tables, columns, keys and indexes there are. They live beside SingleStore's
// PIPELINES* in schema `millrace_information_schema`; sql/ knows them by their names and reads them
// for SHOW too. Types are in MySQL's words. Private to the store.
#pragma once

#include <string>

namespace millrace::store {

/// Statements that make the views anew.
std::string information_schema_views();

}  // namespace millrace::store
