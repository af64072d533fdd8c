// The demo's connection to its server: a MySQL client like any other, which can show what it asks
// and what comes back. Main thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "demo/screen.h"
#include "serve/client.h"

namespace millrace::demo {

/// A small result, read by column name.
class Answers {
 public:
  std::vector<std::string> columns;
  std::vector<std::vector<serve::Cell>> rows;

  size_t size() const { return rows.size(); }
  /// Empty for NULL, and where there is no such row.
  std::string text(size_t row, std::string_view column) const;
  std::optional<double> number(size_t row, std::string_view column) const;
  int64_t whole(size_t row, std::string_view column) const;
};

class Asker {
 public:
  static Result<std::unique_ptr<Asker>> connect(const serve::Address& server, Screen& screen);

  /// The statement's rows. Errors: the server's, and those of the connection.
  Result<Answers> ask(const std::string& sql);
  /// The same, printed with its result as a table.
  Result<Answers> show(const std::string& sql);

 private:
  explicit Asker(Screen& screen) : screen_(screen) {}
  Screen& screen_;
  std::unique_ptr<serve::Client> client_;
};

}  // namespace millrace::demo
