#include "serve/http_sessions.h"

#include <algorithm>

#include "base/clock.h"
#include "serve/socket.h"
#include "sql/limited_stream.h"

namespace millrace::serve {
namespace {

constexpr Milliseconds kPause{100};
constexpr int64_t kSoonMicros = 500'000;  // who takes no longer is not asked whether it is there

Error timed_out() {
  return Error(Code::kTimeout, "the request ran longer than it may",
               "Ask for less at once, or use a MySQL client, which may take its time.");
}

}  // namespace

Error HttpSessions::Lease::explained(Error error) {
  if (error.code != Code::kCancelled) return error;
  auto status = check();
  return status ? std::move(error) : std::move(status).error();
}

Result<std::unique_ptr<HttpSessions::Lease>> HttpSessions::open(const HttpUser& user,
                                                                std::string_view text,
                                                                Milliseconds time) {
  const uint64_t id = next_id_();  // before our lock: the server has one of its own
  auto guest = std::make_unique<Guest>();
  guest->began = now_micros();
  const auto account = host_.accounts().find(user.user);
  if (!account) return Error(Code::kAuthentication, "the user was dropped");
  TRY(guest->seat, seats_.take(*account));
  time = std::min(time, limits_.statement_time_max);
  const Milliseconds own(account->limits.query_seconds * 1000);
  if (own.count() > 0 && own < time) {
    time = own;
    guest->timed = account;
  }
  guest->deadline = guest->began + time.count() * 1000;
  guest->process.id = id;
  guest->process.user = user.user;
  guest->process.host = user.host;
  guest->process.command = "Query";
  guest->process.state = "executing";
  guest->process.text = text.substr(0, sql::kShownTextBytes);
  sql::SessionInfo info{id, user.user, user.host};
  info.by_token = user.by_token;
  TRY(guest->session, backend_.open_session(std::move(info), host_));
  Lock lock(mutex_);
  if (stopping_) return Error(Code::kUnavailable, "the server stops");
  if (guests_.size() >= limits_.sessions_max)
    return Error(Code::kUnavailable,
                 "there are " + std::to_string(guests_.size()) + " HTTP requests at work already",
                 "Try again, or use a MySQL client.");
  Guest& kept = *(guests_[id] = std::move(guest));
  return std::make_unique<Lease>(*this, kept);
}

Status HttpSessions::check(const Guest& guest) const {
  Lock lock(mutex_);
  const bool late = guest.overdue || now_micros() > guest.deadline;
  if (late && guest.timed)
    return sql::limit_met(*guest.timed, "the request took more seconds", "MAX_QUERY_TIME",
                          guest.timed->limits.query_seconds);
  if (late) return timed_out();
  if (guest.killed || stopping_) return Error(Code::kCancelled, "query interrupted");
  return {};
}

void HttpSessions::close(Guest& guest) {
  std::unique_ptr<Guest> gone;  // the session closes outside of the lock
  Lock lock(mutex_);
  const auto found = guests_.find(guest.process.id);
  gone = std::move(found->second);
  guests_.erase(found);
  changed_.notify_all();
}

std::vector<sql::Process> HttpSessions::processes() const {
  Lock lock(mutex_);
  std::vector<sql::Process> list;
  for (const auto& [id, guest] : guests_) {
    sql::Process process = guest->process;
    process.seconds = (now_micros() - guest->began) / 1'000'000;
    list.push_back(std::move(process));
  }
  return list;
}

bool HttpSessions::kill(uint64_t id) {
  Lock lock(mutex_);
  const auto found = guests_.find(id);
  if (found == guests_.end()) return false;
  found->second->killed = true;
  found->second->session->interrupt();
  return true;
}

void HttpSessions::sweep(uint16_t port) {
  Lock lock(mutex_);
  const int64_t now = now_micros();
  const bool lasts = std::any_of(guests_.begin(), guests_.end(), [&](const auto& entry) {
    return now - entry.second->began > kSoonMicros;
  });
  const auto gone = lasts ? gone_peers(port) : std::vector<std::string>();
  for (auto& [id, guest] : guests_) {
    guest->overdue = guest->overdue || now > guest->deadline;
    // Nobody waits for the answer: the session is free for those who do.
    guest->killed =
        guest->killed || std::find(gone.begin(), gone.end(), guest->process.host) != gone.end();
    // An interrupt between two statements is lost: it is said again until the request ends.
    if (guest->overdue || guest->killed) guest->session->interrupt();
  }
}

void HttpSessions::stop() {
  Lock lock(mutex_);
  stopping_ = true;
  while (!guests_.empty()) {
    for (auto& [id, guest] : guests_) guest->session->interrupt();
    (void)changed_.wait_for(mutex_, kPause);
  }
}

Result<sql::Rows> rows_of_query(sql::SqlSession& session, std::string_view query) {
  TRY(const auto execution, session.execute(query));
  TRY(const auto result, execution->next());
  if (!result.stream) return sql::Rows();
  return sql::read_all(*result.stream);
}

}  // namespace millrace::serve
