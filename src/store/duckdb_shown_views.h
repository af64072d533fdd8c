// The system tables as restricted accounts see them: a view in millrace_internal of each view of
// `millrace` and of information_schema, with the rows of databases and tables that the session's
// variable millrace_sees names ("*": all; "d<database>", "?<database>" where anything of it is
// seen, "t<database>\x1f<table>"; in lower case). Without the variable there are no rows. A limit
// that cuts nothing keeps conditions of the reader's from being tried on rows that it may not see.
// sql/access.h fills the variable. Pure functions over a connection; called once, when all system
// tables are there.
#pragma once

#include "base/result.h"
#include "store/duckdb_handles.h"

namespace millrace::store {

Status make_shown_views(duckdb_connection connection);

}  // namespace millrace::store
