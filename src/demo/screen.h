// What the demo prints: prose, SQL, results, and while the streams run a block of lines that is
// refreshed in place on a terminal and thinned out to a few plain lines elsewhere. Owns stdout as
// long as the demo runs; main thread only. Colours only on a terminal and without NO_COLOR.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::demo {

class Screen {
 public:
  Screen();

  bool is_terminal() const { return terminal_; }

  void title(std::string_view text);
  void heading(std::string_view text);
  void say(std::string_view text = {});
  /// A remark in passing.
  void whisper(std::string_view text);
  /// A statement, with its semicolon.
  void sql(std::string_view statement);
  /// A result, as a table.
  void put(std::string_view text);

  /// Replaces the block on a terminal; elsewhere prints `plain` when a tenth more is done.
  void refresh(const std::vector<std::string>& block, std::string_view plain, double done);
  /// The block stays as it is; what follows comes below.
  void settle();

  /// A line from the terminal; empty at its end, or when the demo is to stop.
  std::optional<std::string> ask(const std::string& prompt, const std::stop_token& stop);

 private:
  std::string styled(std::string_view text, const char* style) const;

  bool terminal_ = false;
  bool colours_ = false;
  size_t block_lines_ = 0;
  int tenths_said_ = -1;
};

/// `#######-----`: how far it is, in `width` characters.
std::string bar(double done, size_t width);
/// 12,345
std::string with_commas(int64_t number);
/// 16.5 %
std::string percent(double share);
/// 0.571
std::string decimals(double value, int digits);

}  // namespace millrace::demo
