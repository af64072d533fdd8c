// What all fuzzers share: how long they go on, and what they do to bytes. Each has a generator of
// its own seed, so that a run that fails fails again. Only tests include it.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"

namespace millrace {

using Random = std::mt19937;

/// Anything below n; 0 of 0.
inline size_t below(Random& random, size_t n) {
  return n == 0 ? 0 : random() % n;
}

/// How often a fuzzer tries: `usual` times, which take a second or two. MILLRACE_FUZZ_ROUNDS asks
/// for another count, MILLRACE_FUZZ_SECONDS for as many as the test gets done in that time.
class FuzzRounds {
 public:
  explicit FuzzRounds(int64_t usual)
      : seconds_(asked("MILLRACE_FUZZ_SECONDS", 0)),
        wanted_(asked("MILLRACE_FUZZ_ROUNDS", usual)) {}

  bool go_on() const {
    return seconds_ > 0 ? watch_.micros() < seconds_ * 1'000'000 : done_ < wanted_;
  }
  void count(int64_t rounds = 1) { done_ += rounds; }
  int64_t done() const { return done_; }

 private:
  static int64_t asked(const char* variable, int64_t otherwise) {
    const char* const text = std::getenv(variable);
    if (text != nullptr) (void)std::from_chars(text, text + std::strlen(text), otherwise);
    return otherwise;
  }

  const int64_t seconds_;
  const int64_t wanted_;
  const Stopwatch watch_;
  int64_t done_ = 0;
};

/// What mutations put in; each may be empty.
struct FuzzMaterial {
  std::vector<std::string> pieces;  // that mean something to whoever reads the bytes
  std::vector<std::string> others;  // whole texts, of which parts are taken
};

/// One mutation, anywhere.
inline void change_bytes(Random& random, std::string& bytes, const FuzzMaterial& material) {
  const size_t at = below(random, bytes.size() + 1);
  const auto piece = [&] {
    return material.pieces.empty() ? std::string(below(random, 16), static_cast<char>(random()))
                                   : material.pieces[below(random, material.pieces.size())];
  };
  switch (random() % 7) {
    case 0:
      bytes.erase(at, below(random, 8));
      break;
    case 1:
      bytes.insert(at, piece());
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      if (at < bytes.size()) bytes[at] = static_cast<char>(random());
      break;
    case 4:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 5: {
      const auto with = piece();
      bytes.replace(at, with.size(), with);
      break;
    }
    default: {
      const std::string other =
          material.others.empty() ? bytes : material.others[below(random, material.others.size())];
      bytes.insert(at, other.substr(below(random, other.size()), below(random, 32)));
    }
  }
}

}  // namespace millrace
