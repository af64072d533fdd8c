// Which millrace this is, and which MySQL it answers as: clients choose their dialect by the number
// before the first dash.
#pragma once

#include <string_view>

namespace millrace::serve {

inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kServerVersion = "8.0.36-millrace-0.1.0";

}  // namespace millrace::serve
