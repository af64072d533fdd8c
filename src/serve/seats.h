// How many sessions each account has open, over MySQL and HTTP, and whether it may have another
// (MAX_USER_CONNECTIONS). One per server; thread-safe. A Seat gives itself back.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "sql/account.h"

namespace millrace::serve {

class Seats;

class Seat {
 public:
  Seat() = default;
  Seat(Seats& seats, std::string user) : seats_(&seats), user_(std::move(user)) {}
  Seat(Seat&& other) noexcept { swap(other); }
  Seat& operator=(Seat&& other) noexcept {
    Seat old(std::move(*this));
    swap(other);
    return *this;
  }
  ~Seat();

 private:
  void swap(Seat& other) noexcept {
    std::swap(seats_, other.seats_);
    user_.swap(other.user_);
  }
  Seats* seats_ = nullptr;  // null: none is held
  std::string user_;
};

class Seats {
 public:
  /// Errors: kLimit.
  Result<Seat> take(const sql::Account& account);

 private:
  friend class Seat;
  void leave(const std::string& user);

  Mutex mutex_;
  std::map<std::string, int64_t> taken_ GUARDED_BY(mutex_);  // by user; none is 0
};

}  // namespace millrace::serve
