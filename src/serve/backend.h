// What the server stands on: sessions to run SQL in, and a place for settings. A Backend outlives
// the server and is thread-safe; the sessions it opens belong to one thread each. The real one is a
// store and an engine; tests bring their own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/session.h"

namespace millrace::serve {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<std::unique_ptr<sql::SqlSession>> open_session(sql::SessionInfo info,
                                                                sql::SessionHost& host) = 0;
  virtual Result<std::optional<std::string>> setting(const std::string& key) = 0;
  virtual Status set_setting(const std::string& key, const std::string& value) = 0;
  /// The classes of a classifier, "db.m", by their ids; empty for a regressor. kNotFound.
  virtual Result<std::vector<std::string>> classes(const std::string& model) = 0;
};

/// Both outlive the backend.
std::unique_ptr<Backend> make_backend(store::Store& store, engine::Engine& engine);

}  // namespace millrace::serve
