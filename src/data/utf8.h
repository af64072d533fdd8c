// Is this text UTF-8, and what is shown of one that is not? Text without a byte above 127 is told
// in a few instructions.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// As RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// `text` for a message: cut to about 60 bytes, with bytes that are no printable UTF-8 as \xHH.
std::string shown(std::string_view text);

/// All of `text`, with bytes that are no UTF-8 as \xHH.
std::string as_utf8(std::string_view text);

}  // namespace millrace
