// Slows down who tries passwords. Some failures are free; after them the attempts of an address,
// and those on an account from anywhere, get turns, ever further apart, however many come at once:
// a client waits for its turn, or is sent away when that is too far off. Failures are forgotten
// with time, and those of an account when it is entered. On this machine an attempt waits a moment
// when there were failures on the same account, and is never sent away, so that an account's owner
// always gets in there. One per server; thread-safe. It remembers keys_max names at most, the
// worst.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "serve/packet.h"

namespace millrace::serve {

struct LoginAttempt {
  const std::string& user;
  const std::string& address;  // the client's, without its port
  bool local = false;          // it is on this machine
};

class LoginGuard {
 public:
  explicit LoginGuard(size_t keys_max = 10'000) : keys_max_(keys_max) {}

  /// How long this attempt must wait. Errors: kLimit when that is longer than `patience`, of a
  /// client that is not on this machine.
  Result<Milliseconds> turn(const LoginAttempt& attempt, Milliseconds patience, int64_t now_micros);
  void note(const LoginAttempt& attempt, bool admitted, int64_t now_micros);

  /// turn(), and the wait, which stop() ends with kCancelled.
  Status pass(const LoginAttempt& attempt, Milliseconds patience);
  void stop();

  size_t keys() const;

 private:
  struct Record {
    int64_t failures = 0;
    int64_t last = 0;  // microseconds since 1970: of the last failure, or what was forgotten since
    int64_t next = 0;  // when the next turn is
  };
  Record* known(const std::string& key, int64_t now) REQUIRES(mutex_);
  void fail(const std::string& key, int64_t now) REQUIRES(mutex_);
  void make_room(int64_t now) REQUIRES(mutex_);

  const size_t keys_max_;
  mutable Mutex mutex_;
  Condition changed_;
  std::map<std::string, Record> records_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace millrace::serve
