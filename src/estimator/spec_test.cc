#include <gtest/gtest.h>

#include "estimator/estimator.h"

namespace millrace::estimator {
namespace {

using Form = Argument::Form;

Argument make(std::string name, Form form, std::string text, std::vector<Argument> items = {}) {
  Argument argument;
  argument.name = std::move(name);
  argument.form = form;
  argument.text = std::move(text);
  argument.items = std::move(items);
  argument.position = 11;
  return argument;
}

/// LinearClassifier(label => match, feature_columns => [], ...more).
Argument classifier(std::vector<Argument> more, std::string function = "LinearClassifier") {
  std::vector<Argument> items = {make("label", Form::kName, "match"),
                                 make("feature_columns", Form::kList, "")};
  for (auto& item : more) items.push_back(std::move(item));
  return make("", Form::kCall, std::move(function), std::move(items));
}

EstimatorSpec spec_of(const Argument& call, size_t columns = 4) {
  const auto spec = make_estimator_spec("dating", call, columns);
  EXPECT_TRUE(spec) << (spec ? "" : spec.error().to_string());
  return spec ? *spec : EstimatorSpec{};
}

std::string spec_error(const Argument& call) {
  const auto spec = make_estimator_spec("dating", call, 4);
  EXPECT_FALSE(spec);
  if (spec) return {};
  EXPECT_EQ(spec.error().position, 11);
  return spec.error().to_string();
}

TEST(EstimatorSpec, DefaultsAreTensorFlows) {
  const auto spec = spec_of(classifier({}));
  EXPECT_EQ(spec.label, "match");
  EXPECT_EQ(spec.n_classes, 2);
  EXPECT_EQ(spec.linear_optimizer.kind, OptimizerKind::kFtrl);
  EXPECT_FLOAT_EQ(spec.linear_optimizer.learning_rate, 0.2F);
  EXPECT_EQ(spec.loss_reduction, LossReduction::kSumOverBatchSize);
  EXPECT_EQ(spec.batch_size, 128);
}

TEST(EstimatorSpec, LearningRateDependsOnHowTheOptimizerIsGiven) {
  const auto rate = [](Argument optimizer, size_t columns) {
    return spec_of(classifier({std::move(optimizer)}), columns).linear_optimizer.learning_rate;
  };
  EXPECT_FLOAT_EQ(rate(make("optimizer", Form::kName, "Adagrad"), 100), 0.2F);
  EXPECT_FLOAT_EQ(rate(make("optimizer", Form::kCall, "Ftrl"), 100), 0.001F);
  EXPECT_FLOAT_EQ(rate(make("optimizer", Form::kNull, ""), 100), 0.1F);
  EXPECT_FLOAT_EQ(rate(make("optimizer", Form::kNull, ""), 4), 0.2F);
}

TEST(EstimatorSpec, UnknownOptimizerSuggestsTheNearest) {
  EXPECT_EQ(spec_error(classifier({make("optimizer", Form::kName, "ftlr")})),
            "cannot create model \"dating\": optimizer \"ftlr\" does not exist. Did you mean "
            "Ftrl?");
}

TEST(EstimatorSpec, UnknownArgumentSuggestsTheNearest) {
  EXPECT_EQ(spec_error(classifier({make("n_clases", Form::kNumber, "3")})),
            "cannot create model \"dating\": LinearClassifier has no argument \"n_clases\". Did "
            "you mean n_classes?");
}

TEST(EstimatorSpec, ArgumentsOfOtherEstimatorsAreUnknown) {
  EXPECT_NE(spec_error(classifier({make("label_dimension", Form::kNumber, "3")}))
                .find("LinearClassifier has no argument \"label_dimension\""),
            std::string::npos);
}

TEST(EstimatorSpec, OptimizerArgumentOutOfBoundsIsRefused) {
  const auto optimizer = make("optimizer", Form::kCall, "Ftrl",
                              {make("l1_regularization_strength", Form::kNumber, "-1")});
  EXPECT_EQ(spec_error(classifier({optimizer})),
            "cannot create model \"dating\": argument \"l1_regularization_strength\" of optimizer "
            "Ftrl must be at least 0");
  const auto rate =
      make("optimizer", Form::kCall, "Ftrl", {make("learning_rate", Form::kNumber, "0")});
  EXPECT_NE(spec_error(classifier({rate})).find("must be above 0"), std::string::npos);
}

TEST(EstimatorSpec, DnnDefaultsAreTensorFlows) {
  const auto units = make("hidden_units", Form::kList, "", {make("", Form::kNumber, "8")});
  const auto spec = spec_of(classifier({units}, "DNNClassifier"));
  EXPECT_EQ(spec.dnn_optimizer.kind, OptimizerKind::kAdagrad);
  EXPECT_FLOAT_EQ(spec.dnn_optimizer.learning_rate, 0.001F);
  EXPECT_EQ(spec.activation, Activation::kRelu);
  const auto sgd = make("optimizer", Form::kString, "SGD");
  EXPECT_FLOAT_EQ(spec_of(classifier({units, sgd}, "DNNClassifier")).dnn_optimizer.learning_rate,
                  0.01F);
}

TEST(EstimatorSpec, CombinedDefaultsAreTensorFlows) {
  const auto call =
      make("", Form::kCall, "DNNLinearCombinedClassifier",
           {make("label", Form::kName, "match"), make("linear_feature_columns", Form::kList, ""),
            make("linear_optimizer", Form::kString, "Adagrad")});
  EXPECT_FLOAT_EQ(spec_of(call).linear_optimizer.learning_rate, 0.005F);
  EXPECT_FLOAT_EQ(spec_of(call, 1000000).linear_optimizer.learning_rate, 0.001F);
}

TEST(EstimatorSpec, DnnNeedsHiddenUnits) {
  EXPECT_NE(spec_error(classifier({}, "DNNClassifier")).find("\"hidden_units\" is missing"),
            std::string::npos);
}

TEST(EstimatorSpec, UnknownActivationSuggestsTheNearest) {
  const auto units = make("hidden_units", Form::kList, "", {make("", Form::kNumber, "8")});
  EXPECT_NE(
      spec_error(classifier({units, make("activation_fn", Form::kName, "reul")}, "DNNClassifier"))
          .find("activation \"reul\" does not exist. Did you mean relu?"),
      std::string::npos);
}

TEST(EstimatorSpec, MissingLabelIsNamed) {
  const auto call =
      make("", Form::kCall, "LinearClassifier", {make("feature_columns", Form::kList, "")});
  EXPECT_NE(spec_error(call).find("argument \"label\" is missing"), std::string::npos);
}

TEST(EstimatorSpec, VocabularyHasAWordForEachClass) {
  const auto words = make("label_vocabulary", Form::kList, "",
                          {make("", Form::kString, "no"), make("", Form::kString, "yes")});
  const auto spec = spec_of(classifier({words}));
  EXPECT_EQ(class_of(spec, "yes"), 1);
  EXPECT_EQ(class_of(spec, "maybe"), -1);
  EXPECT_EQ(class_name(spec, 0), "no");
  EXPECT_NE(spec_error(classifier({words, make("n_classes", Form::kNumber, "3")}))
                .find("has 2 words for 3 classes"),
            std::string::npos);
}

TEST(EstimatorSpec, ThresholdsAreProbabilitiesOfTwoClasses) {
  const auto thresholds = [](std::string text) {
    return make("thresholds", Form::kList, "", {make("", Form::kNumber, std::move(text))});
  };
  EXPECT_EQ(spec_of(classifier({thresholds("0.25")})).thresholds, std::vector<float>{0.25F});
  EXPECT_EQ(
      spec_error(classifier({thresholds("1")})),
      "cannot create model \"dating\": argument \"thresholds\" holds numbers between 0 and 1, "
      "not 1");
  EXPECT_EQ(spec_error(classifier({thresholds("0.5"), make("n_classes", Form::kNumber, "3")})),
            "cannot create model \"dating\": argument \"thresholds\" is for two classes, and there "
            "are 3");
}

TEST(EstimatorSpec, WarmStartNamesAModel) {
  const auto from = make("warm_start_from", Form::kName, "yesterday");
  EXPECT_EQ(spec_of(classifier({from})).warm_start_from, "yesterday");
  EXPECT_NE(spec_error(classifier({make("warm_start_from", Form::kNumber, "3")}))
                .find("\"warm_start_from\" is the name of a model"),
            std::string::npos);
}

TEST(EstimatorSpec, LabelsAreCheckedByTheHead) {
  auto spec = spec_of(classifier({}));
  EXPECT_EQ(check_label(spec, 0.25), "");
  EXPECT_EQ(check_label(spec, 3), "label 3 is not in [0, 1]");
  spec.n_classes = 3;
  EXPECT_EQ(check_label(spec, 2), "");
  EXPECT_EQ(check_label(spec, 1.5), "label 1.5 is not a class in [0, 2]");
  spec.kind = EstimatorKind::kLinearRegressor;
  EXPECT_EQ(check_label(spec, -1e6), "");
  EXPECT_NE(check_label(spec, 1e300), "");
}

}  // namespace
}  // namespace millrace::estimator
