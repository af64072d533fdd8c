// The demo: the founding example from end to end, as `millrace demo speed-dating` runs it. It
// starts a server, streams couples through Kafka (its own in-process broker, or a real one), trains
// on one topic while it classifies the other, and compares the machine with what the two people
// chose. It is a user of millrace like any other: what it asks, it asks as SQL over the MySQL wire,
// and it prints that SQL. Called once, on the main thread; never used by the server.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

namespace millrace::demo {

struct Options {
  std::string kafka;                 // --kafka HOST:PORT; empty: the in-process broker
  std::string data;                  // --data FILE; empty: generated couples
  std::string features = "profile";  // --features profile|own|both
  int64_t couples = 0;               // --couples N, drawn of the file; 0: all of it, or 40,000
  uint64_t seed = 1;                 // --seed S, of the generated couples and their order
  std::string report;                // --report FILE.json; empty: none
  bool exit = false;                 // --exit: end when the story is told
  std::string data_dir;              // --data-dir DIR; empty: a new one, removed at the end
  std::string mysql_listen = "127.0.0.1:3306";  // --mysql-listen; a taken port: a free one is used
  std::string http_listen = "127.0.0.1:8080";   // --http-listen; likewise
  // --me age=30,gender=woman,...; empty: asked for on a terminal, unless --exit; else an example.
  std::string me;
  bool no_me = false;    // --no-me: nobody is added
  std::stop_token stop;  // asked for by SIGINT and SIGTERM: ends the demo soon and cleanly
};

/// Runs the demo; the process's exit status: 0 done, 1 it failed (said on stderr), 2 wrong options.
int run(const Options& options);

}  // namespace millrace::demo
