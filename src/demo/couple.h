// <Person A, Person B, match>: what the demo streams. A Dating is all of them with the people they
// are made of, from one of two places: the Kaggle file (read_dating_file) or a seeded generator
// (generate_couples). Held in memory by the demo, read by its other parts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "demo/person.h"

namespace millrace::demo {

/// What each said about the other AFTER the date; for `--features own|both`, else never read.
inline constexpr std::array<std::string_view, 8> kRatings = {"attr", "sinc", "intel", "fun",
                                                             "amb",  "shar", "like",  "prob"};
using Ratings = std::array<double, kRatings.size()>;

inline constexpr int kNotSaid = -1;

struct Couple {
  size_t a = 0, b = 0;  // in Dating::people
  int wave = 0;         // the evening; 0 for someone who was at none
  int dec = kNotSaid;   // A would like to see B again
  int dec_o = kNotSaid;
  int match = kNotSaid;  // both would
  bool same_race = false;
  double int_corr = kUnknown;
  Ratings own{};    // A of B
  Ratings other{};  // B of A
};

struct Dating {
  std::string source;  // where it comes from, in words
  bool generated = false;
  std::vector<Person> people;
  std::vector<Couple> couples;
  int64_t left_out = 0;    // rows of the file that have no partner in it
  int64_t unreadable = 0;  // rows of the file that are no rows
};

struct GeneratorOptions {
  int64_t couples = 40'000;
  uint64_t seed = 1;
};

inline constexpr int64_t kCouplesMin = 200;

/// Made-up couples of made-up people with a taste that can be learned: the same options, the same
/// couples, on every machine. Errors: kInvalidArgument for fewer than kCouplesMin.
Result<Dating> generate_couples(const GeneratorOptions& options);

/// The Kaggle file, each row joined with the partner's own answers. Errors: kNotFound,
/// kInvalidArgument when it lacks a column that is needed.
Result<Dating> read_dating_file(const std::string& path);
/// The same from the file's bytes; `name` is for messages.
Result<Dating> read_dating_text(const std::string& bytes, const std::string& name);

/// Keeps `couples` of them, drawn with the seed over all evenings, when there are more.
void draw_couples(Dating& dating, int64_t couples, uint64_t seed);

/// The couples of one stream and of the other: the first two thirds of the evenings are learned
/// from, the others are classified, so that no couple and no person of an evening is in both. Each
/// in an order drawn with the seed.
struct Split {
  std::vector<size_t> training;        // in Dating::couples
  std::vector<size_t> classification;  // likewise
  int first_wave = 0, last_training_wave = 0, last_wave = 0;
};

/// Errors: kInvalidArgument when there is but one evening.
Result<Split> split_couples(const Dating& dating, uint64_t seed);

}  // namespace millrace::demo
