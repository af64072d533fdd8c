// The conversation of `millrace sql` with a person: statements of several lines, `\` commands,
// Ctrl-C for the statement at work, completion of what the server has. It owns the terminal until
// converse() returns; SIGINT is its own for that time.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "serve/client.h"
#include "serve/line_editor.h"
#include "serve/result_printer.h"

namespace millrace::serve {

class Shell {
 public:
  /// `client` is connected by `options`, which another connection is made by to end a statement.
  Shell(Client& client, ClientOptions options, ResultPrinter& printer);

  /// Until \q or Ctrl-D.
  void converse();

 private:
  bool command(std::string_view line);
  void run(const std::string& text);
  void watch(std::string_view seconds);
  void interrupt();
  std::vector<std::string> words(std::string_view begun);
  void read_names();

  Client& client_;
  const ClientOptions options_;
  ResultPrinter& printer_;
  LineEditor editor_;
  std::string last_;                // the statement that ran last
  std::vector<std::string> names_;  // of databases, tables, columns, models, pipelines
  bool names_known_ = false;
  bool leaving_ = false;
  std::atomic<bool> asking_ = false;
  std::atomic<bool> interrupted_ = false;
};

/// True when `text` ends with a semicolon that stands outside of quotes and comments.
bool is_whole_statement(std::string_view text);
/// Whether a statement may rest in a file: not one that may have a password in it.
bool may_be_remembered(std::string_view text);

}  // namespace millrace::serve
