// Functions of MySQL's that DuckDB lacks, or means otherwise, as macros in schema
// `millrace_internal`. sql/ knows them by their names and calls them there. Private to the store.
#pragma once

#include <string>

namespace millrace::store {

/// Statements that make the macros anew.
std::string mysql_functions();

/// The statements that make the operators between what may be a text and a number, as
/// memory.millrace_internal.plus and so on: in the instance and not in its file, since a file of
/// this format cannot hold macros of types. A text beside a number is a DOUBLE, and NULL where it
/// is empty. In arithmetic what is no number is an error, and two texts are two numbers; compared,
/// it is equal to no number, and neither above nor below one. The store finds the overload by the
/// types; the last of each is the operator itself, for what is no text beside a number.
std::string number_functions();

}  // namespace millrace::store
