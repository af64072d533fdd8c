// Threads and locks. run_thread is the only way a thread starts: it names the thread and turns an
// escaped exception into a named abort. Mutex is std::mutex with clang's thread-safety annotations,
// so that "which lock guards this" is checked by the compiler and not by a comment.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#if defined(__clang__)
#define MILLRACE_TSA(x) __attribute__((x))
#else
#define MILLRACE_TSA(x)
#endif
#define CAPABILITY(x) MILLRACE_TSA(capability(x))
#define SCOPED_CAPABILITY MILLRACE_TSA(scoped_lockable)
#define GUARDED_BY(x) MILLRACE_TSA(guarded_by(x))
#define REQUIRES(...) MILLRACE_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) MILLRACE_TSA(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) MILLRACE_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) MILLRACE_TSA(release_capability(__VA_ARGS__))

namespace millrace {

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

class SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable for Mutex. Waits return on a notice, at the deadline, or spuriously:
/// callers loop over their own condition.
class Condition {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex);
  /// False when the time ran out.
  bool wait_for(Mutex& mutex, std::chrono::milliseconds time) REQUIRES(mutex);
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

/// The cores this process may use, at least one.
int core_count();

/// Starts a joining thread called `name` (15 characters are shown by the system).
std::jthread run_thread(std::string name, std::function<void(std::stop_token)> body);

/// Before a long wait: the memory of the calling thread's stack that is not in use goes back to the
/// system. Of threads that run_thread started; does nothing on others.
void give_back_stack();

/// Waits until `time` has passed or `stop` is asked for; true when the time passed.
bool wait_unless_stopped(const std::stop_token& stop, std::chrono::milliseconds time);

}  // namespace millrace
