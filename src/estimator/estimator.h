// An estimator, as TensorFlow 2.15's canned estimators are: towers (linear; dense layers) + head
// (binary, multi-class, regression) + an optimizer for each tower, all in float32. EstimatorSpec is
// what CREATE MODEL said; a Trainer is the one writer that learns; a Model is what it publishes,
// immutable, read by any number of scorers at once. Sources: tensorflow_estimator 2.15
// canned/{linear,dnn,dnn_linear_combined}.py, head/*.py; formulas and traps in
// reference/tf_estimators.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/argument.h"
#include "data/encoded.h"
#include "estimator/schedule.h"

namespace millrace::estimator {

enum class EstimatorKind : uint8_t {
  kLinearClassifier,
  kLinearRegressor,
  kDnnClassifier,
  kDnnRegressor,
  kDnnLinearCombinedClassifier,
  kDnnLinearCombinedRegressor,
};

enum class OptimizerKind : uint8_t {
  kFtrl,
  kAdagrad,
  kAdam,
  kSgd,
  kRmsprop,
  kAdadelta,
  kAdamax,
  kNadam
};

/// Keras legacy optimizers' arguments; the table in optimizer_spec.cc says which belong to which
/// kind.
struct OptimizerSpec {
  OptimizerKind kind = OptimizerKind::kFtrl;
  float learning_rate = 0.2F;
  Schedule schedule;  // instead of the number, if its kind is not kNone
  float decay = 0;
  // Ftrl
  float learning_rate_power = -0.5F;
  float initial_accumulator_value = 0.1F;  // Adagrad too
  float l1_regularization_strength = 0;
  float l2_regularization_strength = 0;
  float l2_shrinkage_regularization_strength = 0;
  float beta = 0;
  // Adagrad, Adam, RMSprop, ...
  float epsilon = 1e-7F;
  // Adam and its kin
  float beta_1 = 0.9F;
  float beta_2 = 0.999F;
  bool amsgrad = false;
  // SGD; RMSprop too
  float momentum = 0;
  bool nesterov = false;
  // RMSprop; Adadelta's is 0.95
  float rho = 0.9F;
  bool centered = false;
  // Nadam: the product of the momenta of all steps so far. State, not an argument.
  float momentum_cache = 1;
  // All: gradients are cut before they are applied. 0 = not.
  float clipvalue = 0;        // each element
  float clipnorm = 0;         // each variable's norm
  float global_clipnorm = 0;  // the norm of all variables together

  bool operator==(const OptimizerSpec&) const = default;
};

enum class LossReduction : uint8_t { kSumOverBatchSize, kSum };
/// Of hidden layers: tf.nn's functions of these names.
enum class Activation : uint8_t {
  kRelu,
  kRelu6,
  kLeakyRelu,
  kElu,
  kSelu,
  kSoftplus,
  kSoftsign,
  kSigmoid,
  kTanh,
  kSwish,
  kLinear
};
using millrace::Combiner;

struct EstimatorSpec {
  EstimatorKind kind = EstimatorKind::kLinearClassifier;
  std::string label;                          // the input column that holds it
  std::string weight_column;                  // empty: each row weighs 1
  int64_t n_classes = 2;                      // classifiers
  int64_t label_dimension = 1;                // regressors
  std::vector<std::string> label_vocabulary;  // empty: labels are the class ids themselves
  std::vector<float> thresholds;  // binary: where accuracy, precision and recall are reported too
  LossReduction loss_reduction = LossReduction::kSumOverBatchSize;
  Combiner sparse_combiner = Combiner::kSum;
  OptimizerSpec linear_optimizer;
  // Estimators with a DNN.
  OptimizerSpec dnn_optimizer;
  std::vector<int64_t> hidden_units;
  Activation activation = Activation::kRelu;
  float dropout = 0;  // the part of a layer's outputs that a training step drops
  bool batch_norm = false;
  int64_t batch_size = 128;  // rows of one training step
  uint64_t seed = 1;
  std::string warm_start_from;  // the model whose weights to start with; empty: none
  // How many versions are kept, and how long all are. Not the estimator's to do.
  int64_t keep_versions = 5;  // RunConfig's keep_checkpoint_max
  int64_t keep_for_micros = 0;

  bool is_classifier() const;
  /// Logits of a row: 1 (binary), n_classes, or label_dimension.
  int64_t units() const;
};

/// Reads `LinearClassifier(label => match, ..., optimizer => Ftrl(...))`. The arguments that hold
/// feature columns are checked to be present and otherwise left to features/. `linear_columns` is
/// their number: TensorFlow's default learning rate depends on it when optimizer => NULL. Errors
/// are about `model_name` and name the argument: `cannot create model "dating": optimizer "ftlr"
/// does not exist` / `Did you mean Ftrl?`.
Result<EstimatorSpec> make_estimator_spec(std::string_view model_name, const Argument& call,
                                          size_t linear_columns);

/// What the towers of one estimator read, for the same rows. A tower that does not exist is empty.
struct TowerInputs {
  Encoded linear;
  Encoded dnn;
};
struct TowerLayouts {
  std::vector<BlockLayout> linear;
  std::vector<BlockLayout> dnn;
};

/// Predictions of consecutive rows, as TensorFlow's predict() dictionary. Reused between calls.
struct Predictions {
  size_t rows = 0;
  size_t units = 1;
  std::vector<float> logits;         // [rows, units]; the prediction itself for regressors
  std::vector<float> probabilities;  // [rows, n_classes] (2 when binary), empty for regressors
  std::vector<int64_t> class_ids;    // [rows], empty for regressors
  std::vector<float> losses;         // [rows] of a binary step, not weighted; empty: not known
  std::vector<float> scratch;        // of the towers, kept for the next call
};

/// One named part of a model, for DESCRIBE MODEL, tests and export. Names as in TensorFlow's
/// checkpoints: "linear/linear_model/age_bucketized/weights",
/// "training/Ftrl/linear/linear_model/bias_weights/accumulator".
struct Variable {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// What one value of a row adds to a logit.
struct Contribution {
  std::string column;    // the feature column's name; "bias"; "dnn", all of that tower
  int64_t element = -1;  // the category's id, or the place in a vector; -1: the column as a whole
  float value = 1;       // the number, or the weight of the category
  float amount = 0;
};

/// What scorers read. Immutable.
class Model {
 public:
  virtual ~Model() = default;
  virtual const EstimatorSpec& spec() const = 0;
  virtual int64_t global_step() const = 0;
  virtual int64_t examples() const = 0;  // rows learned
  /// Rows [begin, end) of `inputs`. Thread-safe; allocates only when `out` is too small.
  virtual void predict(const TowerInputs& inputs, size_t begin, size_t end,
                       Predictions& out) const = 0;
  /// Why row `row` has the logit of `unit` that it has: contributions that add up to it, in
  /// column-name order. Errors: kUnsupported for a model without a linear tower, whose parts do not
  /// add up.
  virtual Result<std::vector<Contribution>> explain(const TowerInputs& inputs, size_t row,
                                                    size_t unit) const = 0;
  /// The trained variables (weights, biases, kernels; no optimizer slots), for DESCRIBE MODEL.
  virtual std::vector<Variable> variables() const = 0;
};

/// The one writer of a model; one thread at a time.
class Trainer {
 public:
  /// A model as TensorFlow initialises it. Errors: kInvalidArgument, kResourceExhausted.
  static Result<std::unique_ptr<Trainer>> create(const EstimatorSpec& spec,
                                                 const TowerLayouts& layouts);
  virtual ~Trainer() = default;

  virtual const EstimatorSpec& spec() const = 0;
  virtual int64_t global_step() const = 0;
  virtual int64_t examples() const = 0;

  /// One step on rows [begin, end): predicts them with the model before the step (into `out`,
  /// without dropout and with the moving statistics of batch_norm), then learns. Returns the loss
  /// before the update, reduced as loss_reduction says.
  virtual double learn(const TowerInputs& inputs, const Labels& labels, size_t begin, size_t end,
                       Predictions& out) = 0;

  /// The first variable in which the last step left a value that is not finite, by its name; empty
  /// when there is none. A Trainer that has one is of no use any more.
  virtual std::string not_finite() const = 0;

  /// The model as it is now, for scorers; it stays so while training goes on.
  virtual std::shared_ptr<const Model> publish() = 0;

  /// The model as bytes (docs/format/model.md): spec, layouts, weights, slots, steps, checksum; the
  /// same model gives the same bytes. load() refuses damage and another model's bytes with a clear
  /// Error.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;

  virtual std::vector<Variable> variables() const = 0;
  /// What ALTER MODEL may set, as assign() takes it: the optimizers' numbers and schedules.
  virtual std::vector<Variable> settings() const = 0;
  /// The names of those variables that a warm start takes over: what gradients move and what
  /// standardizes numbers, without slots and batch normalization's moving statistics.
  virtual std::vector<std::string> trained_names() const = 0;
  /// Overwrites one variable (warm start, tests). Errors: kNotFound, kInvalidArgument for a wrong
  /// shape. Optimizers' hyperparameters are variables of shape [], as in a checkpoint.
  virtual Status assign(const Variable& variable) = 0;
};

/// `warm_start_from`: overwrites the trained variables of `trainer` (weights, biases, kernels,
/// tables) with those of a finished model, which it must have by name and shape. As TensorFlow does
/// with a checkpoint's path, optimizer slots and moving statistics stay as they start. Errors:
/// kNotFound, with the nearest name; kInvalidArgument for another shape. Nothing has changed then.
Status warm_start(Trainer& trainer, const std::vector<Variable>& from);

/// The loss of rows [begin, end) of `labels`, which `predictions` holds: what a step on them would
/// report, for evaluation without learning.
double loss_of(const EstimatorSpec& spec, const Predictions& predictions, const Labels& labels,
               size_t begin, size_t end);

/// Checks that a label fits the head and turns it into the number to learn from. Text goes through
/// the vocabulary. Empty result = fine; otherwise what is wrong: `label 3 is not in [0, 1]`.
std::string check_label(const EstimatorSpec& spec, double label);
/// The class id of a text label, or -1.
int64_t class_of(const EstimatorSpec& spec, std::string_view label);
/// The name of a class: from the vocabulary, or the id in decimal.
std::string class_name(const EstimatorSpec& spec, int64_t class_id);

}  // namespace millrace::estimator
