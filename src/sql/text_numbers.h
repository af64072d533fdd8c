// Where a text may stand beside a number and is a number to MySQL: comparisons, arithmetic, IN,
// BETWEEN, the functions of numbers. The store has functions for these (store/duckdb_functions.cc)
// that look at the types of both sides: with a number beside it a text becomes one, and for all
// else they are the operator itself. Which operators need them cannot be told from tokens, so they
// are asked for where a @variable of LOAD DATA stands, and in a statement that the store has
// refused because of its types. DIV, which the store has for whole numbers alone, is cut to a whole
// number in any case. A part of the translation; pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "sql/operands.h"

namespace millrace::sql {

enum class NumbersOf : uint8_t {
  kVariables,  // operators with a @variable on one side, of a pipeline's expression
  kAll,        // a session's statement
  kNone,       // DIV alone
};

/// Appends what is to be written for them: of two that begin at one token the outer first.
void text_numbers(std::string_view text, std::span<const Token> tokens, LexOptions options,
                  NumbersOf of, std::vector<Rewrite>& found);

/// Whether a @variable of LOAD DATA is a field, and so a text; the others are of models, and facts
/// of messages.
bool is_field_variable(std::string_view name);

/// Whether the store refused a statement for types that do not go together, or gave it up over a
/// text that is no number.
bool is_of_types(const Error& error);

}  // namespace millrace::sql
