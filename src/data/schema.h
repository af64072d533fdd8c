// A Schema names and types the columns of a batch or a table, in order. Names are compared without
// case, as in SQL. Immutable once shared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"

namespace millrace {

struct Field {
  std::string name;
  DataType type;
  bool nullable = true;

  bool operator==(const Field&) const = default;
};

/// True when two SQL identifiers are the same (ASCII case ignored).
bool same_name(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);

class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<Field> fields) : fields_(std::move(fields)) {}

  const std::vector<Field>& fields() const { return fields_; }
  size_t size() const { return fields_.size(); }
  const Field& operator[](size_t i) const { return fields_[i]; }
  std::optional<size_t> find(std::string_view name) const;
  std::vector<std::string_view> names() const;

 private:
  std::vector<Field> fields_;
};

}  // namespace millrace
