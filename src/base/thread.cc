#include "base/thread.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "base/check.h"
#include "base/log.h"

namespace millrace {

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
    try {
      body(stop);
    } catch (const std::exception& e) {
      log_error("an exception escaped a thread", {{"thread", name}, {"what", e.what()}});
      check_failed("no exception escapes a thread", e.what(), name.c_str(), 0);
    }
  });
}

bool wait_unless_stopped(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock<std::mutex> held(mutex);
  return !condition.wait_for(held, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace millrace
