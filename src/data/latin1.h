// MySQL's latin1, which is Windows-1252: a byte is a character. The five bytes that stand for
// nothing there are U+0081 and so on, so that each text comes back as it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// Appends the text as UTF-8.
void append_from_latin1(std::string_view text, std::string& out);

/// The UTF-8 text in latin1; nothing when it has a character that latin1 has not.
std::optional<std::string> to_latin1(std::string_view text);

}  // namespace millrace
