#include "serve/seats.h"

#include "sql/limited_stream.h"

namespace millrace::serve {

Seat::~Seat() {
  if (seats_ != nullptr) seats_->leave(user_);
}

Result<Seat> Seats::take(const sql::Account& account) {
  Lock lock(mutex_);
  int64_t& taken = taken_[account.name];
  const int64_t most = account.limits.connections;
  if (most > 0 && taken >= most)
    return sql::limit_met(account, "there are more connections", "MAX_USER_CONNECTIONS", most);
  ++taken;
  return Seat(*this, account.name);
}

void Seats::leave(const std::string& user) {
  Lock lock(mutex_);
  const auto found = taken_.find(user);
  if (--found->second == 0) taken_.erase(found);
}

}  // namespace millrace::serve
