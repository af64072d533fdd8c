#include "demo/figures.h"

#include <cmath>

namespace millrace::demo {
namespace {

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Agreement::agreement() const {
  return share(both_yes + both_no, couples());
}

double Agreement::precision() const {
  return share(both_yes, both_yes + machine_only);
}

double Agreement::recall() const {
  return share(both_yes, both_yes + human_only);
}

double Agreement::machine_share() const {
  return share(both_yes + machine_only, couples());
}

double Agreement::human_share() const {
  return share(both_yes + human_only, couples());
}

double Agreement::kappa() const {
  const double machine = machine_share();
  const double human = human_share();
  const double by_chance = machine * human + (1 - machine) * (1 - human);
  // Both say the same to everyone: no disagreement is possible, and none is beyond chance.
  return by_chance >= 1 ? 0 : (agreement() - by_chance) / (1 - by_chance);
}

double auc_error(double auc, double positives, double negatives) {
  if (positives < 1 || negatives < 1) return 0;
  const double two_positives = auc / (2 - auc);
  const double two_negatives = 2 * auc * auc / (1 + auc);
  const double variance = auc * (1 - auc) + (positives - 1) * (two_positives - auc * auc) +
                          (negatives - 1) * (two_negatives - auc * auc);
  return std::sqrt(variance / (positives * negatives));
}

}  // namespace millrace::demo
