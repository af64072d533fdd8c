#include "data/line_end.h"

#include <algorithm>

namespace millrace {

void LineEnd::restart() {
  looked_ = 0;
  opens_ = 0;
  quoted_ = false;
}

/// Whether an odd number of escapes stands before `at`.
bool LineEnd::is_escaped(std::string_view text, size_t at) const {
  if (rules_.escape.empty()) return false;
  size_t escapes = 0;
  while (escapes < at && text[at - escapes - 1] == rules_.escape[0]) ++escapes;
  return escapes % 2 == 1;
}

size_t LineEnd::find_unquoted(std::string_view text) {
  size_t found = text.find(rules_.terminator, looked_);
  while (found != std::string_view::npos && is_escaped(text, found))
    found = text.find(rules_.terminator, found + 1);
  if (found != std::string_view::npos) return found;
  const size_t overlap = rules_.terminator.size() - 1;
  looked_ = text.size() - std::min(overlap, text.size());
  return found;
}

size_t LineEnd::find(std::string_view text) {
  const auto& terminator = rules_.terminator;
  if (terminator.empty()) return std::string_view::npos;
  if (rules_.quote.empty()) return find_unquoted(text);
  const char quote = rules_.quote[0];
  const bool escapes = !rules_.escape.empty() && rules_.escape[0] != quote;
  size_t i = looked_;
  for (; i + terminator.size() <= text.size(); ++i) {
    const char c = text[i];
    if (escapes && c == rules_.escape[0]) {
      if (i + 1 >= text.size()) break;
      ++i;
    } else if (c == quote) {
      const bool opens = rules_.separator.empty() || i == opens_;
      if (quoted_) opens_ = i + 1;  // a doubled one
      quoted_ = !quoted_ && opens;
    } else if (!quoted_ && text.compare(i, terminator.size(), terminator) == 0) {
      return i;
    } else if (!quoted_ && !rules_.separator.empty() && c == rules_.separator[0]) {
      opens_ = i + 1;
    }
  }
  looked_ = i;
  return std::string_view::npos;
}

size_t LineEnd::find_in_all(std::string_view text) {
  const size_t found = find(text);
  return found == std::string_view::npos && quoted_ ? text.find(rules_.terminator) : found;
}

std::string_view LineEnd::without_return(std::string_view line) const {
  if (rules_.terminator == "\n" && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool LineEnd::take(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  restart();
  const size_t found = find_in_all(text);
  line = without_return(text.substr(0, found));
  text.remove_prefix(found == std::string_view::npos ? text.size() : found + terminator_size());
  return true;
}

}  // namespace millrace
