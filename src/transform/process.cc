#include "transform/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace millrace::transform {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr int kCannotRun = 127;  // as shells say it

// Where the keeper holds its ends of the pipes.
constexpr int kReport = 3;
constexpr int kLife = 4;
constexpr int kKeeperDescriptors = 5;

/// All that the keeper needs, made before the fork: behind it only async-signal-safe calls are
/// sound, for other threads may have held any lock.
struct Orders {
  char* const* words;
  const char* directory;
  std::array<int, kKeeperDescriptors> descriptors;  // for 0 to 4
};

void say(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

[[noreturn]] void run_program(const Orders& orders) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();  // its own group, and no terminal
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::syscall(SYS_close_range, static_cast<unsigned>(kReport), ~0U, 0U);
  if (::chdir(orders.directory) == 0) ::execve(orders.words[0], orders.words, environ);
  const int reason = errno;
  say("cannot run ");
  say(orders.words[0]);
  say(reason == ENOENT    ? ": it, or the interpreter of its first line, does not exist\n"
      : reason == EACCES  ? ": permission denied\n"
      : reason == ENOEXEC ? ": it has no #! line and is no program\n"
                          : ": the system refuses it\n");
  ::_exit(kCannotRun);
}

/// The children that came to the keeper when their parents ended, daemons too.
void kill_orphans() {
  std::array<char, 4096> text{};
  while (true) {
    const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    const ssize_t size = list < 0 ? 0 : ::read(list, text.data(), text.size() - 1);
    if (list >= 0) ::close(list);
    pid_t child = 0;
    for (ssize_t i = 0; i < size; ++i) {
      const char c = text[static_cast<size_t>(i)];
      if (c >= '0' && c <= '9') {
        child = child * 10 + (c - '0');
      } else {
        if (child > 0) ::kill(child, SIGKILL);
        child = 0;
      }
    }
    int ignored = 0;
    if (::waitpid(-1, &ignored, 0) < 0 && errno == ECHILD) return;
  }
}

/// Waits for the program's end, or ours, and leaves nothing behind.
[[noreturn]] void keep(const Orders& orders) {
  // The ends of the pipes are moved out of the way of the numbers that they shall have.
  std::array<int, kKeeperDescriptors> moved{};
  for (size_t i = 0; i < moved.size(); ++i)
    moved[i] = ::fcntl(orders.descriptors[i], F_DUPFD, 2 * kKeeperDescriptors);
  for (size_t i = 0; i < moved.size(); ++i) ::dup2(moved[i], static_cast<int>(i));
  // What this process has open (files, sockets, the data directory's lock) is not the keeper's.
  ::syscall(SYS_close_range, static_cast<unsigned>(kKeeperDescriptors), ~0U, 0U);
  ::setsid();
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t program = ::fork();
  if (program == 0) run_program(orders);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(number);
  int status = kCannotRun << 8;
  if (program > 0) {
    const auto ended = static_cast<int>(::syscall(SYS_pidfd_open, program, 0));
    std::array<pollfd, 2> waits{{{kLife, POLLIN, 0}, {ended, POLLIN, 0}}};
    while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
    }
    if (waits[1].revents == 0) ::kill(program, SIGKILL);
    siginfo_t ignored{};
    while (::waitid(P_PID, static_cast<id_t>(program), &ignored, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    // Until it is waited for, its number is its group's and nobody else's.
    ::kill(-program, SIGKILL);
    while (::waitpid(program, &status, 0) < 0 && errno == EINTR) {
    }
    kill_orphans();
  }
  [[maybe_unused]] const auto told = ::write(kReport, &status, sizeof status);
  ::_exit(0);
}

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == 0) return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  return Error(Code::kResourceExhausted,
               std::string("no pipe to a program can be made: ") + std::strerror(errno));
}

void make_ours(const Descriptor& end) {
  ::fcntl(end.number(), F_SETFL, O_NONBLOCK);
  (void)::fcntl(end.number(), F_SETPIPE_SZ, kPipeBytes);  // fewer turns; it works without
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<std::unique_ptr<Process>> Process::start(const Command& command) {
  TRY(auto input, make_pipe());
  TRY(auto output, make_pipe());
  TRY(auto errors, make_pipe());
  TRY(auto report, make_pipe());
  TRY(auto life, make_pipe());
  std::vector<std::string> words = command.words;
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const Orders orders{pointers.data(),
                      command.directory.c_str(),
                      {input.read.number(), output.write.number(), errors.write.number(),
                       report.write.number(), life.read.number()}};
  auto process = std::unique_ptr<Process>(new Process());
  process->keeper_ = ::fork();
  if (process->keeper_ == 0) keep(orders);
  if (process->keeper_ < 0)
    return Error(Code::kResourceExhausted,
                 std::string("no program can be started: ") + std::strerror(errno));
  process->input_ = std::move(input.write);
  process->output_ = std::move(output.read);
  process->errors_ = std::move(errors.read);
  process->report_ = std::move(report.read);
  process->life_ = std::move(life.write);
  for (const auto* end : {&process->input_, &process->output_, &process->errors_}) make_ours(*end);
  return process;
}

Process::~Process() {
  life_.close();
  int ignored = 0;
  while (keeper_ > 0 && ::waitpid(keeper_, &ignored, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> Process::status() {
  if (status_) return status_;
  int status = 0;
  pollfd wait{report_.number(), POLLIN, 0};
  if (::poll(&wait, 1, 0) <= 0) return std::nullopt;
  // A keeper that was killed itself tells nothing; its program died with it.
  const bool told = ::read(report_.number(), &status, sizeof status) == sizeof status;
  status_ = told ? status : SIGKILL;
  return status_;
}

}  // namespace millrace::transform
