// An argument as a user wrote it in `CREATE MODEL m AS LinearClassifier(label => match, ...)`: a
// name, a literal, a list or a nested call. sql/ makes the tree; features/ and estimator/ read what
// is theirs from it, and the engine keeps it as the model's definition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace millrace {

struct Argument {
  enum class Form : uint8_t { kName, kString, kNumber, kBool, kNull, kList, kCall };

  std::string name;  // before `=>`; empty when positional
  Form form = Form::kNull;
  std::string
      text;  // the name, the string's content, the number as written, "true", the called function
  std::vector<Argument> items;  // of a list; the arguments of a call
  int64_t position = -1;        // byte offset in the statement, for messages

  bool operator==(const Argument&) const = default;

  /// The argument called `key` (case ignored) of a call, or null.
  const Argument* find(std::string_view key) const;
  /// The value of a finite number, or of an integer that int64 holds; nothing for any other form.
  std::optional<double> as_number() const;
  std::optional<int64_t> as_integer() const;
  /// The text of a name or a string: both may name a column; nothing for any other form.
  std::optional<std::string_view> as_word() const;
  /// As SQL: `Ftrl(learning_rate => 0.2)`, without its own name; parses back to an equal tree.
  std::string to_sql() const;
};

/// What is wrong with an argument, at its place in the statement.
Error wrong(const Argument& argument, Code code, std::string message, std::string hint = {});

}  // namespace millrace
