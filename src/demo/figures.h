// The figures that compare the machine with the people: arithmetic on counts that SQL has made.
// Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace millrace::demo {

/// The table machine against human. "yes": a match.
struct Agreement {
  int64_t both_yes = 0;
  int64_t machine_only = 0;  // the machine says match, the couple did not
  int64_t human_only = 0;
  int64_t both_no = 0;

  int64_t couples() const { return both_yes + machine_only + human_only + both_no; }
  double agreement() const;      // how often both say the same
  double precision() const;      // of the machine's matches, how many were the couple's
  double recall() const;         // of the couple's matches, how many the machine found
  double machine_share() const;  // how many are matches, says the machine
  double human_share() const;    // the base rate
  /// Cohen's kappa: agreement beyond what two such shares give by chance; 0 is chance, 1 is all.
  double kappa() const;
};

/// The standard error of an AUC of `positives` and `negatives` (Hanley and McNeil, 1982).
double auc_error(double auc, double positives, double negatives);

}  // namespace millrace::demo
