// Where lines end in text that is cut before it is decoded: the content of files, the output of a
// transform. A terminator behind an escape, or within quotes, does not end a line; what is in the
// line is the decoder's business. Looks at each byte once however the text arrives. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace {

struct LineRules {
  std::string terminator = "\n";  // empty: all of the text is one line
  std::string quote;              // one byte or empty
  std::string escape;             // likewise
  /// Between fields, one byte: a quote opens only where a field begins. Empty: anywhere.
  std::string separator = {};
};

class LineEnd {
 public:
  explicit LineEnd(LineRules rules) : rules_(std::move(rules)) {}

  /// Another line begins.
  void restart();
  /// The index of the terminator in `text`, which begins where the line does; npos when it is not
  /// there yet: call again with the same text and more behind it.
  size_t find(std::string_view text);
  /// The same where no more text comes: a quote that is never closed costs its line and no other.
  /// npos: all of the text is the line.
  size_t find_in_all(std::string_view text);
  /// Takes the line and its terminator off `text`; false when that is empty. For text that is there
  /// as a whole.
  bool take(std::string_view& text, std::string_view& line);

  /// The line as it is given on: \r\n ends it where \n does.
  std::string_view without_return(std::string_view line) const;
  size_t terminator_size() const { return rules_.terminator.size(); }

 private:
  size_t find_unquoted(std::string_view text);
  bool is_escaped(std::string_view text, size_t at) const;

  LineRules rules_;
  size_t looked_ = 0;  // bytes of the line that hold no end
  size_t opens_ = 0;   // where a quote opens, if there is one
  bool quoted_ = false;
};

}  // namespace millrace
