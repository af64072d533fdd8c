// What a large model costs: LinearClassifier with Ftrl over 2^24 buckets. How long a publication
// takes after a batch that touched some 10^5 weights, the process's resident memory, how fast the
// batch is learned while its predecessor can be read, and how fast that one scores when all weights
// of the rows have changed since. Uniform ids are the worst that can be; those of real categories
// are mostly the same few (log-uniform, as in bench/estimators' criteo).
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "estimator/estimator.h"

namespace millrace::bench {
namespace {

constexpr int64_t kBuckets = int64_t{1} << 24;
constexpr size_t kRows = 6'250;
constexpr size_t kIdsOfARow = 16;
constexpr size_t kStepRows = 128;
constexpr int kBatches = 50;

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  statm >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void fill(estimator::TowerInputs& inputs, Labels& labels, std::mt19937_64& random, bool uniform) {
  std::uniform_real_distribution<double> draw(0, 1);
  inputs.linear.rows = kRows;
  inputs.linear.blocks.resize(1);
  EncodedBlock& block = inputs.linear.blocks[0];
  block.offsets.assign(1, 0);
  block.ids.clear();
  labels.values.clear();
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t i = 0; i < kIdsOfARow; ++i) {
      const double size = static_cast<double>(kBuckets);
      const double at = uniform ? size * draw(random) : std::pow(size, draw(random));
      // Hashing spreads the common values over the table.
      const uint64_t hashed = static_cast<uint64_t>(at) * 0x9E3779B97F4A7C15U >> 40;
      block.ids.push_back(static_cast<int32_t>(hashed));
    }
    block.offsets.push_back(static_cast<uint32_t>(block.ids.size()));
    labels.values.push_back(random() % 4 == 0 ? 1.0F : 0.0F);
  }
}

void measure(bool uniform) {
  estimator::EstimatorSpec spec;
  estimator::TowerLayouts layouts;
  BlockLayout layout;
  layout.name = "c";
  layout.sparse = true;
  layout.width = kBuckets;
  layouts.linear = {layout};
  auto made = estimator::Trainer::create(spec, layouts);
  CHECK(made.has_value(), "the model can be made");
  estimator::Trainer& trainer = **made;
  estimator::TowerInputs inputs;
  Labels labels;
  estimator::Predictions predictions;
  std::mt19937_64 random(24);
  std::shared_ptr<const estimator::Model> model = trainer.publish();
  std::vector<double> times;
  int64_t learning = 0;
  int64_t scoring = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    fill(inputs, labels, random, uniform);
    Stopwatch watch;
    for (size_t begin = 0; begin < kRows; begin += kStepRows)
      (void)trainer.learn(inputs, labels, begin, std::min(begin + kStepRows, kRows), predictions);
    learning += watch.restart();
    model->predict(inputs, 0, kRows, predictions);
    scoring += watch.restart();
    model = trainer.publish();
    times.push_back(static_cast<double>(watch.restart()) / 1000);
  }
  std::sort(times.begin(), times.end());
  const auto rate = [](int64_t micros) { return kBatches * kRows * 1e6 / double(micros); };
  std::printf(
      "%-12s ids: publish p50 %6.2f ms, max %6.2f ms; resident %4.0f MB; learn %7.0f, "
      "score %8.0f rows/s\n",
      uniform ? "uniform" : "log-uniform", times[kBatches / 2], times.back(), resident_mb(),
      rate(learning), rate(scoring));
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** arguments) {
  const bool uniform = count > 1 && std::string_view(arguments[1]) == "uniform";
  millrace::bench::measure(uniform);
  return 0;
}
