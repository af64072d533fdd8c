#include "serve/shell.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/thread.h"
#include "data/schema.h"
#include "sql/lexer.h"

namespace millrace::serve {
namespace {

constexpr std::chrono::milliseconds kSignalPoll{100};

constexpr std::string_view kHelp =
    "Statements end with ';' and may have several lines.\n"
    "  \\watch [SECONDS]  run the last statement again and again, until Ctrl-C\n"
    "  \\?                this list\n"
    "  \\q                leave; Ctrl-D does, too\n"
    "Ctrl-C drops the line, or ends the statement at work. Tab completes keywords and names.\n";

constexpr std::string_view kKeywords[] = {
    "ALTER",    "AND",      "AS",       "BEGIN",    "BETWEEN",    "BY",       "CASE",
    "CHECK",    "CLASSIFY", "COMMIT",   "CREATE",   "CROSS",      "DATABASE", "DATABASES",
    "DELETE",   "DESC",     "DESCRIBE", "DISTINCT", "DROP",       "ELSE",     "END",
    "EVALUATE", "EXISTS",   "EXPLAIN",  "EXPORT",   "FIELDS",     "FROM",     "GROUP",
    "HAVING",   "INNER",    "INSERT",   "INTO",     "JOIN",       "KAFKA",    "KILL",
    "LEFT",     "LIKE",     "LIMIT",    "LINES",    "LOAD DATA",  "MODEL",    "MODELS",
    "NULL",     "OFFSET",   "ORDER",    "PIPELINE", "PIPELINES",  "PREDICT",  "PROCESSLIST",
    "PROFILE",  "REPLACE",  "RESTORE",  "ROLLBACK", "SELECT",     "SET",      "SHOW",
    "START",    "STOP",     "TABLE",    "TABLES",   "TERMINATED", "TEST",     "TRAIN",
    "TRUNCATE", "UNION",    "UPDATE",   "USE",      "USING",      "VALUES",   "VARIABLES",
    "VERSION",  "VIEW",     "WARNINGS", "WHERE",    "WITH"};

constexpr std::string_view kNames =
    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA UNION "
    "SELECT TABLE_NAME FROM information_schema.TABLES UNION "
    "(SELECT COLUMN_NAME FROM information_schema.COLUMNS LIMIT 10000) UNION "
    "SELECT model_name FROM millrace.models UNION "
    "SELECT PIPELINE_NAME FROM information_schema.PIPELINES ORDER BY 1";

void put(std::string_view text, std::FILE* where = stdout) {
  std::fwrite(text.data(), 1, text.size(), where);
  std::fflush(where);
}

std::string history_file() {
  if (const char* chosen = std::getenv("MILLRACE_HISTORY")) return chosen;
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.millrace_history";
}

bool begins(std::string_view word, std::string_view begun) {
  return word.size() >= begun.size() && same_name(word.substr(0, begun.size()), begun);
}

/// One line for the history, where that changes nothing.
std::string on_one_line(std::string text) {
  if (text.find("--") == std::string::npos && text.find('#') == std::string::npos)
    std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

bool is_whole_statement(std::string_view text) {
  const auto tokens = sql::lex(text, {});
  if (!tokens) return false;
  return tokens->size() > 1 && sql::raw(text, (*tokens)[tokens->size() - 2]) == ";";
}

bool may_be_remembered(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const std::string_view word : {"password", "identified", "secret", "credentials"})
    if (lower.find(word) != std::string::npos) return false;
  return true;
}

Shell::Shell(Client& client, ClientOptions options, ResultPrinter& printer)
    : client_(client),
      options_(std::move(options)),
      printer_(printer),
      editor_(history_file(), [this](std::string_view begun) { return words(begun); }) {}

void Shell::converse() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  const auto watcher = run_thread("interrupt", [&](const std::stop_token& stop) {
    const timespec pause{0, std::chrono::nanoseconds(kSignalPoll).count()};
    while (!stop.stop_requested())
      if (sigtimedwait(&signals, nullptr, &pause) == SIGINT) interrupt();
  });
  put("Statements end with ';'. \\? lists the commands, Ctrl-D leaves.\n");
  std::string text;
  while (!leaving_) {
    const auto line = editor_.read(text.empty() ? "millrace> " : "       -> ");
    if (!line) break;
    if (line->dropped) {
      text.clear();
      continue;
    }
    if (text.empty() && command(line->text)) continue;
    text += (text.empty() ? "" : "\n") + line->text;
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) text.clear();
    if (!is_whole_statement(text)) continue;
    if (may_be_remembered(text)) editor_.remember(on_one_line(text));
    last_ = std::move(text);
    text.clear();
    run(last_);
  }
  put("\n");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// True when the line was one of the shell's own.
bool Shell::command(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with('\\')) return false;
  const auto name = line.substr(0, line.find(' '));
  if (name == "\\q") {
    leaving_ = true;
  } else if (name == "\\watch") {
    watch(line.substr(name.size()));
  } else {
    if (name != "\\?") put("There is no command " + std::string(name) + ".\n");
    put(kHelp);
  }
  return true;
}

void Shell::run(const std::string& text) {
  asking_ = true;
  const auto done = client_.query(text, printer_);
  asking_ = false;
  names_known_ = false;
  if (!done) printer_.on_failure();
  std::fflush(stdout);
  if (!done) put(done.error().to_string() + "\n", stderr);
  // Without a connection nothing more can be asked.
  leaving_ =
      leaving_ ||
      (!done && (done.error().code == Code::kUnavailable || done.error().code == Code::kTimeout));
}

void Shell::watch(std::string_view words) {
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  double seconds = 2;
  if (!words.empty()) {
    const auto [end, wrong] = std::from_chars(words.data(), words.data() + words.size(), seconds);
    if (wrong != std::errc() || end != words.data() + words.size() || !(seconds >= 0.1) ||
        seconds > 86'400)
      return put("\\watch takes seconds, from 0.1 to 86400.\n");
  }
  if (last_.empty()) return put("There is no statement to run again yet.\n");
  const auto pause = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  interrupted_ = false;
  while (!leaving_) {
    run(last_);
    const auto until = std::chrono::steady_clock::now() + pause;
    while (!interrupted_ && std::chrono::steady_clock::now() < until)
      (void)wait_unless_stopped({}, std::min(pause, kSignalPoll));
    if (interrupted_) return;
  }
}

/// Ctrl-C: the statement ends, the conversation goes on.
void Shell::interrupt() {
  interrupted_ = true;
  if (!asking_) return;
  const auto other = Client::connect(options_);
  if (!other)
    return put("could not end the statement: " + other.error().to_string() + "\n", stderr);
  // It may have ended by itself meanwhile: nobody is to hear of that.
  (void)(*other)->run("KILL QUERY " + std::to_string(client_.connection_id()));
}

std::vector<std::string> Shell::words(std::string_view begun) {
  std::vector<std::string> found;
  if (begun.empty()) return found;
  if (!names_known_) read_names();
  for (const auto& name : names_)
    if (begins(name, begun)) found.push_back(name);
  const bool lower = begun.back() >= 'a' && begun.back() <= 'z';
  for (const auto keyword : kKeywords)
    if (begins(keyword, begun)) found.push_back(lower ? to_lower(keyword) : std::string(keyword));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Shell::read_names() {
  names_known_ = true;
  names_.clear();
  const auto rows = client_.run(kNames);
  if (!rows || rows->empty()) return;  // in a transaction that is aborted, for one: no names now
  for (const auto& row : rows->front().rows)
    if (row[0]) names_.push_back(*row[0]);
}

}  // namespace millrace::serve
