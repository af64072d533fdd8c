#include "serve/audit_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"

namespace millrace::serve {

std::string audit_line(const sql::AuditEvent& event, int64_t at_micros) {
  const auto seconds = static_cast<time_t>(at_micros / 1'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  nlohmann::ordered_json line;
  line["at"] = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                           parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                           parts.tm_sec, at_micros % 1'000'000);
  line["event"] = event.kind;
  line["user"] = event.user;
  line["host"] = event.host;
  if (event.connection != 0) line["connection"] = event.connection;
  if (!event.database.empty()) line["database"] = event.database;
  if (!event.statement.empty()) line["statement"] = event.statement;
  if (event.error != 0) line["error"] = event.error;
  // Names come from clients, and need not be UTF-8.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return Error(errno == EACCES ? Code::kPermission : Code::kNotFound,
                 "could not open audit log \"" + path + "\": " + std::strerror(errno));
  return std::unique_ptr<AuditLog>(new AuditLog(path, file));
}

AuditLog::~AuditLog() {
  ::close(file_);
}

void AuditLog::write(const sql::AuditEvent& event) {
  const auto line = audit_line(event, now_micros());
  Lock lock(mutex_);
  const auto size = static_cast<ssize_t>(line.size());
  const bool written = ::write(file_, line.data(), line.size()) == size;
  if (!written && !failing_)
    log_error("the audit log cannot be written", {{"file", path_}, {"why", std::strerror(errno)}});
  failing_ = !written;
}

}  // namespace millrace::serve
