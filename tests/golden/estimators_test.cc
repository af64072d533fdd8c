// Every run of the real tf.estimator in shared/reference/golden is repeated here: the same model
// from the same statement, the same rows, the same initial variables; then every variable, loss,
// metric and prediction is compared. A table at the end names each case with its largest deviation,
// or says what it needs that is not built.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "estimator/metrics.h"
#include "features/feature_column.h"
#include "golden_case.h"

namespace millrace::golden {
namespace {

// float32: 1e-5 of the value; of values near zero what is left of sums that cancel.
constexpr double kRelative = 1e-5;
constexpr double kFloor = 1e-6;
// A logit is a sum of large terms that may cancel: it is compared by the size of the case's logits.

struct Outcome {
  std::string name;
  double deviation = 0;  // the largest |ours - theirs| / max(|theirs|, kFloor / kRelative)
  std::string where;
  std::string not_built;
};

std::vector<Outcome>& outcomes() {
  static std::vector<Outcome> all;
  return all;
}

class PrintTable : public testing::Environment {
 public:
  void TearDown() override {
    size_t built = 0;
    std::ostringstream table;
    table << "\ncase                                largest deviation (float32, tolerance "
          << kRelative << ")\n";
    for (const auto& outcome : outcomes()) {
      table << std::left << std::setw(36) << outcome.name;
      if (outcome.not_built.empty()) {
        ++built;
        table << std::scientific << std::setprecision(1) << outcome.deviation << "  "
              << outcome.where << "\n";
      } else {
        table << "not built: " << outcome.not_built << "\n";
      }
    }
    table << built << " of " << outcomes().size() << " cases are built\n";
    std::cout << table.str();  // tidy: allow output: the table is what the test reports
  }
};

// gtest owns what it is given.
const auto* const kTable =
    testing::AddGlobalTestEnvironment(std::make_unique<PrintTable>().release());

/// One case: the model, its input and what TensorFlow had.
class Replay {
 public:
  explicit Replay(Json golden) : golden_(std::move(golden)) { outcome_.name = golden_["name"]; }

  Outcome& outcome() { return outcome_; }

  /// What is missing, as an Error, or nothing.
  Status prepare();
  void import_variables(const std::string& step);
  void train();
  void evaluate();

 private:
  void compare(const std::string& where, double ours, double theirs, double scale = 0);
  double logit_scale() const;
  void compare_variables(const std::string& step);
  double last_fade(const std::string& variable) const;
  size_t begin_of(const char* part) const { return golden_[part]["rows"][0]; }
  size_t end_of(const char* part) const { return golden_[part]["rows"][1]; }
  void compare_predictions(const estimator::Predictions& predictions, size_t first, size_t count);

  Json golden_;
  Outcome outcome_;
  estimator::EstimatorSpec spec_;
  std::unique_ptr<estimator::Trainer> trainer_;
  estimator::TowerLayouts layouts_;
  estimator::TowerInputs inputs_;
  Labels labels_;
};

Status Replay::prepare() {
  if (golden_["api"] != "v2") {
    return Error(Code::kUnsupported, "tf.compat.v1 is another set of defaults and losses");
  }
  const Argument call = estimator_call(golden_);
  std::vector<features::FeatureColumn> linear;
  std::vector<features::FeatureColumn> dnn;
  const bool is_dnn = call.text.starts_with("DNN");
  for (const char* key : {"feature_columns", "linear_feature_columns", "dnn_feature_columns"}) {
    const Argument* list = call.find(key);
    if (list == nullptr) continue;
    const bool to_dnn = std::string_view(key).starts_with("dnn") ||
                        (is_dnn && std::string_view(key) == "feature_columns");
    TRY((to_dnn ? dnn : linear), features::make_feature_columns(*list));
  }
  TRY(spec_, estimator::make_estimator_spec(outcome_.name, call, linear.size()));
  const auto feed = golden_["feed"] == "dense" ? features::Feed::kDense : features::Feed::kExample;
  const Batch rows = input_rows(feed);
  std::vector<features::RowFault> faults;
  TRY(auto linear_encoder,
      features::Encoder::make(linear, features::Tower::kLinear, rows.schema(), feed));
  linear_encoder->encode(rows, inputs_.linear, faults);
  layouts_.linear = linear_encoder->layout();
  TRY(auto dnn_encoder, features::Encoder::make(dnn, features::Tower::kDnn, rows.schema(), feed));
  dnn_encoder->encode(rows, inputs_.dnn, faults);
  layouts_.dnn = dnn_encoder->layout();
  for (const auto& fault : faults) {
    ADD_FAILURE() << "row " << fault.row << ": " << fault.detail;
  }
  TRY(trainer_, estimator::Trainer::create(spec_, layouts_));
  labels_ = labels_of(golden_, spec_);
  return {};
}

void Replay::import_variables(const std::string& step) {
  for (const auto& [name, variable] : golden_["variables"][step].items()) {
    if (!variable["dtype"].get<std::string>().starts_with("float")) continue;
    const auto assigned = trainer_->assign({name, variable["shape"].get<std::vector<int64_t>>(),
                                            variable["data"].get<std::vector<float>>()});
    EXPECT_TRUE(assigned) << name << ": " << (assigned ? "" : assigned.error().to_string());
  }
}

/// The root mean square of TensorFlow's logits or predictions.
double Replay::logit_scale() const {
  double squares = 0;
  double count = 0;
  const Json& theirs = golden_["predict"];
  for (const auto& row : theirs[theirs.contains("logits") ? "logits" : "predictions"]) {
    for (const double value : row.get<std::vector<double>>()) {
      squares += value * value;
      count += 1;
    }
  }
  return std::sqrt(squares / count);
}

void Replay::compare(const std::string& where, double ours, double theirs, double scale) {
  const double deviation =
      std::abs(ours - theirs) / std::max({std::abs(theirs), kFloor / kRelative, scale});
  EXPECT_LE(deviation, kRelative) << outcome_.name << " " << where << ": ours " << ours
                                  << ", TensorFlow's " << theirs;
  if (deviation > outcome_.deviation || std::isnan(deviation)) {
    outcome_.deviation = deviation;
    outcome_.where = where;
  }
}

/// TensorFlow notices the end of the input in the middle of one more step, in which the ops that
/// need no input have run: the moments of sparse tables, which fade before the gradient is added,
/// have faded once more in the last recorded variables. Nothing else saw it.
double Replay::last_fade(const std::string& variable) const {
  const auto of = [&](const estimator::OptimizerSpec& spec) -> double {
    const bool rmsprop = spec.kind == estimator::OptimizerKind::kRmsprop && spec.momentum == 0;
    const bool adam = spec.kind == estimator::OptimizerKind::kAdam;
    if (adam && variable.ends_with("/m")) return static_cast<double>(spec.beta_1);
    if (adam && variable.ends_with("/v")) return static_cast<double>(spec.beta_2);
    if (rmsprop && (variable.ends_with("/rms") || variable.ends_with("/mg"))) {
      return static_cast<double>(spec.rho);
    }
    return 1;
  };
  const auto has = [&](const std::string& table) {
    return variable.find("/" + table + "/") != std::string::npos;
  };
  for (const auto& block : layouts_.dnn) {
    if (block.table_rows > 0 && has("input_layer/" + block.name + "/embedding_weights")) {
      return of(spec_.dnn_optimizer);
    }
  }
  for (const auto& block : layouts_.linear) {
    const std::string table = block.table_rows > 0 ? "/embedding_weights" : "/weights";
    if (block.sparse && !block.multi_hot && has("linear_model/" + block.name + table)) {
      return of(spec_.linear_optimizer);
    }
  }
  return 1;
}

void Replay::compare_variables(const std::string& step) {
  std::map<std::string, estimator::Variable> ours;
  for (auto& variable : trainer_->variables()) ours.emplace(variable.name, variable);
  size_t floats = 0;
  for (const auto& [name, theirs] : golden_["variables"][step].items()) {
    if (!theirs["dtype"].get<std::string>().starts_with("float")) {
      // global_step, and the linear optimizer's own counter beside a DNN.
      EXPECT_EQ(theirs["data"][0].get<int64_t>(), trainer_->global_step()) << name;
      continue;
    }
    ++floats;
    const auto found = ours.find(name);
    ASSERT_NE(found, ours.end()) << "there is no variable " << name;
    EXPECT_EQ(found->second.shape, theirs["shape"].get<std::vector<int64_t>>()) << name;
    const auto data = theirs["data"].get<std::vector<double>>();
    const bool last = step == std::to_string(golden_["loss"].size());
    const double fade = last ? last_fade(name) : 1;
    ASSERT_EQ(found->second.values.size(), data.size()) << name;
    for (size_t i = 0; i < data.size(); ++i) {
      compare("step " + step + " " + name + "[" + std::to_string(i) + "]",
              fade * static_cast<double>(found->second.values[i]), data[i]);
    }
  }
  EXPECT_EQ(floats, ours.size()) << "there are variables that TensorFlow does not have";
}

void Replay::train() {
  const size_t begin = begin_of("train");
  const size_t end = end_of("train");
  const size_t batch = golden_["train"]["batch"];
  const auto losses = golden_["loss"].get<std::vector<double>>();
  // What dropout drops is random: such a run is compared from its last variables on.
  const bool random = spec_.dropout > 0;
  ASSERT_EQ(losses.size(), golden_["train"]["steps"].get<size_t>());
  estimator::Predictions predictions;
  size_t first = begin;
  for (size_t step = 0; step < losses.size(); ++step) {
    const size_t last = std::min(first + batch, end);
    const double loss = trainer_->learn(inputs_, labels_, first, last, predictions);
    const std::string done = std::to_string(step + 1);
    if (!random) compare("loss of step " + done, loss, losses[step]);
    if (!random && golden_["variables"].contains(done)) compare_variables(done);
    first = last == end ? begin : last;
  }
  if (random) import_variables(std::to_string(losses.size()));
}

void Replay::compare_predictions(const estimator::Predictions& predictions, size_t first,
                                 size_t count) {
  const Json& theirs = golden_["predict"];
  const auto row_of = [&](const char* key, size_t row) {
    return theirs[key][first - begin_of("predict") + row].get<std::vector<double>>();
  };
  const double logits = logit_scale();
  for (size_t row = 0; row < count; ++row) {
    const std::string where = " of row " + std::to_string(first + row);
    for (const char* key : {"logits", "predictions", "probabilities"}) {
      if (!theirs.contains(key)) continue;
      const auto expected = row_of(key, row);
      const bool probabilities = std::string_view(key) == "probabilities";
      const auto& ours = probabilities ? predictions.probabilities : predictions.logits;
      const double scale = probabilities ? 0 : logits;
      for (size_t i = 0; i < expected.size(); ++i) {
        compare(key + where, static_cast<double>(ours[row * expected.size() + i]), expected[i],
                scale);
      }
    }
    if (theirs.contains("class_ids")) {
      EXPECT_EQ(static_cast<double>(predictions.class_ids[row]), row_of("class_ids", row)[0]);
    }
    if (theirs.contains("classes")) {
      EXPECT_EQ(estimator::class_name(spec_, predictions.class_ids[row]),
                theirs["classes"][first - begin_of("predict") + row][0].get<std::string>());
    }
  }
}

void Replay::evaluate() {
  const auto model = trainer_->publish();
  const auto metrics = estimator::Metrics::create(spec_);
  estimator::Predictions predictions;
  const size_t end = end_of("eval");
  const size_t batch = golden_["eval"]["batch"];
  for (size_t first = begin_of("eval"); first < end;) {
    const size_t last = std::min(first + batch, end);
    model->predict(inputs_, first, last, predictions);
    compare_predictions(predictions, first, last - first);
    metrics->add(predictions, labels_, first, last,
                 estimator::loss_of(spec_, predictions, labels_, first, last));
    first = last;
  }
  std::map<std::string, double> theirs = golden_["eval"]["metrics"];
  EXPECT_EQ(theirs["global_step"], static_cast<double>(model->global_step()));
  theirs.erase("global_step");
  for (const auto& [name, value] : metrics->result()) {
    ASSERT_TRUE(theirs.contains(name)) << name;
    compare(name, value, theirs[name]);
    theirs.erase(name);
  }
  EXPECT_TRUE(theirs.empty()) << "metric " << theirs.begin()->first << " is not computed";
}

class Golden : public testing::TestWithParam<std::string> {};

// The v1 estimators are other models; a case of v2 may not fall out of the comparison unnoticed.
TEST(Cases, AreAllBuiltButTheOnesOfV1) {
  const auto names = case_names();
  ASSERT_EQ(names.size(), 149U);
  for (const auto& name : names) {
    const auto prepared = Replay(read_json("cases/" + name + ".json")).prepare();
    EXPECT_EQ(static_cast<bool>(prepared), !name.starts_with("v1_"))
        << name << (prepared ? "" : ": " + prepared.error().to_string());
  }
}

TEST_P(Golden, EqualsTensorFlow) {
  Replay run(read_json("cases/" + GetParam() + ".json"));
  if (const auto prepared = run.prepare(); !prepared) {
    ASSERT_EQ(prepared.error().code, Code::kUnsupported) << prepared.error().to_string();
    run.outcome().not_built = prepared.error().message;
    outcomes().push_back(run.outcome());
    GTEST_SKIP() << prepared.error().message;
  }
  run.import_variables("0");
  run.train();
  run.evaluate();
  outcomes().push_back(run.outcome());
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace millrace::golden
