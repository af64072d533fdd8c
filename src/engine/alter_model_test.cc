#include "engine/alter_model.h"

#include <gtest/gtest.h>

#include "engine/definitions_test.h"

namespace millrace::engine {
namespace {

/// The definition that settings make, or the error.
std::string altered(const ModelDefinition& definition, const std::vector<ModelSetting>& settings) {
  const auto result = alter_model(*entry_of(definition), settings);
  return result ? result->definition.estimator.to_sql() : result.error().to_string();
}

Argument age() {
  return list({call("numeric_column", {name("age")})});
}

TEST(AlterModel, SetsAnArgumentWhereverItStands) {
  const auto with_optimizer = [](Argument optimizer) {
    return model("LinearClassifier",
                 {with("feature_columns", age()), with("optimizer", std::move(optimizer))});
  };
  const std::vector<ModelSetting> settings{{"learning_rate", number("0.5")}};
  const std::string head =
      "LinearClassifier(label => clicked, feature_columns => [numeric_column(age)], optimizer => ";
  EXPECT_EQ(
      altered(with_optimizer(call("Ftrl", {number("0.1"), with("beta", number("1"))})), settings),
      head + "Ftrl(0.5, beta => 1))");
  EXPECT_EQ(altered(with_optimizer(call("Adam", {with("learning_rate", number("0.1"))})), settings),
            head + "Adam(learning_rate => 0.5))");
  EXPECT_EQ(altered(with_optimizer(call("Adam", {})), settings),
            head + "Adam(learning_rate => 0.5))");
  EXPECT_EQ(altered(with_optimizer(name("ftrl")), settings), head + "Ftrl(learning_rate => 0.5))");
  EXPECT_EQ(altered(model("LinearClassifier", {with("feature_columns", age())}), settings),
            head + "Ftrl(learning_rate => 0.5))");
  // A bare name's learning rate is the estimator's, and stays when something else is set.
  EXPECT_EQ(altered(with_optimizer(name("Ftrl")), {{"beta", number("1")}}),
            head + "Ftrl(learning_rate => 0.2, beta => 1))");
}

TEST(AlterModel, TellsWhichNumbersHaveChanged) {
  const auto entry = entry_of(clicks());
  const auto result = alter_model(*entry, {{"Learning_Rate", number("0.5")},
                                           {"keep_versions", number("9")},
                                           {"keep_for", text("2 hours")}});
  ASSERT_TRUE(result) << result.error().to_string();
  ASSERT_EQ(result->variables.size(), 1U);
  EXPECT_EQ(result->variables[0].name, "training/Ftrl/learning_rate");
  EXPECT_EQ(result->variables[0].values, std::vector<float>{0.5F});
  EXPECT_EQ(result->retention.versions_max, 9);
  EXPECT_EQ(result->retention.micros_max, 7'200'000'000);
  EXPECT_TRUE(alter_model(*entry, {{"learning_rate", number("0.2")}})->variables.empty());
}

TEST(AlterModel, ALearningRateBecomesAScheduleAndANumberAgain) {
  const auto schedule = call("ExponentialDecay", {number("0.1"), number("10"), number("0.9")});
  const auto entry = entry_of(clicks());
  const auto with_schedule = alter_model(*entry, {{"learning_rate", schedule}});
  ASSERT_TRUE(with_schedule) << with_schedule.error().to_string();
  EXPECT_NE(with_schedule->definition.estimator.to_sql().find(
                "Ftrl(learning_rate => ExponentialDecay(0.1, 10, 0.9))"),
            std::string::npos);
  const auto names_of = [](const AlteredModel& altered) {
    std::vector<std::string> names;
    for (const auto& variable : altered.variables) names.push_back(variable.name);
    return names;
  };
  const std::string name_of_it = "training/Ftrl/learning_rate_schedule";
  EXPECT_EQ(names_of(*with_schedule),
            (std::vector<std::string>{"training/Ftrl/learning_rate", name_of_it}));
  const auto back =
      alter_model(*entry_of(with_schedule->definition), {{"learning_rate", number("0.3")}});
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(names_of(*back), (std::vector<std::string>{"training/Ftrl/learning_rate", name_of_it}));
  EXPECT_EQ(back->variables[0].values, std::vector<float>{0.3F});
  EXPECT_EQ(altered(clicks({with("optimizer", call("Nadam", {}))}), {{"learning_rate", schedule}}),
            "cannot alter model \"clicks\": argument \"learning_rate\" of optimizer Nadam is a "
            "number: Nadam takes no schedule");
}

TEST(AlterModel, ACombinedModelHasTwoOptimizers) {
  const auto definition =
      model("DNNLinearCombinedClassifier",
            {with("linear_feature_columns", age()), with("dnn_feature_columns", age()),
             with("dnn_hidden_units", list({number("2")}))});
  const auto result =
      alter_model(*entry_of(definition), {{"dnn_optimizer.learning_rate", number("0.5")}});
  ASSERT_TRUE(result) << result.error().to_string();
  ASSERT_EQ(result->variables.size(), 1U);
  EXPECT_EQ(result->variables[0].name, "training/Adagrad/learning_rate");
  EXPECT_EQ(altered(definition, {{"learning_rate", number("1")}}),
            "setting \"learning_rate\" of model \"m\" does not exist. There are keep_versions, "
            "keep_for, linear_optimizer.learning_rate, linear_optimizer.learning_rate_power, "
            "linear_optimizer.l1_regularization_strength, "
            "linear_optimizer.l2_regularization_strength, "
            "linear_optimizer.l2_shrinkage_regularization_strength, linear_optimizer.beta, "
            "linear_optimizer.decay, linear_optimizer.clipnorm, linear_optimizer.clipvalue, "
            "linear_optimizer.global_clipnorm, dnn_optimizer.learning_rate, "
            "dnn_optimizer.epsilon, dnn_optimizer.decay, dnn_optimizer.clipnorm, "
            "dnn_optimizer.clipvalue and dnn_optimizer.global_clipnorm.");
}

TEST(AlterModel, RefusesWhatAModelIsMadeWithForGood) {
  EXPECT_EQ(altered(clicks(), {{"batch_size", number("1")}}),
            "setting \"batch_size\" of model \"clicks\" cannot be altered. It is what the model "
            "is; CREATE OR REPLACE MODEL makes another one.");
  EXPECT_EQ(altered(clicks(), {{"learning_rat", number("1")}}),
            "setting \"learning_rat\" of model \"clicks\" does not exist. Did you mean "
            "learning_rate?");
  EXPECT_EQ(altered(clicks(), {{"learning_rate", number("-1")}}),
            "cannot alter model \"clicks\": argument \"learning_rate\" of optimizer Ftrl must be "
            "above 0");
  EXPECT_EQ(altered(clicks(), {{"keep_for", text("a while")}}),
            "cannot alter model \"clicks\": argument \"keep_for\" is a time, not 'a while'. Write "
            "keep_for => '7 days', or a number of seconds.");
  EXPECT_EQ(altered(clicks({with("optimizer", call("Adam", {}))}), {{"amsgrad", name("true")}}),
            "setting \"amsgrad\" of model \"clicks\" cannot be altered. It is what the model is; "
            "CREATE OR REPLACE MODEL makes another one.");
  // An array beside the weights comes and goes with momentum.
  const auto sgd = [](const char* momentum) {
    return clicks({with("optimizer", call("SGD", {with("momentum", number(momentum))}))});
  };
  EXPECT_EQ(altered(sgd("0"), {{"momentum", number("0.9")}})
                .find("momentum of model \"clicks\" cannot be altered from 0."),
            0U);
  EXPECT_EQ(altered(sgd("0.9"), {{"momentum", number("0")}})
                .find("momentum of model \"clicks\" cannot be altered to 0."),
            0U);
  EXPECT_NE(altered(sgd("0.9"), {{"momentum", number("0.5")}}).find("momentum => 0.5"),
            std::string::npos);
  // What the optimizer counts with is not for people.
  EXPECT_EQ(
      altered(clicks({with("optimizer", call("Nadam", {}))}), {{"momentum_cache", number("1")}})
          .find("setting \"momentum_cache\""),
      0U);
}

}  // namespace
}  // namespace millrace::engine
