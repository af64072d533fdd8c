// The client of bench/wire, the same for every server: libmariadb logs in, then the packets are
// written and read here, without a library's copies and conversions, so that the server is what is
// measured. One thread serves all connections. Each verb prints one JSON object on stdout.
//   wire_bench ask   HOST PORT USER DATABASE CONNECTIONS SECONDS SQL   ask, wait, ask again
//   wire_bench fetch HOST PORT USER DATABASE SQL                       one result, row by row
//   wire_bench hold  HOST PORT USER DATABASE CONNECTIONS               idle, until it is killed
//
// Source: MySQL's client/server protocol, "COM_QUERY Response", "Text Resultset".
#include <mysql.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr double kWarmSeconds = 0.5;
constexpr int kSilenceMs = 60'000;
constexpr size_t kReadBytes = size_t{1} << 18;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "wire_bench: %s\n", what.c_str());
  std::exit(1);
}

unsigned number_of(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    fail("\"" + std::string(text) + "\" is not a number above 0");
  }
  return number;
}

double seconds_now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

struct Place {
  const char* host;
  unsigned port;
  const char* user;
  const char* database;
};

struct Close {
  void operator()(MYSQL* client) const { mysql_close(client); }
};
using Client = std::unique_ptr<MYSQL, Close>;

Client log_in(const Place& place) {
  Client client(mysql_init(nullptr));
  const char* database = *place.database == '\0' ? nullptr : place.database;
  if (mysql_real_connect(client.get(), place.host, place.user, "", database, place.port, nullptr,
                         0) == nullptr)
    fail(mysql_error(client.get()));
  return client;
}

/// Follows the packets of one answer, whatever the pieces they arrive in.
class Answer {
 public:
  /// True when the answer ends with these bytes.
  bool take(const unsigned char* data, size_t size) {
    bytes_ += size;
    while (size > 0) {
      if (header_size_ < 4) {
        header_[header_size_++] = *data++;
        --size;
        if (header_size_ < 4) continue;
        length_ = left_ = header_[0] | header_[1] << 8 | header_[2] << 16;
        continue;
      }
      if (left_ == length_ && packet(data[0])) return true;
      const size_t part = std::min(size, left_);
      data += part;
      size -= part;
      left_ -= part;
      if (left_ == 0) header_size_ = 0;
    }
    return false;
  }

  size_t rows() const { return rows_; }
  size_t bytes() const { return bytes_; }

 private:
  /// A packet begins; true when it is the last.
  bool packet(unsigned char first) {
    if (first == 0xff) fail("the server answered with an error");
    if (definitions_ < 0) {
      definitions_ = first + 1;  // libmariadb has an EOF packet sent behind them
      return first == 0;
    }
    if (definitions_ > 0) {
      --definitions_;
      return false;
    }
    if (first == 0xfe && length_ < 0xffffff) return true;
    ++rows_;
    return false;
  }

  int definitions_ = -1;  // that are to come; -1: their number is not known
  unsigned char header_[4];
  size_t header_size_ = 0;
  size_t length_ = 0;
  size_t left_ = 0;
  size_t rows_ = 0;
  size_t bytes_ = 0;
};

class Asker {
 public:
  Asker(const Place& place, std::string_view sql) : client_(log_in(place)) {
    const size_t size = sql.size() + 1;
    for (const size_t byte : {size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff, size_t{0}})
      query_ += static_cast<char>(byte);
    query_ += '\x03';  // COM_QUERY
    query_ += sql;
  }

  int socket() const { return static_cast<int>(mysql_get_socket(client_.get())); }
  double asked_at() const { return asked_at_; }
  const Answer& answer() const { return answer_; }

  void ask() {
    answer_ = Answer();
    asked_at_ = seconds_now();
    const ssize_t sent = send(socket(), query_.data(), query_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(query_.size())) fail("the server took no query");
  }

  /// Takes what has come; true when the answer is whole.
  bool hear() {
    static std::vector<unsigned char> buffer(kReadBytes);
    const ssize_t got = recv(socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) fail("the server hung up");
    return got > 0 && answer_.take(buffer.data(), static_cast<size_t>(got));
  }

 private:
  Client client_;
  std::string query_;
  Answer answer_;
  double asked_at_ = 0;
};

void ask(const Place& place, unsigned connections, unsigned seconds, std::string_view sql) {
  std::vector<std::unique_ptr<Asker>> askers;
  const int epoll = epoll_create1(0);
  for (unsigned i = 0; i < connections; ++i) {
    askers.push_back(std::make_unique<Asker>(place, sql));
    epoll_event wanted{EPOLLIN, {.ptr = askers.back().get()}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, askers.back()->socket(), &wanted);
  }
  for (const auto& asker : askers) asker->ask();
  std::vector<double> waits;
  waits.reserve(size_t{1} << 22);
  const double begin = seconds_now() + kWarmSeconds;
  const double end = begin + seconds;
  std::vector<epoll_event> ready(connections);
  while (true) {
    const int count = epoll_wait(epoll, ready.data(), static_cast<int>(connections), kSilenceMs);
    if (count == 0) fail("the server is silent");
    const double now = seconds_now();
    if (now >= end) break;
    for (int i = 0; i < count; ++i) {
      auto& asker = *static_cast<Asker*>(ready[static_cast<size_t>(i)].data.ptr);
      if (!asker.hear()) continue;
      if (asker.answer().rows() != 1) fail("the answer is not one row");
      if (now >= begin) waits.push_back(seconds_now() - asker.asked_at());
      asker.ask();
    }
  }
  close(epoll);
  if (waits.empty()) fail("there was no answer in time");
  std::sort(waits.begin(), waits.end());
  const auto rank = [&](double part) {
    return waits[static_cast<size_t>(part * static_cast<double>(waits.size() - 1))] * 1e6;
  };
  std::printf("{\"per_s\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
              static_cast<double>(waits.size()) / seconds, rank(0.5), rank(0.99));
}

void fetch(const Place& place, std::string_view sql) {
  Asker asker(place, sql);
  const double begin = seconds_now();
  asker.ask();
  do {
    pollfd one{asker.socket(), POLLIN, 0};
    if (poll(&one, 1, kSilenceMs) == 0) fail("the server is silent");
  } while (!asker.hear());
  std::printf("{\"rows\": %zu, \"bytes\": %zu, \"seconds\": %.6f}\n", asker.answer().rows(),
              asker.answer().bytes(), seconds_now() - begin);
}

void hold(const Place& place, unsigned connections) {
  std::vector<Client> clients;
  for (unsigned i = 0; i < connections; ++i) clients.push_back(log_in(place));
  std::printf("ready %u\n", connections);
  std::fflush(stdout);
  pause();
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count > 5 ? words[1] : "";
  Place place{};
  if (!verb.empty()) place = {words[2], number_of(words[3]), words[4], words[5]};
  if (verb == "ask" && count == 9) {
    ask(place, number_of(words[6]), number_of(words[7]), words[8]);
  } else if (verb == "fetch" && count == 7) {
    fetch(place, words[6]);
  } else if (verb == "hold" && count == 7) {
    hold(place, number_of(words[6]));
  } else {
    fail("usage: wire_bench ask|fetch|hold HOST PORT USER DATABASE ...; see its first lines");
  }
  return 0;
}
