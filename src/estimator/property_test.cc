// What holds for every estimator with every optimizer: a training resumed from its bytes is the
// uninterrupted one bit for bit, equal seeds give equal bytes, hostile bytes are refused, and a
// linear model's contributions add up to its logits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "estimator/estimator.h"
#include "estimator/optimizer_spec.h"
#include "estimator/random.h"
#include "estimator/snapshot.h"

namespace millrace::estimator {
namespace {

constexpr size_t kRows = 120;
constexpr size_t kBatch = 16;

BlockLayout numbers(const std::string& name, int64_t width) {
  BlockLayout layout;
  layout.name = name;
  layout.width = width;
  return layout;
}

BlockLayout categories(const std::string& name, int64_t width, int64_t table_rows = 0) {
  BlockLayout layout;
  layout.name = name;
  layout.sparse = true;
  layout.width = width;
  layout.table_rows = table_rows;
  return layout;
}

/// Numbers, weighted categories with gaps, and embedded ones.
struct MixedProblem {
  EstimatorSpec spec;
  TowerLayouts layouts;
  TowerInputs inputs;
  Labels labels;

  MixedProblem(EstimatorKind kind, OptimizerKind optimizer) {
    spec.kind = kind;
    spec.n_classes = 3;
    spec.label_dimension = 2;
    spec.hidden_units = {5, 4};
    spec.dropout = 0.25F;
    spec.batch_norm = true;
    spec.linear_optimizer = optimizer_of(optimizer);
    spec.dnn_optimizer = optimizer_of(optimizer);
    const std::vector<BlockLayout> blocks = {categories("c", 40), categories("e", 3, 25),
                                             numbers("x", 2)};
    const bool dnn =
        kind != EstimatorKind::kLinearClassifier && kind != EstimatorKind::kLinearRegressor;
    const bool linear =
        kind != EstimatorKind::kDnnClassifier && kind != EstimatorKind::kDnnRegressor;
    if (linear) layouts.linear = blocks;
    if (dnn) layouts.dnn = {blocks[1], blocks[2]};
    fill(linear, dnn);
  }

  static OptimizerSpec optimizer_of(OptimizerKind kind) {
    OptimizerSpec optimizer;
    optimizer.kind = kind;
    optimizer.learning_rate = 0.05F;
    optimizer.amsgrad = kind == OptimizerKind::kAdam;
    optimizer.momentum = kind == OptimizerKind::kSgd ? 0.9F : 0.0F;
    optimizer.centered = kind == OptimizerKind::kRmsprop;
    optimizer.decay = 0.01F;
    if (kind == OptimizerKind::kAdagrad) optimizer.global_clipnorm = 0.1F;
    if (kind == OptimizerKind::kAdamax) {
      optimizer.schedule = {ScheduleKind::kExponentialDecay, 0.1F, 3, 0.5F};
    }
    return optimizer;
  }

  void fill(bool linear, bool dnn) {
    RandomStream random(11, "rows");
    EncodedBlock plain;
    EncodedBlock embedded;
    EncodedBlock dense;
    plain.offsets = embedded.offsets = {0};
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t i = 0; i < row % 4; ++i) {
        plain.ids.push_back(static_cast<int32_t>(40 * random.uniform()));
        plain.weights.push_back(2 * random.uniform());
        embedded.ids.push_back(static_cast<int32_t>(25 * random.uniform()));
      }
      plain.offsets.push_back(static_cast<uint32_t>(plain.ids.size()));
      embedded.offsets.push_back(static_cast<uint32_t>(embedded.ids.size()));
      dense.dense.insert(dense.dense.end(), {random.uniform() - 0.5F, 3 * random.uniform()});
      if (spec.is_classifier()) {
        labels.values.push_back(static_cast<float>(row % 3));
      } else {
        labels.values.insert(labels.values.end(), {random.uniform(), -random.uniform()});
      }
      labels.weights.push_back(row % 5 == 0 ? 0 : 1 + random.uniform());
    }
    if (linear) inputs.linear = {kRows, {plain, embedded, dense}};
    if (dnn) inputs.dnn = {kRows, {embedded, dense}};
  }

  /// The numbers by what was seen of them.
  void standardize_numbers() {
    for (auto* tower : {&layouts.linear, &layouts.dnn}) {
      for (auto& layout : *tower) layout.standard = !layout.sparse;
    }
  }

  std::unique_ptr<Trainer> trainer() const {
    auto made = Trainer::create(spec, layouts);
    EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
    return std::move(*made);
  }

  void learn(Trainer& trainer, size_t begin, size_t end) const {
    Predictions predictions;
    for (size_t at = begin; at < end; at += kBatch) {
      trainer.learn(inputs, labels, at, std::min(at + kBatch, end), predictions);
    }
  }
};

class EveryEstimator : public testing::TestWithParam<std::tuple<EstimatorKind, OptimizerKind>> {
 protected:
  MixedProblem problem_{std::get<0>(GetParam()), std::get<1>(GetParam())};
};

void check_resumed(const MixedProblem& problem) {
  const auto whole = problem.trainer();
  std::vector<std::string> on_the_way;
  for (size_t at = 0; at < kRows; at += kBatch) {
    on_the_way.push_back(whole->save());
    problem.learn(*whole, at, std::min(at + kBatch, kRows));
  }
  const std::string finished = whole->save();
  for (size_t step = 0; step < on_the_way.size(); step += 3) {
    const auto resumed = problem.trainer();
    ASSERT_TRUE(resumed->load(on_the_way[step]));
    EXPECT_EQ(resumed->save(), on_the_way[step]) << "after step " << step;
    problem.learn(*resumed, step * kBatch, kRows);
    EXPECT_EQ(resumed->save(), finished) << "from step " << step;
  }
}

TEST_P(EveryEstimator, ResumedTrainingHasTheBytesOfUninterrupted) {
  check_resumed(problem_);
}

TEST_P(EveryEstimator, ResumedTrainingOfStandardizedNumbersHasTheBytesOfUninterrupted) {
  const auto unlike = problem_.trainer()->save();
  problem_.standardize_numbers();
  check_resumed(problem_);
  EXPECT_FALSE(problem_.trainer()->load(unlike)) << "another model's";
}

TEST_P(EveryEstimator, EqualSeedsGiveEqualBytes) {
  const auto bytes_of = [&](uint64_t seed) {
    problem_.spec.seed = seed;
    const auto trainer = problem_.trainer();
    problem_.learn(*trainer, 0, kRows);
    return trainer->save();
  };
  const std::string first = bytes_of(1);
  EXPECT_EQ(bytes_of(1), first);
  EXPECT_NE(bytes_of(2), first);
}

TEST_P(EveryEstimator, LearnsSomething) {
  problem_.spec.dropout = 0;
  problem_.spec.linear_optimizer.decay = problem_.spec.dnn_optimizer.decay = 0;
  const auto trainer = problem_.trainer();
  const auto loss = [&] {
    Predictions predictions;
    trainer->publish()->predict(problem_.inputs, 0, kRows, predictions);
    return loss_of(problem_.spec, predictions, problem_.labels, 0, kRows);
  };
  const double before = loss();
  for (int epoch = 0; epoch < 5; ++epoch) problem_.learn(*trainer, 0, kRows);
  EXPECT_LT(loss(), before);
}

// Seeded and bounded: bytes cut and flipped everywhere.
TEST_P(EveryEstimator, HostileBytesAreDataLossAndChangeNothing) {
  const auto trainer = problem_.trainer();
  problem_.learn(*trainer, 0, kRows);
  const std::string bytes = trainer->save();
  const auto victim = problem_.trainer();
  const std::string before = victim->save();
  RandomStream random(12, "hostile");
  const auto place = [&] {
    return static_cast<size_t>(random.uniform() * static_cast<float>(bytes.size() - 1));
  };
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(victim->load(bytes.substr(0, place())).error().code, Code::kDataLoss);
    std::string flipped = bytes;
    const size_t at = place();
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (i % 8)));
    const auto status = victim->load(flipped);
    ASSERT_FALSE(status) << "byte " << at;
    // A changed version number is a snapshot of a newer program.
    const bool version = at >= 8 && at < 16;
    EXPECT_EQ(status.error().code, version ? Code::kUnsupported : Code::kDataLoss);
  }
  EXPECT_EQ(victim->save(), before);
}

// A payload that was changed under a right checksum: what does not fit is refused by the reader's
// own checks, and what fits is a model that trains on.
TEST_P(EveryEstimator, HostilePayloadsDoNotCrash) {
  const auto trainer = problem_.trainer();
  problem_.learn(*trainer, 0, kRows);
  const std::string bytes = trainer->save();
  RandomStream random(13, "payload");
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    std::string changed = bytes.substr(0, bytes.size() - 8);
    constexpr size_t kHead = 24;
    // The first bytes of the payload are sizes and the identity, the others mostly floats.
    const size_t range = i % 2 == 0 ? changed.size() - kHead : 2048;
    const auto at = kHead + static_cast<size_t>(random.uniform() * static_cast<float>(range)) %
                                (changed.size() - kHead);
    changed[at] = static_cast<char>(255 * random.uniform());
    const uint64_t checksum = checksum_of(changed);
    changed.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    const auto victim = problem_.trainer();
    const auto status = victim->load(changed);
    refused += !status;
    problem_.learn(*victim, 0, kBatch);
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EveryEstimator,
    testing::Combine(testing::Values(EstimatorKind::kLinearClassifier,
                                     EstimatorKind::kLinearRegressor, EstimatorKind::kDnnClassifier,
                                     EstimatorKind::kDnnRegressor,
                                     EstimatorKind::kDnnLinearCombinedClassifier,
                                     EstimatorKind::kDnnLinearCombinedRegressor),
                     testing::Values(OptimizerKind::kFtrl, OptimizerKind::kAdagrad,
                                     OptimizerKind::kAdam, OptimizerKind::kSgd,
                                     OptimizerKind::kRmsprop, OptimizerKind::kAdadelta,
                                     OptimizerKind::kAdamax, OptimizerKind::kNadam)),
    [](const auto& test) {
      return "Kind" + std::to_string(static_cast<int>(std::get<0>(test.param))) +
             std::string(facts_of(std::get<1>(test.param)).name);
    });

class Explained : public testing::TestWithParam<std::tuple<EstimatorKind, Combiner>> {};

TEST_P(Explained, ContributionsAddUpToTheLogit) {
  MixedProblem problem(std::get<0>(GetParam()), OptimizerKind::kFtrl);
  problem.spec.sparse_combiner = std::get<1>(GetParam());
  problem.spec.dropout = 0;
  const auto trainer = problem.trainer();
  for (int epoch = 0; epoch < 3; ++epoch) problem.learn(*trainer, 0, kRows);
  const auto model = trainer->publish();
  Predictions predictions;
  model->predict(problem.inputs, 0, kRows, predictions);
  const size_t units = predictions.units;
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t unit = 0; unit < units; ++unit) {
      const auto parts = model->explain(problem.inputs, row, unit);
      ASSERT_TRUE(parts);
      double sum = 0;
      double sizes = 0;
      for (const auto& part : *parts) {
        sum += static_cast<double>(part.amount);
        sizes += std::abs(static_cast<double>(part.amount));
      }
      EXPECT_NEAR(sum, static_cast<double>(predictions.logits[row * units + unit]),
                  1e-6 * (1 + sizes));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Explained,
    testing::Combine(testing::Values(EstimatorKind::kLinearClassifier,
                                     EstimatorKind::kLinearRegressor,
                                     EstimatorKind::kDnnLinearCombinedClassifier),
                     testing::Values(Combiner::kSum, Combiner::kMean, Combiner::kSqrtn)));

TEST(Explain, NamesColumnsElementsAndValues) {
  const MixedProblem problem(EstimatorKind::kLinearClassifier, OptimizerKind::kFtrl);
  const auto trainer = problem.trainer();
  problem.learn(*trainer, 0, kRows);
  const auto parts = trainer->publish()->explain(problem.inputs, 2, 1);
  ASSERT_TRUE(parts);
  const auto& block = problem.inputs.linear.blocks[0];
  ASSERT_EQ(parts->size(), 6U);  // two categories, the embedding, two numbers, the bias
  for (size_t i = 0; i < 2; ++i) {
    const size_t at = block.offsets[2] + i;
    EXPECT_EQ((*parts)[i].column, "c");
    EXPECT_EQ((*parts)[i].element, block.ids[at]);
    EXPECT_EQ((*parts)[i].value, block.weights[at]);
  }
  EXPECT_EQ((*parts)[2].column, "e");
  EXPECT_EQ((*parts)[2].element, -1);
  EXPECT_EQ((*parts)[4].column, "x");
  EXPECT_EQ((*parts)[4].element, 1);
  EXPECT_EQ((*parts)[5].column, "bias");
}

TEST(Explain, ADnnAloneIsNotASum) {
  const MixedProblem problem(EstimatorKind::kDnnClassifier, OptimizerKind::kAdam);
  const auto parts = problem.trainer()->publish()->explain(problem.inputs, 0, 0);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, Code::kUnsupported);
}

TEST(WarmStart, TakesTheTrainedVariablesAlone) {
  const MixedProblem problem(EstimatorKind::kDnnLinearCombinedClassifier, OptimizerKind::kAdagrad);
  const auto finished = problem.trainer();
  problem.learn(*finished, 0, kRows);
  const auto started = problem.trainer();
  ASSERT_TRUE(warm_start(*started, finished->variables()));
  const auto fresh = problem.trainer()->variables();
  const auto theirs = finished->variables();
  const auto ours = started->variables();
  const auto trained = started->trained_names();
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    const bool taken = std::find(trained.begin(), trained.end(), ours[i].name) != trained.end();
    EXPECT_EQ(ours[i].values, (taken ? theirs : fresh)[i].values) << ours[i].name;
  }
  EXPECT_EQ(started->global_step(), 0);
}

TEST(WarmStart, AModelThatDoesNotFitIsRefusedAndChangesNothing) {
  const MixedProblem problem(EstimatorKind::kLinearClassifier, OptimizerKind::kFtrl);
  const auto trainer = problem.trainer();
  const std::string before = trainer->save();
  auto variables = trainer->variables();
  for (auto& variable : variables) {
    for (float& value : variable.values) value += 1;
    if (variable.name.ends_with("/x/weights")) variable.name = "linear/linear_model/y/weights";
  }
  const auto unknown = warm_start(*trainer, variables);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
  EXPECT_NE(unknown.error().to_string().find("Did you mean linear/linear_model/y/weights?"),
            std::string::npos);
  variables = trainer->variables();
  for (auto& variable : variables) {
    if (variable.name != "linear/linear_model/bias_weights") continue;
    variable.shape = {1};
    variable.values = {1};
  }
  EXPECT_EQ(warm_start(*trainer, variables).error().code, Code::kInvalidArgument);
  EXPECT_EQ(trainer->save(), before);
}

}  // namespace
}  // namespace millrace::estimator
