// The line that a person types into `millrace sql`: editing, history and completion, on a terminal.
// The one door to libedit. The history rests in a file that its owner alone may read; what is not
// to be kept is not given to remember(). One thread; one editor at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::serve {

class LineEditor {
 public:
  /// What may stand for a word that is begun.
  using Complete = std::function<std::vector<std::string>(std::string_view begun)>;

  /// An empty `history_file`: none is kept. One that cannot be read or written is none, too.
  LineEditor(std::string history_file, Complete complete);
  ~LineEditor();

  struct Line {
    std::string text;      // without its end
    bool dropped = false;  // by Ctrl-C
  };
  /// The next line; nothing at the end of the input (Ctrl-D).
  std::optional<Line> read(const std::string& prompt);
  void remember(const std::string& statement);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace millrace::serve
