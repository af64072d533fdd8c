// UPDATE and DELETE over joined tables, as MySQL has them: the rows of the one table that is
// changed are chosen by a query over all of them. A part of other_forms; a pure function.
#pragma once

#include <string>
#include <vector>

#include "sql/token_reader.h"

namespace millrace::sql {

/// UPDATE t JOIN u ON ... SET t.a = ..., UPDATE t, u SET ..., DELETE t FROM t JOIN u ..., DELETE
/// FROM t USING t JOIN u .... Empty: it is none of these, or changes several tables. `reader`
/// stands at the statement's begin.
std::vector<std::string> joined_forms(TokenReader& reader);

}  // namespace millrace::sql
