// What came out of it: all figures of a run, gathered from SQL while they are shown, and written to
// the JSON of `--report`. Main thread only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "demo/asker.h"
#include "demo/couple.h"
#include "demo/figures.h"
#include "demo/stream.h"

namespace millrace::demo {

/// How good the ranking of some of the classified couples is, and the model that made it.
struct RankingFigures {
  std::string part;  // all, first half, last half
  int64_t couples = 0;
  int64_t from_version = 0, to_version = 0;
  double machine_share = 0, human_share = 0;
  std::optional<double> auc;  // none when all or none of them matched
};

struct Proposal {
  int64_t pid = 0;
  double probability = 0;
  bool is_match = false;
  std::optional<double> age;
  std::string field, career, goal, likes;
};

struct Proposals {
  std::string profile;  // as --me has it
  int64_t iid = 0;
  int64_t partners = 0, matches = 0, model_version = 0;
  std::vector<Proposal> best;
};

struct Outcome {
  std::vector<std::pair<std::string, double>> evaluation;  // the row of dating_training
  std::vector<RankingFigures> rankings;
  Agreement agreement;
  double auc_error = 0;  // the standard error of the AUC of all
  double best_tenth = 0, lift = 0;
  double share_above_half = 0;  // of probabilities above 0.5
  double threshold = 0;
  double training_share = 0;  // of matches among the training couples
  int64_t rows_stored = 0;
  int64_t rejects = 0;
  Progress progress;
  std::optional<Proposals> me;
};

/// Asks for the figures and shows them: the evaluation, the newest matches, the ranking by the age
/// of the model, the table machine against human, the lift of the best-ranked tenth.
Status tell_outcome(Asker& asker, Screen& screen, const Pace& pace, Outcome& outcome);
/// The best matches of someone who was added.
Result<Proposals> tell_proposals(Asker& asker, Screen& screen, const Person& person);

struct ReportFacts {
  const Dating& dating;
  const Split& split;
  const Scene& scene;
  const Pace& pace;
  uint64_t seed;
  bool broker_is_ours;
};

/// Errors: kUnavailable when the file cannot be written.
Status write_report(const std::string& path, const ReportFacts& facts, const Outcome& outcome);

}  // namespace millrace::demo
