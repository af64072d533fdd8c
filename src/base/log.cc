#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace millrace {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("millrace");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %L %v");
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

/// A field is quoted when it could be read as two.
void append_field(std::string& line, const LogField& field) {
  line += ' ';
  line += field.name;
  line += '=';
  if (field.value.find_first_of(" \"=\n") == std::string::npos && !field.value.empty()) {
    line += field.value;
    return;
  }
  line += '"';
  for (const char c : field.value) {
    if (c == '"' || c == '\\') line += '\\';
    if (c == '\n')
      line += "\\n";
    else
      line += c;
  }
  line += '"';
}

void write(spdlog::level::level_enum level, std::string_view text, LogFields fields) {
  if (!logger().should_log(level)) return;
  std::string line(text);
  for (const auto& field : fields) append_field(line, field);
  logger().log(level, "{}", line);
}

}  // namespace

void set_log_level(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err,
                                                   spdlog::level::off};
  logger().set_level(kLevels[static_cast<size_t>(level)]);
}

void log_debug(std::string_view text, LogFields fields) {
  write(spdlog::level::debug, text, fields);
}
void log_info(std::string_view text, LogFields fields) {
  write(spdlog::level::info, text, fields);
}
void log_warn(std::string_view text, LogFields fields) {
  write(spdlog::level::warn, text, fields);
}
void log_error(std::string_view text, LogFields fields) {
  write(spdlog::level::err, text, fields);
}

}  // namespace millrace
