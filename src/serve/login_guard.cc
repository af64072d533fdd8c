#include "serve/login_guard.h"

#include <algorithm>

#include "base/clock.h"
#include "serve/users.h"

namespace millrace::serve {
namespace {

constexpr int64_t kFreeFailures = 5;
constexpr int64_t kForgetMicros = 10'000'000;  // a failure is forgotten after so long
constexpr int64_t kFailuresMax = 60;           // what is counted is forgotten in 10 minutes
constexpr int64_t kFirstPauseMicros = 100'000;
constexpr int64_t kPauseMicrosMax = 5'000'000;
constexpr int64_t kGentlePauseMicrosMax = 1'000'000;  // of an account, and on this machine

std::string key_of_address(const LoginAttempt& attempt) {
  return "from " + attempt.address;
}
std::string key_of_account(const LoginAttempt& attempt) {
  return (attempt.local ? "here " : "user ") + attempt.user.substr(0, kNameBytesMax);
}

int64_t pause_after(int64_t failures, int64_t most) {
  const int64_t doublings = std::min<int64_t>(failures - kFreeFailures, 10);
  return std::min(kFirstPauseMicros << doublings, most);
}

Error too_many(const std::string& what, int64_t wait_micros) {
  return Error(Code::kLimit, "too many failed logins " + what,
               "Try again in " + std::to_string(wait_micros / 1'000'000 + 1) + " seconds.");
}

}  // namespace

LoginGuard::Record* LoginGuard::known(const std::string& key, int64_t now) {
  const auto found = records_.find(key);
  if (found == records_.end()) return nullptr;
  Record& record = found->second;
  const int64_t forgotten = std::max<int64_t>(0, (now - record.last) / kForgetMicros);
  record.failures -= std::min(forgotten, record.failures);
  record.last += forgotten * kForgetMicros;
  if (record.failures > 0) return &record;
  records_.erase(found);
  return nullptr;
}

Result<Milliseconds> LoginGuard::turn(const LoginAttempt& attempt, Milliseconds patience,
                                      int64_t now) {
  Lock lock(mutex_);
  Record* account = known(key_of_account(attempt), now);
  if (attempt.local) {
    const bool slow = account != nullptr && account->failures >= kFreeFailures;
    return Milliseconds(slow ? pause_after(account->failures, kGentlePauseMicrosMax) / 1000 : 0);
  }
  Record* address = known(key_of_address(attempt), now);
  int64_t at = now;
  for (Record* record : {address, account}) {
    if (record != nullptr && record->failures >= kFreeFailures) at = std::max(at, record->next);
  }
  const int64_t wait = at - now;
  if (wait > patience.count() * 1000) {
    const bool of_address = address != nullptr && address->next == at;
    return too_many(
        of_address ? "from \"" + attempt.address + "\"" : "for user \"" + attempt.user + "\"",
        wait);
  }
  if (address != nullptr && address->failures >= kFreeFailures)
    address->next = at + pause_after(address->failures, kPauseMicrosMax);
  if (account != nullptr && account->failures >= kFreeFailures)
    account->next = at + pause_after(account->failures, kGentlePauseMicrosMax);
  return Milliseconds((wait + 999) / 1000);
}

void LoginGuard::note(const LoginAttempt& attempt, bool admitted, int64_t now) {
  Lock lock(mutex_);
  if (admitted) {
    // Not those of the address: it could try others' passwords between two logins of its own.
    records_.erase(key_of_account(attempt));
    return;
  }
  fail(key_of_account(attempt), now);
  if (!attempt.local) fail(key_of_address(attempt), now);
}

void LoginGuard::fail(const std::string& key, int64_t now) {
  Record* record = known(key, now);
  if (record == nullptr) {
    make_room(now);
    record = &records_[key];
    record->last = now;
  }
  if (record->failures == 0) record->last = now;
  record->failures = std::min(record->failures + 1, kFailuresMax);
}

void LoginGuard::make_room(int64_t now) {
  if (records_.size() < keys_max_) return;
  std::erase_if(records_, [&](const auto& entry) {
    return now - entry.second.last > kForgetMicros * entry.second.failures;
  });
  while (records_.size() >= keys_max_) {
    const auto least =
        std::min_element(records_.begin(), records_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second.failures, a.second.last) <
                 std::pair(b.second.failures, b.second.last);
        });
    records_.erase(least);
  }
}

Status LoginGuard::pass(const LoginAttempt& attempt, Milliseconds patience) {
  TRY(const Milliseconds wait, turn(attempt, patience, now_micros()));
  const Stopwatch since;
  Lock lock(mutex_);
  while (!stopping_) {
    const auto left = wait - Milliseconds(since.micros() / 1000);
    if (left.count() <= 0) return {};
    (void)changed_.wait_for(mutex_, left);
  }
  return Error(Code::kCancelled, "the server stops");
}

void LoginGuard::stop() {
  Lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

size_t LoginGuard::keys() const {
  Lock lock(mutex_);
  return records_.size();
}

}  // namespace millrace::serve
