// The audit log: a file of JSON, one object a line, of logins, of what changes the schema or the
// users, and of what was denied. Lines are appended whole, each with one write, so that a program
// that follows or rotates the file sees whole lines. It holds no passwords and no values. One per
// server; thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "sql/audit.h"

namespace millrace::serve {

/// {"at":"2026-11-26T10:00:00.000000Z","event":"login",...} and a newline.
std::string audit_line(const sql::AuditEvent& event, int64_t at_micros);

class AuditLog {
 public:
  /// Made when missing, for its owner alone. Errors: kPermission, kNotFound.
  static Result<std::unique_ptr<AuditLog>> open(const std::string& path);
  ~AuditLog();

  /// What cannot be written is told in the server's log, once until it works again.
  void write(const sql::AuditEvent& event);

 private:
  AuditLog(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  const int file_;
  Mutex mutex_;
  bool failing_ GUARDED_BY(mutex_) = false;
};

}  // namespace millrace::serve
