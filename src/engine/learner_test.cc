#include "engine/learner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/definitions_test.h"
#include "engine/scorer.h"

namespace millrace::engine {
namespace {

std::unique_ptr<Learner> learner_of(const ModelEntry& model) {
  auto made = Learner::make(model, click_schema());
  EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
  return made ? std::move(*made) : nullptr;
}

std::vector<RowCheckFault> learn(Learner& learner, int64_t begin, int64_t end) {
  Batch rows = click_rows(begin, end);
  std::vector<RowCheckFault> faults;
  EXPECT_FALSE(learner.learn(rows, faults));
  return faults;
}

store::ModelSnapshot snapshot_of(std::string bytes) {
  store::ModelSnapshot snapshot;
  snapshot.bytes = std::move(bytes);
  return snapshot;
}

std::map<std::string, double> lifetime(const Learner& learner) {
  const auto values = learner.state().lifetime_metrics();
  return {values.begin(), values.end()};
}

/// All estimators and the parts that have a state of their own: slots, dropout, embeddings.
std::vector<ModelDefinition> models() {
  const auto city = call("categorical_column_with_hash_bucket", {name("city"), number("50")});
  const auto dnn =
      list({call("numeric_column", {name("age")}), call("embedding_column", {city, number("4")})});
  const auto definition = [](const std::string& estimator, std::vector<Argument> arguments) {
    arguments.push_back(with("label", name("clicked")));
    arguments.push_back(with("batch_size", number("8")));
    return ModelDefinition{{"shop", "m"}, call(estimator, std::move(arguments))};
  };
  return {
      clicks(),
      clicks({with("optimizer", call("Adam", {}))}),
      definition("DNNClassifier", {with("feature_columns", dnn),
                                   with("hidden_units", list({number("5"), number("3")})),
                                   with("dropout", number("0.3"))}),
      definition("DNNLinearCombinedRegressor",
                 {with("linear_feature_columns", list({city})), with("dnn_feature_columns", dnn),
                  with("dnn_hidden_units", list({number("4")}))}),
  };
}

TEST(Learner, SavedLoadedAndContinuedEqualsUninterruptedBitForBit) {
  for (const auto& definition : models()) {
    const auto model = entry_of(definition);
    ASSERT_TRUE(model);
    const auto uninterrupted = learner_of(*model);
    for (int64_t batch = 0; batch < 12; ++batch) learn(*uninterrupted, batch * 37, batch * 37 + 37);

    auto learner = learner_of(*model);
    for (int64_t batch = 0; batch < 12; ++batch) {
      learn(*learner, batch * 37, batch * 37 + 37);
      const std::string bytes = learner->state().save();
      learner = learner_of(*model);
      ASSERT_TRUE(learner->state().load(bytes));
      ASSERT_EQ(learner->state().save(), bytes);
    }
    EXPECT_EQ(learner->state().save(), uninterrupted->state().save())
        << definition.estimator.to_sql();
    EXPECT_EQ(learner->state().version(), 12);
    EXPECT_EQ(learner->state().examples(), 12 * 37);
    EXPECT_EQ(learner->state().global_step(),
              12 * 5);  // 37 rows are four steps of 8 and a short one
    EXPECT_EQ(lifetime(*learner), lifetime(*uninterrupted));
  }
}

TEST(Learner, BatchesCutAtStepsTeachTheSameWherever) {
  const auto model = entry_of(clicks());
  const auto whole = learner_of(*model);
  learn(*whole, 0, 240);
  const auto parts = learner_of(*model);
  for (const auto& [begin, end] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 8}, {8, 40}, {40, 40}, {40, 160}, {160, 240}})
    learn(*parts, begin, end);
  // The versions and so the bytes differ, for a version counts batches; the weights do not.
  const auto a = whole->state().trainer().publish()->variables();
  const auto b = parts->state().trainer().publish()->variables();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].values, b[i].values) << a[i].name;
  EXPECT_EQ(whole->state().global_step(), parts->state().global_step());
  EXPECT_EQ(parts->state().version(), 5);
  EXPECT_EQ(lifetime(*whole), lifetime(*parts));
}

TEST(Learner, ABatchCutWithinAStepIsAnotherHistory) {
  const auto model = entry_of(clicks());
  const auto whole = learner_of(*model);
  learn(*whole, 0, 16);
  const auto parts = learner_of(*model);
  learn(*parts, 0, 12);
  learn(*parts, 12, 16);
  EXPECT_EQ(whole->state().global_step(), 2);
  EXPECT_EQ(parts->state().global_step(), 3);
  EXPECT_NE(whole->state().trainer().publish()->variables()[0].values,
            parts->state().trainer().publish()->variables()[0].values);
}

TEST(Learner, MetricsArePrequential) {
  const auto learner = learner_of(*entry_of(clicks()));
  learn(*learner, 0, 8);
  // The first step was predicted with a model of zeros: each probability is a half.
  const auto values = lifetime(*learner);
  EXPECT_FLOAT_EQ(static_cast<float>(values.at("prediction/mean")), 0.5F);
  EXPECT_NEAR(values.at("average_loss"), std::log(2.0), 1e-6);
}

TEST(Learner, RowsItCannotLearnAreTakenOutAndTeachNothing) {
  const auto model = entry_of(clicks());
  RowBuilder builder(click_schema());
  builder.add({1.0, std::string("a"), 1.0});
  builder.add({2.0, std::string("a"), 3.0});      // no class
  builder.add({Value(), std::string("a"), 0.0});  // a number that is missing
  builder.add({3.0, Value(), 0.0});               // a missing category is none, and fine
  builder.add({4.0, std::string("b"), Value()});  // no label
  Batch rows = builder.build();
  for (uint32_t row = 0; row < 5; ++row) rows.message_of_row()[row] = row;
  std::vector<RowCheckFault> faults;
  const auto learner = learner_of(*model);
  EXPECT_FALSE(learner->learn(rows, faults));
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].row, 1U);
  EXPECT_EQ(faults[0].reason, RejectReason::kBadLabel);
  EXPECT_EQ(faults[1].row, 2U);
  EXPECT_EQ(faults[1].reason, RejectReason::kBadFeature);
  EXPECT_NE(faults[1].detail.find("age"), std::string::npos) << faults[1].detail;
  EXPECT_EQ(faults[2].row, 4U);
  EXPECT_EQ(std::vector<uint32_t>(rows.message_of_row().begin(), rows.message_of_row().end()),
            (std::vector<uint32_t>{0, 3}));

  RowBuilder good(click_schema());
  good.add({1.0, std::string("a"), 1.0});
  good.add({3.0, Value(), 0.0});
  Batch only_good = good.build();
  const auto other = learner_of(*model);
  faults.clear();
  EXPECT_FALSE(other->learn(only_good, faults));
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(learner->state().save(), other->state().save());
}

/// What stopped `learner` at the rows of `age` with city "a" and label `clicked`.
std::optional<Divergence> divergence_at(const ModelDefinition& definition,
                                        const std::vector<double>& ages) {
  RowBuilder builder(click_schema());
  for (const double age : ages) builder.add({age, std::string("a"), 1.0});
  Batch rows = builder.build();
  for (size_t row = 0; row < ages.size(); ++row)
    rows.message_of_row()[row] = static_cast<uint32_t>(row);
  std::vector<RowCheckFault> faults;
  const auto learner = learner_of(*entry_of(definition));
  auto divergence = learner->learn(rows, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_TRUE(!divergence || learner->state().version() == -1) << "somebody could publish it";
  return divergence;
}

TEST(Learner, AWeightThatIsNoNumberEndsItWithTheVariableAndTheRow) {
  const auto descent = [](const std::string& estimator, const std::string& rate) {
    auto definition =
        clicks({with("optimizer", call("SGD", {with("learning_rate", number(rate))}))});
    definition.estimator.text = estimator;
    return definition;
  };
  const std::vector<double> usual{1, 2, 3, 1, 2, 3, 1, 2};
  EXPECT_FALSE(divergence_at(clicks(), usual));
  // Each step overshoots by more than the one before.
  std::vector<double> many;
  for (int i = 0; i < 100; ++i) many.insert(many.end(), usual.begin(), usual.end());
  const auto by_rate = divergence_at(descent("LinearRegressor", "1e3"), many);
  ASSERT_TRUE(by_rate);
  EXPECT_GT(by_rate->step, 1);
  EXPECT_LT(by_rate->step, 100);
  // One row too far out: its square is no float any more, though it is one itself.
  auto far = usual;
  far[5] = -1e30;
  for (const auto* optimizer : {"Ftrl", "Adagrad", "Adam", "RMSprop", "SGD"}) {
    const auto by_row = divergence_at(clicks({with("optimizer", call(optimizer, {}))}), far);
    ASSERT_TRUE(by_row) << optimizer;
    EXPECT_EQ(by_row->step, 1) << optimizer;
    EXPECT_EQ(by_row->row, 5U) << optimizer;
    EXPECT_NE(by_row->variable.find("age"), std::string::npos) << by_row->variable;
  }
  const auto by_row = divergence_at(descent("LinearRegressor", "0.1"), {1, 2, 3e38, 3e38});
  ASSERT_TRUE(by_row);
  const Error error = diverged({"shop", "clicks"}, *by_row, "row 3");
  EXPECT_NE(error.message.find("model \"clicks\" diverged at step 1"), std::string::npos)
      << error.to_string();
  EXPECT_NE(error.message.find("age"), std::string::npos) << error.to_string();
}

TEST(Learner, AnEmptyBatchIsAVersionWithoutASteps) {
  const auto learner = learner_of(*entry_of(clicks()));
  EXPECT_TRUE(learn(*learner, 0, 0).empty());
  EXPECT_EQ(learner->state().version(), 1);
  EXPECT_EQ(learner->state().global_step(), 0);
}

TEST(Learner, DamagedAndForeignSnapshotsAreRefused) {
  const auto model = entry_of(clicks());
  const auto learner = learner_of(*model);
  learn(*learner, 0, 100);
  const std::string bytes = learner->state().save();
  for (size_t at : {size_t{0}, size_t{9}, size_t{17}, bytes.size() / 2, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const auto loaded = learner_of(*model)->state().load(damaged);
    // Two numbers stand before the checksummed parts; a wrong version is found against the store's.
    if (at < 24 && loaded) continue;
    ASSERT_FALSE(loaded) << at;
  }
  for (size_t size : {size_t{0}, size_t{7}, size_t{20}, bytes.size() - 1}) {
    EXPECT_FALSE(learner_of(*model)->state().load(bytes.substr(0, size))) << size;
    EXPECT_FALSE(published_of(*model, snapshot_of(bytes.substr(0, size)))) << size;
  }
  EXPECT_FALSE(learner_of(*model)->state().load(bytes + "x"));
  const auto other = entry_of(models()[2]);
  EXPECT_FALSE(published_of(*other, snapshot_of(bytes)));
}

TEST(Scorer, PredictsWhatThePublishedModelSaysAndWritesItsVersion) {
  const auto model = entry_of(clicks());
  const auto learner = learner_of(*model);
  learn(*learner, 0, 200);
  model->publish(learner->state().publish(0, 0));
  auto scorer = Scorer::make(model, click_schema(),
                             {{PredictionKind::kProbability, "@probability", {Kind::kDouble}},
                              {PredictionKind::kClassId, "@class_id", {Kind::kInt64}},
                              {PredictionKind::kModelVersion, "@model_version", {Kind::kInt64}}});
  ASSERT_TRUE(scorer) << scorer.error().to_string();
  Batch in = click_rows(200, 300);
  Batch out((*scorer)->schema());
  std::vector<RowCheckFault> faults;
  (*scorer)->score(in, out, faults);
  ASSERT_EQ(out.rows(), 100U);
  EXPECT_TRUE(faults.empty());

  // The same from the bytes of the model.
  const auto again = published_of(*model, snapshot_of(learner->state().save()));
  ASSERT_TRUE(again);
  const auto encoders = TowerEncoders::make(model->columns(), *click_schema());
  ASSERT_TRUE(encoders);
  estimator::TowerInputs inputs;
  std::vector<features::RowFault> feature_faults;
  const Batch rows = click_rows(200, 300);
  encoders->encode(rows, inputs, feature_faults);
  estimator::Predictions predictions;
  (*again)->model->predict(inputs, 0, 100, predictions);
  bool both = false;
  for (size_t row = 0; row < 100; ++row) {
    const double probability = out.column(3).values<double>()[row];
    EXPECT_EQ(probability, static_cast<double>(predictions.probabilities[row * 2 + 1]));
    EXPECT_EQ(out.column(4).values<int64_t>()[row], probability > 0.5 ? 1 : 0);
    EXPECT_EQ(out.column(5).values<int64_t>()[row], 1);
    EXPECT_EQ(out.message_of_row()[row], row);
    both = both || probability != out.column(3).values<double>()[0];
  }
  EXPECT_TRUE(both) << "the model tells rows apart";
}

TEST(Scorer, RowsWithoutAFeatureAreLeftOut) {
  const auto model = entry_of(clicks());
  auto scorer = Scorer::make(model, click_schema(), {});
  ASSERT_TRUE(scorer);
  RowBuilder builder(click_schema());
  builder.add({1.0, std::string("a"), Value()});
  builder.add({Value(), std::string("a"), 0.0});
  Batch in = builder.build();
  in.message_of_row()[0] = 5;
  in.message_of_row()[1] = 6;
  Batch out((*scorer)->schema());
  std::vector<RowCheckFault> faults;
  (*scorer)->score(in, out, faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].row, 1U);
  ASSERT_EQ(out.rows(), 1U);
  EXPECT_EQ(out.message_of_row()[0], 5U);
}

TEST(Scorer, SaysWhichEstimatorsMakeAPrediction) {
  const auto model = entry_of(clicks());
  const auto scorer = Scorer::make(model, click_schema(),
                                   {{PredictionKind::kPrediction, "@prediction", {Kind::kDouble}}});
  ASSERT_FALSE(scorer);
  EXPECT_EQ(scorer.error().to_string(),
            "variable @prediction is not made by a classifier. Classifiers make @class_id and "
            "@probability.");
}

}  // namespace
}  // namespace millrace::engine
