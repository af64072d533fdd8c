// The SQL sessions of HTTP requests: one for each request that needs one, at most sessions_max at
// the same time, each with a time after which its statement is interrupted. They are in the process
// list and can be killed like those of MySQL clients. Owned by the Server; thread-safe. A lease is
// used on the thread of its request, and its end closes the session.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "serve/backend.h"
#include "serve/packet.h"
#include "serve/seats.h"
#include "sql/rows.h"

namespace millrace::serve {

struct HttpLimits {
  size_t body_bytes_max = size_t{16} << 20;
  size_t answer_bytes_max = size_t{64} << 20;  // of an answer that is gathered; streams have none
  size_t sessions_max = 12;
  Milliseconds statement_time_max{300'000};  // of all that one request runs
};

/// Who asks, known after authentication.
struct HttpUser {
  std::string user;
  std::string host;  // "127.0.0.1:51234"
  bool by_token = false;
};

class HttpSessions {
 private:
  struct Guest {
    Seat seat;
    std::shared_ptr<const sql::Account> timed;  // whose limit the deadline is; null: the server's
    std::unique_ptr<sql::SqlSession> session;
    sql::Process process;
    int64_t began = 0;     // microseconds since 1970
    int64_t deadline = 0;  // the same
    bool overdue = false;
    bool killed = false;
  };

 public:
  class Lease {
   public:
    Lease(HttpSessions& sessions, Guest& guest) : sessions_(sessions), guest_(guest) {}
    ~Lease() { sessions_.close(guest_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    sql::SqlSession& session() { return *guest_.session; }
    /// kTimeout or kCancelled when it may not go on; for between two chunks of a result.
    Status check() { return sessions_.check(guest_); }
    /// What to tell of a failure: a statement that we interrupted ran out of time.
    Error explained(Error error);

   private:
    HttpSessions& sessions_;
    Guest& guest_;
  };

  HttpSessions(Backend& backend, sql::SessionHost& host, std::function<uint64_t()> next_id,
               Seats& seats, HttpLimits limits)
      : backend_(backend),
        host_(host),
        next_id_(std::move(next_id)),
        seats_(seats),
        limits_(limits) {}

  const HttpLimits& limits() const { return limits_; }

  /// `text` is for the process list; `time` is cut to the limit. Errors: kUnavailable when there
  /// are too many or the server stops, and those of the backend.
  Result<std::unique_ptr<Lease>> open(const HttpUser& user, std::string_view text,
                                      Milliseconds time);
  Result<std::unique_ptr<Lease>> open(const HttpUser& user, std::string_view text) {
    return open(user, text, limits_.statement_time_max);
  }

  std::vector<sql::Process> processes() const;
  /// False when there is no such session.
  bool kill(uint64_t id);
  /// Interrupts those that are overdue and those whose clients have gone; once a second. `port` is
  /// the one where they came in.
  void sweep(uint16_t port);
  /// Interrupts all, takes no more, and waits until they are gone.
  void stop();

 private:
  Status check(const Guest& guest) const;
  void close(Guest& guest);

  Backend& backend_;
  sql::SessionHost& host_;
  const std::function<uint64_t()> next_id_;
  Seats& seats_;
  const HttpLimits limits_;

  mutable Mutex mutex_;
  Condition changed_;
  std::map<uint64_t, std::unique_ptr<Guest>> guests_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
};

/// The rows of one query, for what the server itself asks.
Result<sql::Rows> rows_of_query(sql::SqlSession& session, std::string_view query);

}  // namespace millrace::serve
