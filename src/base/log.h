// The log: lower-case fragments with fields, to stderr. ERROR = a human must come, WARN = look here
// first, INFO = a state changed, DEBUG = off by default. Never once per row; an error is either
// returned or logged, not both.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace millrace {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kOff };

struct LogField {
  std::string_view name;
  std::string value;
  LogField(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(v) {}
  LogField(std::string_view n, int64_t v) : name(n), value(std::to_string(v)) {}
  LogField(std::string_view n, uint64_t v) : name(n), value(std::to_string(v)) {}
  LogField(std::string_view n, int v) : name(n), value(std::to_string(v)) {}
};

using LogFields = std::initializer_list<LogField>;

void set_log_level(LogLevel level);
void log_debug(std::string_view text, LogFields fields = {});
void log_info(std::string_view text, LogFields fields = {});
void log_warn(std::string_view text, LogFields fields = {});
void log_error(std::string_view text, LogFields fields = {});

}  // namespace millrace
