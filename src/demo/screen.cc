#include "demo/screen.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace millrace::demo {
namespace {

constexpr const char* kBold = "1";
constexpr const char* kDim = "2";
constexpr const char* kCyan = "36";
constexpr const char* kGreen = "1;32";
constexpr int kPollMs = 200;

void out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string lines(indent);
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += indent;
  }
  return lines;
}

}  // namespace

Screen::Screen()
    : terminal_(isatty(STDOUT_FILENO) != 0),
      colours_(terminal_ && std::getenv("NO_COLOR") == nullptr) {}

std::string Screen::styled(std::string_view text, const char* style) const {
  if (!colours_) return std::string(text);
  return std::string("\x1b[") + style + "m" + std::string(text) + "\x1b[0m";
}

void Screen::title(std::string_view text) {
  out("\n" + styled(text, kBold) + "\n\n");
}

void Screen::heading(std::string_view text) {
  settle();
  const std::string rule(text.size() < 72 ? 72 - text.size() : 0, '-');
  out("\n" + styled("--- " + std::string(text) + " " + rule, kGreen) + "\n\n");
  std::fflush(stdout);
}

void Screen::say(std::string_view text) {
  settle();
  out(std::string(text) + "\n");
  std::fflush(stdout);
}

void Screen::whisper(std::string_view text) {
  settle();
  out(styled(text, kDim) + "\n");
  std::fflush(stdout);
}

void Screen::sql(std::string_view statement) {
  settle();
  out(styled(indented(std::string(statement) + ";", "    "), kCyan) + "\n");
  std::fflush(stdout);
}

void Screen::put(std::string_view text) {
  settle();
  out(text);
  std::fflush(stdout);
}

void Screen::refresh(const std::vector<std::string>& block, std::string_view plain, double done) {
  if (!terminal_) {
    const int tenths = static_cast<int>(done * 10);
    if (tenths <= tenths_said_) return;
    tenths_said_ = tenths;
    out(std::string(plain) + "\n");
    std::fflush(stdout);
    return;
  }
  std::string text;
  if (block_lines_ > 0) text += "\x1b[" + std::to_string(block_lines_) + "A";
  for (const auto& line : block) text += "\r\x1b[2K" + line + "\n";
  for (size_t i = block.size(); i < block_lines_; ++i) text += "\r\x1b[2K\n";
  block_lines_ = std::max(block_lines_, block.size());
  out(text);
  std::fflush(stdout);
}

void Screen::settle() {
  block_lines_ = 0;
}

std::optional<std::string> Screen::ask(const std::string& prompt, const std::stop_token& stop) {
  settle();
  out(prompt);
  std::fflush(stdout);
  std::string line;
  while (!stop.stop_requested()) {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    if (poll(&waiting, 1, kPollMs) <= 0) continue;
    char c = 0;
    if (read(STDIN_FILENO, &c, 1) != 1) break;
    if (c == '\n') return line;
    line += c;
  }
  out("\n");
  return std::nullopt;
}

std::string bar(double done, size_t width) {
  const double part = std::clamp(done, 0.0, 1.0);
  const auto full = static_cast<size_t>(std::lround(part * static_cast<double>(width)));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = text.size(); at > sign + 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string percent(double share) {
  return decimals(100 * share, 1) + " %";
}

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace millrace::demo
