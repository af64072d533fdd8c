// Which clients of HTTP the audit log has been told of: each request proves who sends it, and the
// log wants a line when a client comes, as it has for MySQL's connections. A client is a user on a
// connection. Thread-safe; it remembers clients_max, and tells of those again that it forgot.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "base/thread.h"

namespace millrace::serve {

class HttpLogins {
 public:
  explicit HttpLogins(size_t clients_max = 1000) : clients_max_(clients_max) {}

  /// True at the first request of `user` from `address`, "127.0.0.1:51234".
  bool is_new(const std::string& user, const std::string& address) EXCLUDES(mutex_) {
    std::string key = address + " " + user;
    Lock lock(mutex_);
    if (!known_.insert(key).second) return false;
    order_.push_back(std::move(key));
    if (order_.size() > clients_max_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  const size_t clients_max_;
  Mutex mutex_;
  std::set<std::string> known_ GUARDED_BY(mutex_);
  std::deque<std::string> order_ GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace millrace::serve
