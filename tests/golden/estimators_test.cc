// Every run of the real tf.estimator in shared/reference/golden and in cases/ is repeated here: the
// same model from the same statement, the same rows, the same initial variables; then every
// variable, loss, metric and prediction is compared. A table at the end names each case with its
// largest deviations.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

enum Part : uint8_t { kLosses, kVariables, kPredictions, kMetrics, kParts };
constexpr std::array<const char*, kParts> kPartNames = {"losses", "variables", "predictions",
                                                        "metrics"};

struct Outcome {
  std::string name;
  // The largest |ours - theirs| / max(|theirs|, kFloor / kRelative); below 0 = not compared.
  std::array<double, kParts> deviation = {-1, -1, -1, -1};
};

/// What is not compared as it is, and why. A case that is not here is compared in every value.
const std::map<std::string, std::string>& exceptions() {
  static const std::string v1 =
      "v1: run as v2 with SUM and v1's learning rates; its AUC, by other formulas, is not compared";
  static const std::map<std::string, std::string> all = {
      {"dnnc_dropout",
       "dropout: what a step drops is random; compared from the last variables on, and its losses "
       "with the spread of ours"},
      {"v1_cc", v1},
      {"v1_dnnc", v1},
      {"v1_lc", v1},
      {"v1_lc_multi", v1},
      {"v1_lr", v1}};
  return all;
}

std::vector<Outcome>& outcomes() {
  static std::vector<Outcome> all;
  return all;
}

class PrintTable : public testing::Environment {
 public:
  void TearDown() override {
    Outcome worst;
    std::ostringstream table;
    table << "\nlargest deviation from TensorFlow (float32, tolerance " << kRelative << ")\n"
          << std::left << std::setw(36) << "case";
    for (const char* part : kPartNames) table << std::setw(13) << part;
    table << "\n" << std::scientific << std::setprecision(1);
    const auto line = [&table](const Outcome& outcome) {
      table << std::setw(36) << outcome.name;
      for (const double deviation : outcome.deviation) {
        if (deviation < 0) {
          table << std::setw(13) << "-";
        } else {
          table << std::setw(13) << deviation;
        }
      }
      const auto exception = exceptions().find(outcome.name);
      table << (exception == exceptions().end() ? "" : exception->second) << "\n";
    };
    for (const auto& outcome : outcomes()) {
      line(outcome);
      for (size_t part = 0; part < kParts; ++part) {
        worst.deviation[part] = std::max(worst.deviation[part], outcome.deviation[part]);
      }
    }
    worst.name = "all " + std::to_string(outcomes().size());
    line(worst);
    std::cout << table.str();  // tidy: allow output: the table is what the test reports
  }
};

// gtest owns what it is given.
const auto* const kTable =
    testing::AddGlobalTestEnvironment(std::make_unique<PrintTable>().release());

/// A variable of v1 by v2's name: ".../part_0" and ".../part_0/Ftrl_1" are a variable and a slot.
std::string name_in_v2(const std::string& name, bool v1) {
  constexpr std::string_view kPart = "/part_0";
  const size_t part = name.find(kPart);
  if (!v1 || part == std::string::npos) return name;
  std::string variable = name.substr(0, part);
  const std::string slot = name.substr(part + kPart.size());
  for (const std::string_view doubled : {"linear/linear/", "dnn/dnn/"}) {
    if (!slot.empty() && variable.starts_with(doubled)) variable.erase(0, doubled.size() / 2);
  }
  if (slot.empty()) return variable;
  const bool ftrl = slot.starts_with("/Ftrl");
  return std::string("training/") + (ftrl ? "Ftrl/" : "Adagrad/") + variable +
         (slot == "/Ftrl_1" ? "/linear" : "/accumulator");
}

/// One case: the model, its input and what TensorFlow had.
class Replay {
 public:
  explicit Replay(Json golden) : golden_(std::move(golden)) { outcome_.name = golden_["name"]; }

  const Outcome& outcome() const { return outcome_; }

  /// An Error when a part of the case is not built.
  Status prepare();
  void start();
  void import_variables(const std::string& step);
  void train();
  void evaluate();
  /// The losses of every step, trained again with another seed from TensorFlow's variables.
  std::vector<double> losses_with_seed(uint64_t seed);
  std::vector<double> losses_of_tensorflow() const { return golden_["loss"]; }

 private:
  bool is_v1() const { return golden_["api"] == "v1"; }
  void compare(Part part, const std::string& where, double ours, double theirs, double scale = 0);
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
  const Argument call = is_v1() ? estimator_call_of_v1(golden_) : estimator_call(golden_);
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

/// TensorFlow's initial variables: imported, or warm-started as theirs were.
void Replay::start() {
  if (!golden_.contains("warm_start")) return import_variables("0");
  if (!layouts_.dnn.empty()) import_variables("0");
  std::vector<estimator::Variable> finished;
  for (const auto& [name, variable] : golden_["warm_start"].items()) {
    if (!variable["dtype"].get<std::string>().starts_with("float")) continue;
    finished.push_back({name, variable["shape"].get<std::vector<int64_t>>(),
                        variable["data"].get<std::vector<float>>()});
  }
  const auto started = estimator::warm_start(*trainer_, finished);
  ASSERT_TRUE(started) << started.error().to_string();
  compare_variables("0");
}

void Replay::import_variables(const std::string& step) {
  for (const auto& [name, variable] : golden_["variables"][step].items()) {
    if (!variable["dtype"].get<std::string>().starts_with("float")) continue;
    const auto assigned =
        trainer_->assign({name_in_v2(name, is_v1()), variable["shape"].get<std::vector<int64_t>>(),
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

void Replay::compare(Part part, const std::string& where, double ours, double theirs,
                     double scale) {
  const double deviation =
      std::abs(ours - theirs) / std::max({std::abs(theirs), kFloor / kRelative, scale});
  EXPECT_LE(deviation, kRelative) << outcome_.name << " " << where << ": ours " << ours
                                  << ", TensorFlow's " << theirs;
  double& largest = outcome_.deviation[part];
  if (deviation > largest || std::isnan(deviation)) largest = deviation;
}

/// TensorFlow notices the end of the input in the middle of one more step, in which the ops that
/// need no input have run: the moments of sparse tables, which fade before the gradient is added,
/// have faded once more in the last recorded variables. Nothing else saw it.
double Replay::last_fade(const std::string& variable) const {
  const auto of = [&](const estimator::OptimizerSpec& spec) -> double {
    const bool rmsprop = spec.kind == estimator::OptimizerKind::kRmsprop && spec.momentum == 0;
    const bool adam = spec.kind == estimator::OptimizerKind::kAdam ||
                      spec.kind == estimator::OptimizerKind::kNadam;
    if (adam && variable.ends_with("/m")) return static_cast<double>(spec.beta_1);
    if (adam && variable.ends_with("/v")) return static_cast<double>(spec.beta_2);
    if (rmsprop && (variable.ends_with("/rms") || variable.ends_with("/mg"))) {
      return static_cast<double>(spec.rho);
    }
    return 1;
  };
  if (variable.ends_with("/momentum_cache")) {
    // Nadam's product of momenta has taken in that step's.
    const bool dnn = !layouts_.dnn.empty() && !variable.starts_with("training/Nadam_1") &&
                     spec_.dnn_optimizer.kind == estimator::OptimizerKind::kNadam;
    const auto& spec = dnn ? spec_.dnn_optimizer : spec_.linear_optimizer;
    const auto next = static_cast<double>(trainer_->global_step() + 1);
    return static_cast<double>(spec.beta_1) *
           (1 - 0.5 * std::pow(0.96, static_cast<double>(spec.decay) * next));
  }
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
      if (step != "0") {
        EXPECT_EQ(theirs["data"][0].get<int64_t>(), trainer_->global_step()) << name;
      }
      continue;
    }
    ++floats;
    const auto found = ours.find(name_in_v2(name, is_v1()));
    ASSERT_NE(found, ours.end()) << "there is no variable " << name;
    EXPECT_EQ(found->second.shape, theirs["shape"].get<std::vector<int64_t>>()) << name;
    const auto data = theirs["data"].get<std::vector<double>>();
    const bool last = step == std::to_string(golden_["loss"].size());
    const double fade = last ? last_fade(name) : 1;
    ASSERT_EQ(found->second.values.size(), data.size()) << name;
    for (size_t i = 0; i < data.size(); ++i) {
      compare(kVariables, "step " + step + " " + name + "[" + std::to_string(i) + "]",
              fade * static_cast<double>(found->second.values[i]), data[i]);
    }
  }
  if (is_v1()) return;  // its checkpoints hold no hyperparameters
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
    if (!random) compare(kLosses, "loss of step " + done, loss, losses[step]);
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
        compare(kPredictions, key + where, static_cast<double>(ours[row * expected.size() + i]),
                expected[i], scale);
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
    if (!is_v1() || !name.starts_with("auc")) compare(kMetrics, name, value, theirs[name]);
    theirs.erase(name);
  }
  EXPECT_TRUE(theirs.empty()) << "metric " << theirs.begin()->first << " is not computed";
}

std::vector<double> Replay::losses_with_seed(uint64_t seed) {
  spec_.seed = seed;
  auto trainer = estimator::Trainer::create(spec_, layouts_);
  EXPECT_TRUE(trainer);
  trainer_ = std::move(*trainer);
  import_variables("0");
  const size_t batch = golden_["train"]["batch"];
  std::vector<double> losses;
  estimator::Predictions predictions;
  for (size_t step = 0; step < losses_of_tensorflow().size(); ++step) {
    const size_t first = begin_of("train") + step * batch;
    losses.push_back(trainer_->learn(inputs_, labels_, first, first + batch, predictions));
  }
  return losses;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST(Cases, OfTheSharedFolderAreThoseOfItsManifest) {
  const auto manifest = read_json("manifest.json")["cases"].get<std::vector<std::string>>();
  ASSERT_EQ(manifest.size(), 149U);
  const auto names = case_names();
  for (const auto& name : manifest) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
}

// Every file of cases/ is an instance of this test, and none is skipped: what is not compared in
// every value is listed in exceptions() with its reason, and is compared as far as it goes.
TEST_P(Golden, EqualsTensorFlow) {
  Replay run(read_case(GetParam()));
  const auto prepared = run.prepare();
  ASSERT_TRUE(prepared) << prepared.error().to_string();
  run.start();
  run.train();
  run.evaluate();
  const bool listed = exceptions().contains(GetParam());
  for (size_t part = 0; part < kParts; ++part) {
    EXPECT_TRUE(listed || run.outcome().deviation[part] >= 0)
        << kPartNames[part] << " were not compared";
  }
  outcomes().push_back(run.outcome());
}

TEST(Dropout, LossesOfTensorFlowAreAmongOurs) {
  Replay run(read_case("dnnc_dropout"));
  ASSERT_TRUE(run.prepare());
  constexpr int kSeeds = 400;
  const auto theirs = run.losses_of_tensorflow();
  std::vector<std::vector<double>> ours(theirs.size());
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const auto losses = run.losses_with_seed(static_cast<uint64_t>(seed));
    for (size_t step = 0; step < losses.size(); ++step) ours[step].push_back(losses[step]);
  }
  for (size_t step = 0; step < theirs.size(); ++step) {
    double mean = 0;
    double squares = 0;
    for (const double loss : ours[step]) mean += loss / kSeeds;
    for (const double loss : ours[step]) squares += (loss - mean) * (loss - mean) / kSeeds;
    EXPECT_GT(squares, 0);
    EXPECT_LT(std::abs(theirs[step] - mean), 3 * std::sqrt(squares)) << "step " << step + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace millrace::golden
