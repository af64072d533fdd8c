#include "engine/rate_window.h"

#include <algorithm>

namespace millrace::engine {
namespace {

constexpr int64_t kMicros = 1'000'000;  // in a second
/// Over less than this a rate says nothing.
constexpr int64_t kSpanMin = kMicros / 10;

double per_second(int64_t amount, int64_t micros) {
  return static_cast<double>(amount) * 1e6 / static_cast<double>(std::max(micros, kSpanMin));
}

}  // namespace

void RateWindow::begin(int64_t now) {
  end(now);
  seconds_ = {};
  begun_at_ = now;
}

void RateWindow::end(int64_t now) {
  if (begun_at_) ran_before_ += now - *begun_at_;
  begun_at_.reset();
}

RateWindow::Second& RateWindow::second_of(int64_t now) {
  const int64_t number = now / kMicros;
  auto& second = seconds_[static_cast<size_t>(number % kSecondsMax)];
  if (second.number != number) {
    second = {};
    second.number = number;
  }
  return second;
}

void RateWindow::add(int64_t now, int64_t messages, int64_t bytes) {
  auto& second = second_of(now);
  second.messages += messages;
  second.bytes += bytes;
  messages_ += messages;
  bytes_ += bytes;
}

void RateWindow::note_lag(int64_t now, int64_t lag) {
  auto& second = second_of(now);
  if (second.lag_at >= 0) return;
  second.lag_at = now;
  second.lag = lag;
}

void RateWindow::forget_lag() {
  for (auto& second : seconds_) second.lag_at = -1;
}

bool RateWindow::is_recent(const Second& second, int64_t now) const {
  return second.number >= 0 && second.number > now / kMicros - kSecondsMax;
}

Rate RateWindow::recent(int64_t now) const {
  if (!begun_at_) return {};
  int64_t messages = 0, bytes = 0;
  for (const auto& second : seconds_) {
    if (!is_recent(second, now)) continue;
    messages += second.messages;
    bytes += second.bytes;
  }
  const int64_t first = (now / kMicros - kSecondsMax + 1) * kMicros;
  const int64_t span = now - std::max(first, *begun_at_);
  return {per_second(messages, span), per_second(bytes, span)};
}

Rate RateWindow::overall(int64_t now) const {
  const int64_t span = ran_before_ + (begun_at_ ? now - *begun_at_ : 0);
  return {per_second(messages_, span), per_second(bytes_, span)};
}

std::optional<double> RateWindow::seconds_left(int64_t now, int64_t lag) const {
  if (!begun_at_) return std::nullopt;
  const Second* first = nullptr;
  for (const auto& second : seconds_) {
    if (!is_recent(second, now) || second.lag_at < 0) continue;
    if (first == nullptr || second.lag_at < first->lag_at) first = &second;
  }
  if (first == nullptr || first->lag <= lag || now <= first->lag_at) return std::nullopt;
  return static_cast<double>(lag) / per_second(first->lag - lag, now - first->lag_at);
}

}  // namespace millrace::engine
