// A database for the tests of the DuckDB rooms: in memory or in a file of a temporary folder,
// attached as the store attaches its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/duckdb_connection.h"
#include "store/duckdb_schema.h"
#include "store/duckdb_session.h"

namespace millrace::store {

class TestDatabase {
 public:
  /// `file` empty: in memory. `threads` 0: DuckDB's own choice.
  explicit TestDatabase(const std::string& file = {}, int threads = 0) {
    Config config;
    EXPECT_EQ(duckdb_create_config(config.out()), DuckDBSuccess);
    const auto count = std::to_string(threads);
    const auto set =
        threads > 0 ? duckdb_set_config(config.get(), "threads", count.c_str()) : DuckDBSuccess;
    EXPECT_EQ(set, DuckDBSuccess);
    char* error = nullptr;
    EXPECT_EQ(duckdb_open_ext(nullptr, &database_, config.get(), &error), DuckDBSuccess)
        << take_text(error);
    Connection connection;
    EXPECT_EQ(duckdb_connect(database_, connection.out()), DuckDBSuccess);
    const auto attached =
        run(connection.get(), "ATTACH " + quoted_text(file.empty() ? ":memory:" : file) + " AS " +
                                  quoted_name(kCatalog));
    EXPECT_TRUE(attached) << attached.error().to_string();
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase() { duckdb_close(&database_); }

  duckdb_database get() const { return database_; }
  Connection connect() const {
    auto connection = open_connection(database_);
    EXPECT_TRUE(connection) << connection.error().to_string();
    return std::move(*connection);
  }
  std::unique_ptr<Session> session() const {
    auto session = open_duckdb_session(database_, nullptr);
    EXPECT_TRUE(session) << session.error().to_string();
    return std::move(*session);
  }

 private:
  duckdb_database database_ = nullptr;
};

/// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "millrace_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// What a statement answered: its rows as text (NULL: none), or its error.
struct Answer {
  std::vector<ResultColumn> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  int64_t rows_changed = 0;
  std::optional<Error> error;

  Code code() const { return error ? error->code : Code::kInternal; }
  std::string text() const { return error ? "error: " + error->to_string() : one(); }
  /// The only value.
  std::string one() const {
    if (rows.size() != 1 || rows[0].size() != 1)
      return "(" + std::to_string(rows.size()) + " rows)";
    return rows[0][0].value_or("NULL");
  }
};

inline Answer ask(Session& session, const std::string& sql) {
  Answer answer;
  auto stream = session.execute(sql);
  if (!stream) {
    answer.error = stream.error();
    return answer;
  }
  answer.columns = (*stream)->columns();
  while (true) {
    auto chunk = (*stream)->next();
    if (!chunk) {
      answer.error = chunk.error();
      return answer;
    }
    if (*chunk == nullptr) break;
    for (size_t row = 0; row < (*chunk)->rows(); ++row) {
      auto& values = answer.rows.emplace_back();
      for (size_t column = 0; column < answer.columns.size(); ++column) {
        auto& value = values.emplace_back();
        if (!(*chunk)->is_null(column, row)) (*chunk)->append_text(column, row, value.emplace());
      }
    }
  }
  answer.rows_changed = (*stream)->rows_changed();
  return answer;
}

}  // namespace millrace::store
