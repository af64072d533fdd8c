// A Backend for the tests of serve/: sessions that answer a handful of made-up statements, and
// settings in memory. `ROWS n` gives n rows, `WAIT` runs until it is interrupted, `WAIT DEAF` until
// it is interrupted again, `FAIL` fails, `FAIL LATE` fails after its first chunk, `LOAD n` asks for
// a file and fails after n bytes of it or tells how many it had, `SIZE n` gives one value of n
// bytes, `TEXT` echoes the statement; several are separated by ';'. Only tests include it.
#pragma once

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.h"
#include "engine/table_load.h"
#include "serve/backend.h"

namespace millrace::serve {

class FakeChunk : public store::ResultChunk {
 public:
  std::vector<std::vector<std::optional<std::string>>> cells;  // by row, then column
  size_t rows() const override { return cells.size(); }
  bool is_null(size_t column, size_t row) const override { return !cells[row][column]; }
  void append_text(size_t column, size_t row, std::string& out) const override {
    out += *cells[row][column];
  }
};

class FakeStream : public store::ResultStream {
 public:
  std::vector<store::ResultColumn> names;
  std::vector<std::unique_ptr<store::ResultChunk>> chunks;
  std::function<std::unique_ptr<store::ResultChunk>()> make;  // instead of chunks
  int64_t changed = 0;
  bool fails_at_end = false;

  const std::vector<store::ResultColumn>& columns() const override { return names; }
  int64_t rows_changed() const override { return changed; }
  Result<std::unique_ptr<store::ResultChunk>> next() override {
    if (make) return make();
    if (at_ < chunks.size()) return std::move(chunks[at_++]);
    if (fails_at_end) return Error(Code::kTypeMismatch, "row 2049 is wrong", "Mend it.");
    return std::unique_ptr<store::ResultChunk>();
  }

 private:
  size_t at_ = 0;
};

class FakeSession : public sql::SqlSession {
 public:
  explicit FakeSession(std::string user) : user_(std::move(user)) {}

  Result<std::unique_ptr<sql::Execution>> execute(std::string_view text) override;
  Result<std::unique_ptr<sql::PreparedStatement>> prepare(std::string_view text) override;
  Result<std::unique_ptr<sql::Execution>> execute(
      sql::PreparedStatement& statement, std::span<const store::BoundValue> values) override;
  void allow_multi_statements(bool allowed) override { multi_ = allowed; }
  void set_client_files(sql::ClientFiles& files) override { files_ = &files; }
  Status use(std::string_view database) override {
    if (database == "missing")
      return Error(Code::kUnknownDatabase, "database \"missing\" does not exist");
    database_ = database;
    return {};
  }
  Status reset() override { return {}; }
  const std::string& database() const override { return database_; }
  bool autocommit() const override { return true; }
  bool in_transaction() const override { return false; }
  void interrupt() override {
    Lock lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

  Result<sql::StatementResult> answer(std::string_view statement);

 private:
  Result<sql::StatementResult> wait(int times);

  const std::string user_;
  Result<sql::StatementResult> load(std::string_view statement);

  std::string database_;
  sql::ClientFiles* files_ = nullptr;
  bool multi_ = true;
  Mutex mutex_;
  Condition changed_;
  bool interrupted_ GUARDED_BY(mutex_) = false;
};

class FakeExecution : public sql::Execution {
 public:
  FakeExecution(FakeSession& session, std::vector<std::string> statements)
      : session_(session), statements_(std::move(statements)) {}
  bool done() const override { return failed_ || at_ == statements_.size(); }
  Result<sql::StatementResult> next() override {
    auto result = session_.answer(statements_[at_++]);
    failed_ = !result;
    return result;
  }

 private:
  FakeSession& session_;
  const std::vector<std::string> statements_;
  size_t at_ = 0;
  bool failed_ = false;
};

/// Each `?` is a parameter.
class FakePrepared : public sql::PreparedStatement {
 public:
  explicit FakePrepared(std::string_view text)
      : text_(text),
        parameters_(static_cast<size_t>(std::count(text.begin(), text.end(), '?')),
                    store::SqlType::kNull),
        columns_{{"text", store::SqlType::kVarchar}} {}
  const std::vector<store::SqlType>& parameters() const override { return parameters_; }
  const std::vector<store::ResultColumn>& columns() const override { return columns_; }
  const std::string& text() const override { return text_; }

 private:
  std::string text_;
  std::vector<store::SqlType> parameters_;
  std::vector<store::ResultColumn> columns_;
};

/// As a fake answers with it: texts and bytes as they are, numbers in digits.
inline std::string shown(const store::BoundValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return "NULL";
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* blob = std::get_if<store::BlobValue>(&value)) return std::string(blob->bytes);
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<uint64_t>(&value)) return std::to_string(*number);
  if (const auto* decimal = std::get_if<store::DecimalValue>(&value))
    return std::string(decimal->text);
  if (const auto* date = std::get_if<store::DateValue>(&value)) return std::to_string(date->days);
  if (const auto* time = std::get_if<store::TimeValue>(&value)) return std::to_string(time->micros);
  if (const auto* moment = std::get_if<store::TimestampValue>(&value))
    return std::to_string(moment->micros);
  return "a real number";
}

inline Result<std::unique_ptr<sql::PreparedStatement>> FakeSession::prepare(std::string_view text) {
  if (text == "FAIL") return Error(Code::kNotFound, "table \"x\" does not exist");
  return std::unique_ptr<sql::PreparedStatement>(std::make_unique<FakePrepared>(text));
}

/// The statement with each `?` replaced by the value that is bound to it.
inline Result<std::unique_ptr<sql::Execution>> FakeSession::execute(
    sql::PreparedStatement& statement, std::span<const store::BoundValue> values) {
  std::string text;
  size_t next = 0;
  for (const char c : statement.text())
    text += c == '?' ? shown(values[next++]) : std::string(1, c);
  return std::unique_ptr<sql::Execution>(
      std::make_unique<FakeExecution>(*this, std::vector<std::string>{text}));
}

inline Result<std::unique_ptr<sql::Execution>> FakeSession::execute(std::string_view text) {
  std::vector<std::string> statements;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    statements.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (statements.empty()) return Error(Code::kSyntax, "the statement is empty");
  if (statements.size() > 1 && !multi_) return Error(Code::kSyntax, "one statement only");
  return std::unique_ptr<sql::Execution>(
      std::make_unique<FakeExecution>(*this, std::move(statements)));
}

inline Result<sql::StatementResult> FakeSession::wait(int times) {
  Lock lock(mutex_);
  for (int i = 0; i < times; ++i) {
    while (!interrupted_) changed_.wait(mutex_);
    interrupted_ = false;
  }
  return Error(Code::kCancelled, "query interrupted");
}

inline Result<sql::StatementResult> FakeSession::load(std::string_view statement) {
  TRY(const auto file, files_->open("a file"));
  size_t bytes_max = 0;
  std::from_chars(statement.data() + 5, statement.data() + statement.size(), bytes_max);
  std::string bytes(1000, '\0');
  sql::StatementResult result;
  for (size_t got = 1; got > 0;) {
    TRY(got, file->read(bytes.data(), bytes.size()));
    result.rows_changed += static_cast<int64_t>(got);
    if (static_cast<size_t>(result.rows_changed) > bytes_max)
      return Error(Code::kCorruptRow, "row 1 is bad");
  }
  return result;
}

inline Result<sql::StatementResult> FakeSession::answer(std::string_view statement) {
  const auto number_after = [&](std::string_view word) {
    size_t n = 0;
    const auto digits = statement.substr(std::min(word.size(), statement.size()));
    std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return n;
  };
  const auto starts = [&](std::string_view word) {
    return statement.substr(0, word.size()) == word;
  };
  sql::StatementResult result;
  if (starts("WAIT")) return wait(starts("WAIT DEAF") ? 2 : 1);
  if (starts("LOAD ")) return load(statement);
  if (statement == "FAIL")
    return Error(Code::kNotFound, "table \"x\" does not exist", "Did you mean y?");
  if (starts("OK") || starts("SET")) {
    result.rows_changed = static_cast<int64_t>(number_after("OK "));
    return result;
  }
  auto stream = std::make_unique<FakeStream>();
  const auto add_row = [&](std::vector<std::optional<std::string>> cells) {
    auto chunk = std::make_unique<FakeChunk>();
    chunk->cells.push_back(std::move(cells));
    stream->chunks.push_back(std::move(chunk));
  };
  if (starts("ROWS ")) {
    stream->names = {{"n", store::SqlType::kBigint}, {"text", store::SqlType::kVarchar}};
    for (size_t i = 0; i < number_after("ROWS "); ++i)
      add_row({std::to_string(i), i % 2 == 0 ? std::nullopt : std::optional<std::string>("odd")});
  } else if (starts("SIZE ")) {
    stream->names = {{"bytes", store::SqlType::kBlob}};
    add_row({std::string(number_after("SIZE "), 'x')});
  } else if (starts("FOREVER")) {
    stream->names = {{"bytes", store::SqlType::kBlob}};
    stream->make = [this]() -> std::unique_ptr<store::ResultChunk> {
      Lock lock(mutex_);
      if (interrupted_) return nullptr;
      auto chunk = std::make_unique<FakeChunk>();
      chunk->cells.push_back({std::string(1 << 16, 'x')});
      return chunk;
    };
  } else {
    stream->names = {{"text", store::SqlType::kVarchar}};
    add_row({statement == "USER" ? user_ : std::string(statement)});
    stream->fails_at_end = statement == "FAIL LATE";
  }
  result.stream = std::move(stream);
  return result;
}

class FakeBackend : public Backend {
 public:
  Result<std::unique_ptr<sql::SqlSession>> open_session(sql::SessionInfo info,
                                                        sql::SessionHost& host) override {
    last_host = &host;
    return std::unique_ptr<sql::SqlSession>(std::make_unique<FakeSession>(info.user));
  }
  Result<std::optional<std::string>> setting(const std::string& key) override {
    Lock lock(mutex_);
    const auto found = settings_.find(key);
    if (found == settings_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Status set_setting(const std::string& key, const std::string& value) override {
    Lock lock(mutex_);
    settings_[key] = value;
    return {};
  }
  Result<std::vector<std::string>> classes(const std::string& model) override {
    if (model != "d.m") return Error(Code::kNotFound, "model \"" + model + "\" does not exist");
    return std::vector<std::string>{"no", "yes"};
  }
  std::atomic<sql::SessionHost*> last_host{nullptr};

 private:
  Mutex mutex_;
  std::map<std::string, std::string> settings_ GUARDED_BY(mutex_);
};

}  // namespace millrace::serve
