#include "base/thread.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

#include "base/check.h"
#include "base/log.h"

namespace millrace {
namespace {

/// The lowest address of this thread's stack; 0: nobody asked.
thread_local uintptr_t stack_begin = 0;

uintptr_t find_stack_begin() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* begin = nullptr;
  size_t size = 0;
  if (pthread_attr_getstack(&attributes, &begin, &size) != 0) begin = nullptr;
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<uintptr_t>(begin);
}

}  // namespace

void Condition::wait(Mutex& mutex) {
  std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
  condition_.wait(held);
  held.release();
}

bool Condition::wait_for(Mutex& mutex, std::chrono::milliseconds time) {
  std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
  const auto status = condition_.wait_for(held, time);
  held.release();
  return status == std::cv_status::no_timeout;
}

int core_count() {
  return std::max(1, static_cast<int>(std::jthread::hardware_concurrency()));
}

std::jthread run_thread(std::string name, std::function<void(std::stop_token)> body) {
  return std::jthread([name = std::move(name), body = std::move(body)](std::stop_token stop) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    stack_begin = find_stack_begin();
    try {
      body(stop);
    } catch (const std::exception& e) {
      log_error("an exception escaped a thread", {{"thread", name}, {"what", e.what()}});
      check_failed("no exception escapes a thread", e.what(), name.c_str(), 0);
    }
  });
}

void give_back_stack() {
  // Below this frame lies what calls that are over have used; a margin is left for those to come.
  constexpr uintptr_t kMargin = 4 * 1024;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t end = (here - kMargin) / page * page;
  if (stack_begin == 0 || end <= stack_begin) return;
  (void)madvise(reinterpret_cast<void*>(stack_begin), end - stack_begin, MADV_DONTNEED);
}

bool wait_unless_stopped(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock<std::mutex> held(mutex);
  return !condition.wait_for(held, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace millrace
