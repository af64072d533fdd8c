#include "data/schema.h"

#include <algorithm>

namespace millrace {
namespace {
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::optional<size_t> Schema::find(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (same_name(fields_[i].name, name)) return i;
  }
  return std::nullopt;
}

std::vector<std::string_view> Schema::names() const {
  std::vector<std::string_view> result;
  for (const auto& field : fields_) result.push_back(field.name);
  return result;
}

}  // namespace millrace
