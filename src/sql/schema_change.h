// Statements that change tables, counted for the whole process: what a session knows of tables
// holds until the next one, whoever makes it. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace millrace::sql {

/// Lives as long as a change is made; it counts at both ends, so that nobody keeps what was read
/// while it was made.
class SchemaChange {
 public:
  SchemaChange() { ++count(); }
  ~SchemaChange() { ++count(); }
  SchemaChange(const SchemaChange&) = delete;
  SchemaChange& operator=(const SchemaChange&) = delete;

  static std::atomic<uint64_t>& count() {
    static std::atomic<uint64_t> changes{1};
    return changes;
  }
};

}  // namespace millrace::sql
