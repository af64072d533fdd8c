#include "serve/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace millrace::serve {
namespace {

constexpr int kRememberedMax = 1000;
constexpr size_t kShownMax = 60;  // words that may be meant

bool is_word(char c) {
  return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) & 0x80) != 0;
}

/// What all of them begin with, of which there is one at least.
std::string common_begin(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const auto& word : words) {
    const auto parted = std::mismatch(common.begin(), common.end(), word.begin(), word.end());
    common.erase(parted.first, common.end());
  }
  return common;
}

/// The file is its owner's alone before anything is written to it.
bool make_private(const std::string& file) {
  const int fd = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  const bool done = fchmod(fd, 0600) == 0;
  close(fd);
  return done;
}

}  // namespace

struct LineEditor::Inside {
  EditLine* edit = nullptr;
  History* history = nullptr;
  std::string file;
  Complete complete;
  std::string prompt;
  bool dropped = false;

  static Inside* of(EditLine* edit) {
    void* inside = nullptr;
    el_get(edit, EL_CLIENTDATA, &inside);
    return static_cast<Inside*>(inside);
  }
  static const char* show_prompt(EditLine* edit) { return of(edit)->prompt.c_str(); }

  static unsigned char drop_line(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    el_cursor(edit, static_cast<int>(line->lastchar - line->cursor));
    el_deletestr(edit, static_cast<int>(line->lastchar - line->buffer));
    of(edit)->dropped = true;
    return CC_NEWLINE;
  }

  static unsigned char complete_word(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    const char* begin = line->cursor;
    while (begin > line->buffer && is_word(begin[-1])) --begin;
    const std::string begun(begin, line->cursor);
    const auto words = of(edit)->complete(begun);
    if (words.empty()) return CC_REFRESH_BEEP;
    // Words are found without regard to case, and written as they are.
    std::string common = words.size() == 1 ? words.front() + " " : common_begin(words);
    if (common.size() > begun.size() || words.size() == 1) {
      el_deletestr(edit, static_cast<int>(begun.size()));
      return el_insertstr(edit, common.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    std::string shown = "\n";
    for (size_t i = 0; i < std::min(words.size(), kShownMax); ++i) shown += words[i] + "  ";
    shown += words.size() > kShownMax ? "...\n" : "\n";
    std::fwrite(shown.data(), 1, shown.size(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::string history_file, Complete complete)
    : inside_(std::make_unique<Inside>()) {
  auto& in = *inside_;
  in.complete = std::move(complete);
  HistEvent event;
  in.history = history_init();
  history(in.history, &event, H_SETSIZE, kRememberedMax);
  history(in.history, &event, H_SETUNIQUE, 1);
  if (!history_file.empty() && make_private(history_file)) {
    in.file = std::move(history_file);
    history(in.history, &event, H_LOAD, in.file.c_str());
  }
  in.edit = el_init("millrace", stdin, stdout, stderr);
  el_set(in.edit, EL_CLIENTDATA, inside_.get());
  el_set(in.edit, EL_PROMPT, Inside::show_prompt);
  el_set(in.edit, EL_EDITOR, "emacs");
  el_set(in.edit, EL_HIST, history, in.history);
  // Ctrl-C is a key while a line is edited, and a signal while a statement runs.
  el_set(in.edit, EL_SETTY, "-d", "-isig", nullptr);
  el_set(in.edit, EL_ADDFN, "drop-line", "Drops the line", Inside::drop_line);
  el_set(in.edit, EL_ADDFN, "complete-word", "Completes the word", Inside::complete_word);
  el_set(in.edit, EL_BIND, "^C", "drop-line", nullptr);
  el_set(in.edit, EL_BIND, "^I", "complete-word", nullptr);
  el_set(in.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  el_end(inside_->edit);
  history_end(inside_->history);
}

std::optional<LineEditor::Line> LineEditor::read(const std::string& prompt) {
  auto& in = *inside_;
  in.prompt = prompt;
  in.dropped = false;
  int count = 0;
  // libedit shows the prompt first and takes the keys afterwards: a Ctrl-C between the two would be
  // a signal, and the line would stay.
  el_set(in.edit, EL_PREP_TERM, 1);
  const char* text = el_gets(in.edit, &count);
  if (in.dropped) return Line{{}, true};
  if (text == nullptr || count <= 0) return std::nullopt;
  Line line{std::string(text, static_cast<size_t>(count))};
  while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r'))
    line.text.pop_back();
  return line;
}

void LineEditor::remember(const std::string& statement) {
  auto& in = *inside_;
  HistEvent event;
  history(in.history, &event, H_ENTER, statement.c_str());
  if (!in.file.empty()) history(in.history, &event, H_SAVE, in.file.c_str());
}

}  // namespace millrace::serve
