// Prints results as `millrace sql` shows them: as a table with aligned columns for a person; for a
// program as tab-separated lines with escapes, as CSV (RFC 4180; NULL is empty, and an empty text
// is "") or as a JSON object a line. A ResultSink; one per output. A table's widths
// come from its first rows, so that a long result is shown while it arrives and not held.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/client.h"

namespace millrace::serve {

class ResultPrinter : public ResultSink {
 public:
  enum class Form : uint8_t { kTable, kTabs, kCsv, kJson };
  using Output = std::function<void(std::string_view)>;

  ResultPrinter(Form form, Output output) : form_(form), output_(std::move(output)) {}

  void on_columns(const std::vector<ColumnDefinition>& columns) override;
  void on_row(const std::vector<std::optional<std::string_view>>& cells) override;
  void on_end(const Ok& ok) override;
  /// Shows what has come of a result that will not be finished.
  void on_failure();

 private:
  void print_lines(const std::vector<std::optional<std::string_view>>& cells);
  void print_held();
  void print_table_row(const std::vector<std::string>& cells, bool header);
  void print_rule();

  const Form form_;
  const Output output_;
  std::vector<std::string> raw_names_;  // as the server has them
  std::vector<std::string> names_;
  std::vector<bool> right_;     // numbers stand at the right
  std::vector<size_t> widths_;  // in characters
  std::vector<std::vector<std::string>> held_;
  bool holding_ = false;
  uint64_t rows_ = 0;
};

}  // namespace millrace::serve
