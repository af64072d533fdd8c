// The SELECTs that need no planner: of plain literals, which every connection pool asks before it
// hands a connection out, and of predictions of one row that is written into the statement, which
// programs ask a model for. Their answers are those that the store gives, names and types included;
// whatever is not of exactly this form, or fails, is the store's to answer. Pure functions over
// borrowed tokens; the one who predicts is given.
//
//   SELECT 1, 'text' AS name
//   SELECT predict('model', r).probability [AS name], ... FROM (SELECT 30 AS age, 'law' AS field) r
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sql/lexer.h"
#include "sql/rows.h"
#include "store/bound_value.h"
#include "store/store.h"

namespace millrace::sql {

struct PlainSelectContext {
  LexOptions lex;
  std::string_view database;                      // of models without one; empty: none
  std::span<const store::BoundValue> parameters;  // of the row's `?`
  store::Predictor& predictor;
};

/// Nothing: the store must be asked. `tokens` end with kEnd.
std::optional<Rows> answer_plainly(std::string_view text, std::span<const Token> tokens,
                                   const PlainSelectContext& context);

}  // namespace millrace::sql
