// A bounded queue between two threads. It carries batches, never rows, so a mutex costs nothing
// that can be measured. push waits while the queue is full, pop while it is empty; close() wakes
// all that wait.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/thread.h"

namespace millrace {

template <class T>
class Queue {
 public:
  explicit Queue(size_t items_max) : items_max_(items_max) {}

  /// False when the queue was closed; the item is dropped then.
  bool push(T item) {
    Lock lock(mutex_);
    while (items_.size() >= items_max_ && !closed_) changed_.wait(mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Nothing when the queue is closed and empty.
  std::optional<T> pop() {
    Lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    while (items_.empty() && !closed_) changed_.wait(mutex_);
    --waiting_;
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  /// Waits until somebody waits in pop() and there is nothing for them. False when the queue was
  /// closed.
  bool wait_until_wanted() {
    Lock lock(mutex_);
    while ((waiting_ == 0 || !items_.empty()) && !closed_) changed_.wait(mutex_);
    return !closed_;
  }

  void close() {
    Lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const size_t items_max_;
  Mutex mutex_;
  Condition changed_;
  std::deque<T> items_ GUARDED_BY(mutex_);
  size_t waiting_ GUARDED_BY(mutex_) = 0;  // in pop()
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace millrace
