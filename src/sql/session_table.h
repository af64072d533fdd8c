// Tables that MySQL has and a session makes up when it is asked: who is connected
// (information_schema.PROCESSLIST), the session's variables and status (performance_schema), and
// who may what (mysql.user, mysql.db, information_schema.USER_PRIVILEGES...). Clients and BI tools
// read them. Who has no ADMIN sees its own rows. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sql/show.h"

namespace millrace::sql {

/// A query of the store's SQL that gives the rows; nothing for a table that is none of these.
std::optional<std::string> session_table(std::string_view schema, std::string_view table,
                                         const ShowFacts& facts);

}  // namespace millrace::sql
