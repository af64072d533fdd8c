#include "sql/session.h"

#include <algorithm>
#include <atomic>

#include "engine/engine.h"
#include "sql/runner.h"
#include "sql/split.h"
#include "store/store.h"

namespace millrace::sql {
namespace {

/// The error with its place in the whole text, and that place in words.
Error located(Error error, std::string_view text, size_t begin) {
  if (error.position < 0) return error;
  error.position += static_cast<int64_t>(begin);
  const auto before = text.substr(0, static_cast<size_t>(error.position));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_begin =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::string place = "At line " + std::to_string(line) + ", column " +
                            std::to_string(before.size() - line_begin + 1) + ".";
  error.detail = error.detail.empty() ? place : error.detail + " " + place;
  return error;
}

class Session;

class SessionExecution : public Execution {
 public:
  SessionExecution(Session& session, std::string text, std::vector<Piece> pieces);
  ~SessionExecution() override;
  bool done() const override { return next_ >= pieces_.size(); }
  Result<StatementResult> next() override;

 private:
  Session& session_;
  const std::string text_;
  const std::vector<Piece> pieces_;
  size_t next_ = 0;
};

class PreparedExecution : public Execution {
 public:
  PreparedExecution(Session& session, Prepared& statement,
                    std::span<const store::BoundValue> values);
  ~PreparedExecution() override;
  bool done() const override { return done_; }
  Result<StatementResult> next() override;

 private:
  Session& session_;
  Prepared& statement_;
  const std::span<const store::BoundValue> values_;
  bool done_ = false;
};

class Session : public SqlSession {
 public:
  Session(store::Store& store, engine::Engine& engine, SessionInfo info, SessionHost& host,
          std::unique_ptr<store::Session> session)
      : runner_(store, engine, std::move(info), host, std::move(session)) {}

  Result<std::unique_ptr<Execution>> execute(std::string_view text) override {
    auto pieces = split(text, runner_.lex_options());
    if (!pieces) return located(std::move(pieces).error(), text, 0);
    if (pieces->empty()) return Error(Code::kSyntax, "the statement is empty");
    if (!multi_statements_ && pieces->size() > 1) {
      Error error(Code::kSyntax, "only one statement is allowed at a time",
                  "The client must ask for several when it connects.");
      error.position = static_cast<int64_t>((*pieces)[1].begin);
      return located(std::move(error), text, 0);
    }
    return std::unique_ptr<Execution>(
        std::make_unique<SessionExecution>(*this, std::string(text), std::move(*pieces)));
  }
  Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view text) override {
    auto pieces = split(text, runner_.lex_options());
    if (!pieces) return located(std::move(pieces).error(), text, 0);
    if (pieces->size() != 1)
      return Error(Code::kSyntax, pieces->empty() ? "the statement is empty"
                                                  : "only one statement can be prepared at a time");
    const Piece piece = pieces->front();
    auto prepared = runner_.prepare(text.substr(piece.begin, piece.end - piece.begin));
    if (!prepared) return located(std::move(prepared).error(), text, piece.begin);
    return std::unique_ptr<PreparedStatement>(std::move(*prepared));
  }
  Result<std::unique_ptr<Execution>> execute(PreparedStatement& statement,
                                             std::span<const store::BoundValue> values) override {
    return std::unique_ptr<Execution>(
        std::make_unique<PreparedExecution>(*this, static_cast<Prepared&>(statement), values));
  }
  void allow_multi_statements(bool allowed) override { multi_statements_ = allowed; }
  void set_client_files(ClientFiles& files) override { runner_.set_client_files(files); }
  Status use(std::string_view database) override { return runner_.use(database); }
  Status reset() override { return runner_.reset(); }
  const std::string& database() const override { return runner_.database(); }
  bool autocommit() const override { return runner_.autocommit(); }
  bool in_transaction() const override { return runner_.in_transaction(); }

  void interrupt() override {
    if (!working_) return;
    interrupted_ = true;
    runner_.interrupt();
  }

  void begin_work() {
    interrupted_ = false;
    working_ = true;
  }
  void end_work() { working_ = false; }
  bool interrupted() const { return interrupted_; }
  Runner& runner() { return runner_; }

 private:
  Runner runner_;
  bool multi_statements_ = true;
  std::atomic<bool> working_ = false;
  std::atomic<bool> interrupted_ = false;
};

PreparedExecution::PreparedExecution(Session& session, Prepared& statement,
                                     std::span<const store::BoundValue> values)
    : session_(session), statement_(statement), values_(values) {
  session_.begin_work();
}

PreparedExecution::~PreparedExecution() {
  session_.end_work();
}

Result<StatementResult> PreparedExecution::next() {
  CHECK(!done_, "the caller asks done() before next()");
  done_ = true;
  if (session_.interrupted()) return Error(Code::kCancelled, "the statement was interrupted");
  auto result = session_.runner().run(statement_, values_);
  if (result) return result;
  return located(std::move(result).error(), statement_.text(), 0);
}

SessionExecution::SessionExecution(Session& session, std::string text, std::vector<Piece> pieces)
    : session_(session), text_(std::move(text)), pieces_(std::move(pieces)) {
  session_.begin_work();
}

SessionExecution::~SessionExecution() {
  session_.end_work();
}

Result<StatementResult> SessionExecution::next() {
  CHECK(!done(), "the caller asks done() before next()");
  const Piece piece = pieces_[next_];
  if (session_.interrupted()) {
    next_ = pieces_.size();
    return Error(Code::kCancelled, "the statement was interrupted");
  }
  ++next_;
  const auto text = std::string_view(text_).substr(piece.begin, piece.end - piece.begin);
  auto result = session_.runner().run(text);
  if (result) return result;
  next_ = pieces_.size();
  return located(std::move(result).error(), text_, piece.begin);
}

}  // namespace

Result<std::unique_ptr<SqlSession>> SqlSession::open(store::Store& store, engine::Engine& engine,
                                                     SessionInfo info, SessionHost& host) {
  TRY(auto session, store.open_session());
  return std::unique_ptr<SqlSession>(
      std::make_unique<Session>(store, engine, std::move(info), host, std::move(session)));
}

}  // namespace millrace::sql
