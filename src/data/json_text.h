// A text as JSON writes it: RFC 8259, with the short forms of line ends and tabs and \u00xx
// for other control characters.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// Appends the UTF-8 text with its quotes.
void append_json_text(std::string_view text, std::string& out);

}  // namespace millrace
