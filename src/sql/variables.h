// The system variables of a session (@@name, SET, SHOW VARIABLES): one table of the names that
// MySQL clients read and write, with defaults that are true for us. A session owns its Variables.
// What most of them would change in MySQL does not exist here; those that matter are sql_mode and
// autocommit.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/lexer.h"

namespace millrace::sql {

enum class VariableKind : uint8_t { kText, kNumber, kFlag };

class Variables {
 public:
  /// Values that are not constants: version, port, warning_count...
  using Computed = std::function<std::optional<std::string>(std::string_view name)>;
  explicit Variables(Computed computed) : computed_(std::move(computed)) { remember(); }

  /// True when the table has it. Names are compared without case.
  static bool known(std::string_view name);
  static VariableKind kind(std::string_view name);
  /// kUnknownVariable with the nearest name: `system variable "x" does not exist`.
  static Error unknown(std::string_view name);

  /// The value; nothing for NULL. `name` must be known.
  std::optional<std::string> get(std::string_view name) const;
  /// As an SQL literal. Errors: kNotFound.
  Result<std::string> literal(std::string_view name) const;
  /// A flag takes 0, 1, ON, OFF, TRUE, FALSE; `value` nothing is NULL. Errors: kNotFound,
  /// kWrongState for one that cannot be set, kInvalidArgument for a value it cannot have.
  Status set(std::string_view name, std::optional<std::string> value);
  /// SET x = DEFAULT.
  Status set_default(std::string_view name);
  void reset();

  /// name, value; in the order of names.
  std::vector<std::pair<std::string, std::string>> all() const;

  bool autocommit() const { return autocommit_; }
  LexOptions lex_options() const { return lex_options_; }

 private:
  void remember();

  Computed computed_;
  std::map<std::string, std::optional<std::string>>
      values_;  // lower-case names; those that were set
  // What every statement asks for, of the values.
  bool autocommit_ = true;
  LexOptions lex_options_;
};

}  // namespace millrace::sql
