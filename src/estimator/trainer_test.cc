#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "estimator/estimator.h"
#include "estimator/parameter.h"

namespace millrace::estimator {
namespace {

/// A numeric column and a sparse one of `buckets` ids, `rows` rows of made-up values.
struct SparseProblem {
  TowerLayouts layouts;
  TowerInputs inputs;
  Labels labels;

  explicit SparseProblem(size_t rows, int64_t buckets = 5000) {
    BlockLayout sparse;
    sparse.name = "c";
    sparse.sparse = true;
    sparse.width = buckets;
    BlockLayout numeric;
    numeric.name = "x";
    layouts.linear = {sparse, numeric};
    inputs.linear.rows = rows;
    inputs.linear.blocks.resize(2);
    auto& ids = inputs.linear.blocks[0];
    ids.offsets = {0};
    uint64_t state = 17;
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < row % 3; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        ids.ids.push_back(static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(buckets)));
      }
      ids.offsets.push_back(static_cast<uint32_t>(ids.ids.size()));
      const float x = static_cast<float>(row % 7) - 3;
      inputs.linear.blocks[1].dense.push_back(x);
      labels.values.push_back(x + static_cast<float>(row % 3) > 0 ? 1.0F : 0.0F);
    }
  }
};

std::unique_ptr<Trainer> trainer_of(const SparseProblem& problem, const EstimatorSpec& spec = {}) {
  auto trainer = Trainer::create(spec, problem.layouts);
  EXPECT_TRUE(trainer);
  return std::move(*trainer);
}

void learn(Trainer& trainer, const SparseProblem& problem, size_t begin, size_t end,
           size_t batch = 16) {
  Predictions predictions;
  for (size_t at = begin; at < end; at += batch) {
    trainer.learn(problem.inputs, problem.labels, at, std::min(at + batch, end), predictions);
  }
}

std::vector<float> logits_of(const Model& model, const SparseProblem& problem) {
  Predictions predictions;
  model.predict(problem.inputs, 0, problem.inputs.linear.rows, predictions);
  return predictions.logits;
}

TEST(Trainer, WorkedTraceOfThreeStepsIsReproduced) {
  // reference/tf_estimators.md 2.9: x = [1, 2, -1, .5], c = [a, b, a, unknown], y = [1, 0, 1, 0].
  SparseProblem problem(0, 3);
  problem.inputs.linear.rows = 4;
  problem.inputs.linear.blocks[0].offsets = {0, 1, 2, 3, 3};
  problem.inputs.linear.blocks[0].ids = {0, 1, 0};
  problem.inputs.linear.blocks[1].dense = {1, 2, -1, 0.5F};
  problem.labels.values = {1, 0, 1, 0};
  const auto trainer = trainer_of(problem);
  Predictions predictions;
  const double losses[] = {0.69314718, 0.61527246, 0.56444061};
  for (const double expected : losses) {
    EXPECT_NEAR(trainer->learn(problem.inputs, problem.labels, 0, 4, predictions), expected, 1e-6);
  }
  for (const auto& variable : trainer->variables()) {
    if (variable.name == "linear/linear_model/x/weights") {
      EXPECT_NEAR(variable.values[0], -0.313499123, 1e-6);
    } else if (variable.name == "linear/linear_model/c/weights") {
      EXPECT_NEAR(variable.values[0], 0.310455948, 1e-6);
      EXPECT_NEAR(variable.values[1], -0.179880142, 1e-6);
      EXPECT_EQ(variable.values[2], 0);
    }
  }
  EXPECT_EQ(trainer->global_step(), 3);
  EXPECT_EQ(trainer->examples(), 12);
}

TEST(Trainer, PublishedModelPredictsWhatTheTrainerWould) {
  const SparseProblem problem(300);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 300);
  const auto model = trainer->publish();
  EXPECT_EQ(model->global_step(), 19);
  const auto scored = logits_of(*model, problem);
  Predictions predictions;
  trainer->learn(problem.inputs, problem.labels, 0, 300, predictions);
  EXPECT_EQ(scored, predictions.logits);
}

TEST(Trainer, PublishedModelDoesNotChangeWhenTrainingGoesOn) {
  const SparseProblem problem(300);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 150);
  const auto model = trainer->publish();
  const auto before = logits_of(*model, problem);
  learn(*trainer, problem, 150, 300);
  const auto later = trainer->publish();
  EXPECT_EQ(logits_of(*model, problem), before);
  EXPECT_NE(logits_of(*later, problem), before);
}

TEST(Trainer, PublicationsInBetweenDoNotMatter) {
  const SparseProblem problem(300);
  const auto often = trainer_of(problem);
  const auto once = trainer_of(problem);
  for (size_t at = 0; at < 300; at += 20) {
    learn(*often, problem, at, at + 20, 20);
    learn(*once, problem, at, at + 20, 20);
    (void)often->publish();
  }
  EXPECT_EQ(logits_of(*often->publish(), problem), logits_of(*once->publish(), problem));
}

TEST(Trainer, APublishedModelStaysAsItWasWhileTrainingGoesOn) {
  const SparseProblem problem(400, 50'000);  // weights that scorers share with training
  for (const auto kind : {OptimizerKind::kFtrl, OptimizerKind::kAdagrad, OptimizerKind::kAdam,
                          OptimizerKind::kSgd, OptimizerKind::kRmsprop, OptimizerKind::kAdadelta,
                          OptimizerKind::kAdamax, OptimizerKind::kNadam}) {
    EstimatorSpec spec;
    spec.linear_optimizer.kind = kind;
    const auto trainer = trainer_of(problem, spec);
    learn(*trainer, problem, 0, 200);
    const auto first = trainer->publish();
    const auto logits = logits_of(*first, problem);
    const auto variables = first->variables();
    learn(*trainer, problem, 200, 300);
    const auto second = trainer->publish();
    const auto logits_of_second = logits_of(*second, problem);
    learn(*trainer, problem, 300, 400);
    EXPECT_EQ(logits_of(*first, problem), logits);
    EXPECT_EQ(logits_of(*second, problem), logits_of_second);
    EXPECT_NE(logits, logits_of_second);
    EXPECT_NE(logits_of(*trainer->publish(), problem), logits_of_second);
    for (size_t i = 0; i < variables.size(); ++i)
      EXPECT_EQ(first->variables()[i].values, variables[i].values);
  }
}

TEST(Trainer, AScheduleThatIsAssignedIsTheOneOfAnotherTrainerAndIsKept) {
  const SparseProblem problem(200);
  EstimatorSpec scheduled;
  scheduled.linear_optimizer.schedule = {ScheduleKind::kExponentialDecay, 0.4F, 3, 0.5F};
  const auto wanted = trainer_of(problem, scheduled);
  const auto trainer = trainer_of(problem);
  const auto schedule = wanted->settings().back();
  EXPECT_EQ(schedule.name, "training/Ftrl/learning_rate_schedule");
  ASSERT_TRUE(trainer->assign(schedule));
  learn(*wanted, problem, 0, 100);
  learn(*trainer, problem, 0, 100);
  const auto resumed = trainer_of(problem);
  ASSERT_TRUE(resumed->load(trainer->save()));
  EXPECT_EQ(resumed->settings().back().values, schedule.values);
  learn(*wanted, problem, 100, 200);
  learn(*resumed, problem, 100, 200);
  EXPECT_EQ(resumed->save(), wanted->save());
  Variable wrong = schedule;
  wrong.values[0] = 99;
  EXPECT_EQ(trainer->assign(wrong).error().code, Code::kInvalidArgument);
}

TEST(Snapshot, ResumedTrainingHasTheSameBytesAsUninterrupted) {
  const SparseProblem problem(300);
  const auto whole = trainer_of(problem);
  learn(*whole, problem, 0, 160);
  const std::string halfway = whole->save();
  learn(*whole, problem, 160, 300);
  const auto resumed = trainer_of(problem);
  ASSERT_TRUE(resumed->load(halfway));
  EXPECT_EQ(resumed->save(), halfway);
  learn(*resumed, problem, 160, 300);
  EXPECT_EQ(resumed->save(), whole->save());
  EXPECT_EQ(logits_of(*resumed->publish(), problem), logits_of(*whole->publish(), problem));
}

TEST(Snapshot, UntouchedPagesTakeNoRoom) {
  const SparseProblem problem(10, 1 << 20);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 10);
  EXPECT_LT(trainer->save().size(), 200'000U);
}

TEST(Snapshot, EveryDamagedByteIsNoticedAndLeavesTheModelAlone) {
  const SparseProblem problem(60, 50);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 60);
  const std::string bytes = trainer->save();
  const auto other = trainer_of(problem);
  const std::string fresh = other->save();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(other->load(damaged)) << "byte " << i;
    EXPECT_FALSE(other->load(std::string_view(bytes).substr(0, i))) << "cut at " << i;
  }
  EXPECT_EQ(other->save(), fresh);
}

TEST(Snapshot, OfAnotherModelSaysWhatDiffers) {
  const SparseProblem problem(10);
  EstimatorSpec regressor;
  regressor.kind = EstimatorKind::kLinearRegressor;
  const auto status = trainer_of(problem, regressor)->load(trainer_of(problem)->save());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_EQ(status.error().message,
            "the snapshot is of another model: it has \"kind=0\" where the model has \"kind=1\"");
  const auto narrower = trainer_of(SparseProblem(10, 100))->load(trainer_of(problem)->save());
  ASSERT_FALSE(narrower);
  EXPECT_NE(narrower.error().message.find("c sparse"), std::string::npos);
}

/// Both towers over the same rows: the sparse block is embedded for the DNN.
struct DeepProblem : SparseProblem {
  EstimatorSpec spec;

  DeepProblem() : SparseProblem(300, 200) {
    layouts.dnn = layouts.linear;
    layouts.dnn[0].table_rows = 200;
    layouts.dnn[0].width = 3;
    inputs.dnn = inputs.linear;
    spec.kind = EstimatorKind::kDnnLinearCombinedClassifier;
    spec.hidden_units = {8, 4};
    spec.dnn_optimizer.kind = OptimizerKind::kAdam;
    spec.dropout = 0.2F;
    spec.batch_norm = true;
  }
};

TEST(DeepTrainer, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  DeepProblem problem;
  const auto bytes = [&] {
    const auto trainer = trainer_of(problem, problem.spec);
    learn(*trainer, problem, 0, 300);
    return trainer->save();
  };
  const std::string first = bytes();
  EXPECT_EQ(bytes(), first);
  problem.spec.seed = 2;
  EXPECT_NE(bytes(), first);
}

TEST(DeepTrainer, ResumedTrainingHasTheSameBytesAsUninterrupted) {
  const DeepProblem problem;
  const auto whole = trainer_of(problem, problem.spec);
  learn(*whole, problem, 0, 160);
  const std::string halfway = whole->save();
  learn(*whole, problem, 160, 300);
  const auto resumed = trainer_of(problem, problem.spec);
  ASSERT_TRUE(resumed->load(halfway));
  learn(*resumed, problem, 160, 300);
  EXPECT_EQ(resumed->save(), whole->save());
}

TEST(DeepTrainer, LearnPredictsAsThePublishedModelDoes) {
  const DeepProblem problem;
  const auto trainer = trainer_of(problem, problem.spec);
  learn(*trainer, problem, 0, 300);
  const auto scored = logits_of(*trainer->publish(), problem);
  Predictions predictions;
  trainer->learn(problem.inputs, problem.labels, 0, 300, predictions);
  EXPECT_EQ(scored, predictions.logits);
}

TEST(DeepTrainer, PublishedModelDoesNotChangeWhenTrainingGoesOn) {
  const DeepProblem problem;
  const auto trainer = trainer_of(problem, problem.spec);
  const auto model = trainer->publish();
  const auto before = logits_of(*model, problem);
  learn(*trainer, problem, 0, 300);
  EXPECT_EQ(logits_of(*model, problem), before);
}

TEST(DeepTrainer, LearnsWhatTheLinearModelCannot) {
  // Exclusive or of two numbers.
  TowerLayouts layouts;
  BlockLayout numeric;
  numeric.name = "x";
  numeric.width = 2;
  layouts.dnn = {numeric};
  TowerInputs inputs;
  inputs.dnn.rows = 4;
  inputs.dnn.blocks.resize(1);
  inputs.dnn.blocks[0].dense = {0, 0, 0, 1, 1, 0, 1, 1};
  const Labels labels{{0, 1, 1, 0}, {}};
  EstimatorSpec spec;
  spec.kind = EstimatorKind::kDnnClassifier;
  spec.hidden_units = {16};
  spec.dnn_optimizer.kind = OptimizerKind::kAdam;
  spec.dnn_optimizer.learning_rate = 0.05F;
  const auto trainer = Trainer::create(spec, layouts);
  ASSERT_TRUE(trainer);
  Predictions predictions;
  for (int step = 0; step < 500; ++step) (*trainer)->learn(inputs, labels, 0, 4, predictions);
  EXPECT_EQ(predictions.class_ids, (std::vector<int64_t>{0, 1, 1, 0}));
}

TEST(DeepTrainer, AnEstimatorWithoutHiddenUnitsIsRefused) {
  DeepProblem problem;
  problem.spec.hidden_units.clear();
  EXPECT_FALSE(Trainer::create(problem.spec, problem.layouts));
}

TEST(Trainer, AssignRefusesUnknownNamesAndShapes) {
  const SparseProblem problem(10);
  const auto trainer = trainer_of(problem);
  EXPECT_EQ(trainer->assign({"linear/linear_model/y/weights", {1, 1}, {1}}).error().code,
            Code::kNotFound);
  EXPECT_EQ(trainer->assign({"linear/linear_model/x/weights", {2, 1}, {1, 2}}).error().code,
            Code::kInvalidArgument);
  EXPECT_TRUE(trainer->assign({"linear/linear_model/x/weights", {1, 1}, {3}}));
  EXPECT_TRUE(trainer->assign({"training/Ftrl/learning_rate", {}, {0.5F}}));
}

TEST(Trainer, ColumnNamesAreMadeFitForVariables) {
  SparseProblem problem(1);
  problem.layouts.linear[0].name = "age group";
  for (const auto& variable : trainer_of(problem)->publish()->variables()) {
    EXPECT_EQ(variable.name.find(' '), std::string::npos);
  }
}

TEST(Trainer, ModelThatNoMemoryHoldsIsRefused) {
  SparseProblem problem(1);
  problem.layouts.linear[0].width = int64_t{1} << 31;
  const auto trainer = Trainer::create({}, problem.layouts);
  ASSERT_FALSE(trainer);
  EXPECT_EQ(trainer.error().code, Code::kResourceExhausted);
}

SparseProblem standardized_problem(size_t rows, float scale = 1, float shift = 0) {
  SparseProblem problem(rows);
  problem.layouts.linear[1].standard = true;
  for (float& x : problem.inputs.linear.blocks[1].dense) x = x * scale + shift;
  return problem;
}

TEST(Trainer, StandardizedNumbersHaveTheMeanAndVarianceOfAllThatWereLearned) {
  const SparseProblem problem = standardized_problem(300, 3, 1000);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 200, 16);
  learn(*trainer, problem, 200, 250, 7);
  const auto& x = problem.inputs.linear.blocks[1].dense;
  double mean = 0;
  double variance = 0;
  for (size_t i = 0; i < 250; ++i) mean += static_cast<double>(x[i]) / 250;
  for (size_t i = 0; i < 250; ++i) variance += std::pow(static_cast<double>(x[i]) - mean, 2) / 250;
  std::map<std::string, std::vector<float>> values;
  for (const auto& variable : trainer->variables()) values[variable.name] = variable.values;
  EXPECT_NEAR(values.at("linear/linear_model/x/standard_mean")[0], mean, 1e-4 * mean);
  EXPECT_NEAR(values.at("linear/linear_model/x/standard_variance")[0], variance, 1e-4 * variance);
  EXPECT_EQ(values.at("linear/linear_model/x/standard_count")[0], 250);
}

TEST(Trainer, StandardizedNumbersTeachTheSameInAnyUnit) {
  const SparseProblem metres = standardized_problem(400);
  const SparseProblem millimetres = standardized_problem(400, 1000, 5000);
  const auto one = trainer_of(metres);
  const auto other = trainer_of(millimetres);
  learn(*one, metres, 0, 400);
  learn(*other, millimetres, 0, 400);
  const auto wanted = logits_of(*one->publish(), metres);
  const auto logits = logits_of(*other->publish(), millimetres);
  for (size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(logits[i], wanted[i], 1e-3) << i;
  // Without it, they do not.
  SparseProblem raw = millimetres;
  raw.layouts.linear[1].standard = false;
  const auto third = trainer_of(raw);
  learn(*third, raw, 0, 400);
  EXPECT_GT(std::abs(logits_of(*third->publish(), raw)[0] - wanted[0]), 0.1);
}

TEST(Trainer, AColumnThatNeverVariedIsOnlyCentred) {
  SparseProblem problem = standardized_problem(64, 0, 7);
  const auto trainer = trainer_of(problem);
  learn(*trainer, problem, 0, 64);
  EXPECT_TRUE(trainer->not_finite().empty());
  for (const float logit : logits_of(*trainer->publish(), problem))
    EXPECT_TRUE(std::isfinite(logit));
}

}  // namespace
}  // namespace millrace::estimator
