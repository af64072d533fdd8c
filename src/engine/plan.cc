#include "engine/plan.h"

#include <algorithm>
#include <map>

#include "estimator/metrics.h"

namespace millrace::engine {
namespace {

/// What the model reads: lower-case names and the type each is decoded to.
std::map<std::string, Kind> model_inputs(const ModelEntry& model, StepKind step) {
  auto kinds = model.columns().key_kinds();
  if (step != StepKind::kTrain) return kinds;
  const auto& spec = model.spec();
  const bool text = !spec.label_vocabulary.empty();
  if (spec.is_classifier() || spec.label_dimension == 1) {
    kinds[to_lower(spec.label)] = text ? Kind::kVarchar : Kind::kFloat;
  } else {
    for (int64_t i = 0; i < spec.label_dimension; ++i)
      kinds[to_lower(spec.label) + "_" + std::to_string(i)] = Kind::kFloat;
  }
  if (!spec.weight_column.empty()) kinds[to_lower(spec.weight_column)] = Kind::kFloat;
  return kinds;
}

bool is_of_one_message(decode::MessageFact fact) {
  using Fact = decode::MessageFact;
  return fact == Fact::kKey || fact == Fact::kKeyBytes || fact == Fact::kTimestamp ||
         fact == Fact::kTimestampType || fact == Fact::kOffset || fact == Fact::kHeaders;
}

class Planner {
 public:
  Planner(const PipelineDefinition& pipeline, const std::optional<store::TableInfo>& target,
          const ModelEntry* model)
      : pipeline_(pipeline), target_(target), model_(model) {
    if (model_ != nullptr) inputs_ = model_inputs(*model_, pipeline_.step);
    undecided_ = pipeline_.step == StepKind::kTrain && model_->columns().undecided;
    for (auto& set : pipeline_.set) take_key_as_bytes(set);
    for (const auto& set : pipeline_.set) note_reads(set.value);
    note_reads(pipeline_.where);
  }

  Result<Plan> make() {
    TRY_OK(check_target());
    TRY_OK(plan_fields());
    TRY_OK(plan_set());
    TRY_OK(check_model_inputs());
    TRY_OK(check_reads());
    if (pipeline_.step != StepKind::kTrain) plan_output();
    plan_.output.database = pipeline_.table.database;
    if (pipeline_.rejects.kind == RejectsDefinition::Kind::kTable) {
      plan_.output.rejects_database = pipeline_.rejects.table.database;
      plan_.output.rejects_table = pipeline_.rejects.table.name;
    }
    plan_.output.table = pipeline_.table.name;
    plan_.output.form = pipeline_.step == StepKind::kTrain ? store::OutputSpec::Form::kEvaluation
                                                           : store::OutputSpec::Form::kRows;
    return std::move(plan_);
  }

 private:
  Error error(Code code, std::string message, std::string hint = {}) const {
    const std::string where =
        pipeline_.name.name.empty() ? "LOAD DATA" : "pipeline \"" + pipeline_.name.name + "\"";
    return Error(code, where + ": " + std::move(message), std::move(hint));
  }

  void note_reads(const Expression& expression) {
    for (const auto& name : expression.reads) reads_.push_back(to_lower(name));
  }

  /// A BLOB that is SET to the message's key gets its bytes; as a text they might be escaped.
  void take_key_as_bytes(SetDefinition& set) const {
    const auto& facts = decode::message_facts();
    const auto& text = facts[static_cast<size_t>(decode::MessageFact::kKey)];
    const auto& bytes = facts[static_cast<size_t>(decode::MessageFact::kKeyBytes)];
    const auto* column = target_column(set.column);
    if (column == nullptr || column->type_name != "BLOB") return;
    if (set.value.sql != quote_identifier(text.column)) return;
    set.value.sql = quote_identifier(bytes.column);
    set.value.reads = {std::string(bytes.column)};
  }

  bool is_read(std::string_view name) const {
    return std::find(reads_.begin(), reads_.end(), to_lower(name)) != reads_.end();
  }

  /// The type the model wants of a field, if it reads it.
  std::optional<Kind> model_kind(std::string_view name) const {
    const auto at = inputs_.find(to_lower(name));
    if (at != inputs_.end()) return at->second;
    return undecided_ ? std::optional(Kind::kVarchar) : std::nullopt;
  }

  const SetDefinition* set_of(std::string_view column) const {
    for (const auto& set : pipeline_.set) {
      if (same_name(set.column, column)) return &set;
    }
    return nullptr;
  }

  const store::TableColumn* target_column(std::string_view name) const {
    if (pipeline_.step == StepKind::kTrain || !target_) return nullptr;
    return target_->find(name);
  }

  std::vector<std::string_view> target_names() const {
    std::vector<std::string_view> names;
    if (!target_) return names;
    for (const auto& column : target_->columns) names.push_back(column.name);
    return names;
  }

  /// All of the column list, wanted or not.
  std::vector<std::string_view> field_names() const {
    std::vector<std::string_view> names;
    for (const auto& field : plan_.fields) names.push_back(field.name);
    return names;
  }

  Status check_target() const;
  Status plan_fields();
  Result<decode::InputField> plan_field(const FieldDefinition& field) const;
  Status plan_set();
  Status check_model_inputs() const;
  Status check_reads() const;
  void plan_output();
  void plan_unset_predictions();
  bool is_written_as(DataType type, PredictionKind kind) const;
  void use_prediction(PredictionKind kind, std::string_view name, DataType type);
  void use_read_predictions();
  bool reads_prediction(const Expression& expression) const;

  PipelineDefinition pipeline_;
  const std::optional<store::TableInfo>& target_;
  const ModelEntry* model_;
  std::map<std::string, Kind> inputs_;
  bool undecided_ = false;  // feature_columns => auto
  std::vector<std::string> reads_;
  Plan plan_;
};

Status Planner::check_target() const {
  if (!target_) {
    if (pipeline_.step == StepKind::kTrain) return {};
    return error(Code::kNotFound, "table " + pipeline_.table.quoted() + " does not exist",
                 "CREATE TABLE it first; only the target of TRAIN MODEL is made by itself.");
  }
  if (pipeline_.step != StepKind::kTrain) return {};
  const Schema metrics = evaluation_columns(model_->spec());
  for (const auto& column : target_->columns) {
    std::string name = column.name;
    std::replace(name.begin(), name.end(), '/', '_');
    if (metrics.find(name)) return {};
  }
  return error(Code::kInvalidArgument,
               "table " + pipeline_.table.quoted() + " has no column for an evaluation",
               "TRAIN MODEL keeps one row of metrics in its target: accuracy, auc, average_loss, "
               "loss, global_step. Leave the table out and it is made.");
}

Result<decode::InputField> Planner::plan_field(const FieldDefinition& field) const {
  decode::InputField input;
  input.name = field.variable ? "@" + field.name : field.name;
  input.path = field.path;
  input.default_value = field.default_value;
  // What is a feature is decided by what the columns hold; a variable is none, nor is one that SET
  // makes the feature of.
  std::optional<Kind> wanted_kind;
  const bool is_made = field.variable && set_of(field.name) != nullptr;
  if (!is_made && (!undecided_ || !field.variable)) wanted_kind = model_kind(field.name);
  const bool read = is_read(input.name);
  const auto* column = field.variable ? nullptr : target_column(field.name);
  const bool stored = column != nullptr && set_of(field.name) == nullptr;
  input.wanted = stored || wanted_kind || read;
  // A category is decoded as the model has it, whatever the table makes of it: 042 is not 42. An
  // expression that reads it wants the table's type all the same.
  const bool as_text = wanted_kind && *wanted_kind == Kind::kVarchar && !read;
  if (column != nullptr && column->type && !(as_text && is_integer(column->type->kind))) {
    input.type = *column->type;
  } else if (wanted_kind) {
    // What an expression reads too may need more digits than the model does.
    const bool wider = read && *wanted_kind == Kind::kFloat;
    input.type = {wider ? Kind::kDouble : *wanted_kind, false};
  }
  // A model's category is the text itself.
  input.json = stored && !wanted_kind && column->type_name == "JSON";
  if (stored && column->type) input.nullable = column->nullable || column->has_default;
  const bool known = field.variable || column != nullptr || wanted_kind || read ||
                     pipeline_.step == StepKind::kTrain ||
                     (model_ != nullptr && same_name(field.name, model_->spec().label));
  if (known) return input;
  return error(Code::kNotFound,
               "column \"" + field.name + "\" is not in table " + pipeline_.table.quoted(),
               did_you_mean(field.name, target_names()).empty()
                   ? "Write @" + field.name + " to read the field without storing it."
                   : did_you_mean(field.name, target_names()));
}

Status Planner::plan_fields() {
  std::vector<FieldDefinition> fields = pipeline_.fields;
  if (fields.empty()) {
    if (pipeline_.step == StepKind::kTrain)
      return error(Code::kInvalidArgument, "TRAIN MODEL needs a column list",
                   "Name the fields of the topic after FIELDS ...: (iid, pid, match, @skip, ...).");
    for (const auto& column : target_->columns) {
      fields.push_back({column.name, false});
      if (pipeline_.format != FormatKind::kCsv) fields.back().path = {column.name};
    }
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    TRY(auto input, plan_field(fields[i]));
    for (size_t j = 0; j < i; ++j) {
      if (!same_name(plan_.fields[j].name, input.name)) continue;
      if (!fields[i].variable)
        return error(Code::kInvalidArgument, "column \"" + input.name + "\" is listed twice");
      plan_.fields[j].wanted = false;  // as in MySQL, the last field given to a variable counts
    }
    plan_.fields.push_back(std::move(input));
  }
  std::vector<Field> decoded;
  for (const auto& field : plan_.fields) {
    if (field.wanted) decoded.push_back({field.name, field.type, field.nullable});
  }
  for (const auto& facts : decode::message_facts()) {
    if (!is_read(facts.column)) continue;
    if (pipeline_.transform && is_of_one_message(facts.fact))
      return error(Code::kInvalidArgument,
                   "\"" + std::string(facts.name) + "\" is not known behind WITH TRANSFORM",
                   "Nothing says which message a row of its output was made of; prop_topicname and "
                   "prop_partition are known.");
    plan_.facts.push_back(facts.fact);
    decoded.push_back({std::string(facts.column), facts.type, true});
  }
  plan_.decoded = std::make_shared<Schema>(std::move(decoded));
  return {};
}

bool Planner::reads_prediction(const Expression& expression) const {
  return pipeline_.step == StepKind::kClassify &&
         std::any_of(expression.reads.begin(), expression.reads.end(), [](const auto& name) {
           return name.starts_with("@") && prediction_kind(std::string_view(name).substr(1));
         });
}

/// SET before the model: for TRAIN all of it (the target takes no rows), for CLASSIFY what the
/// model reads.
Status Planner::plan_set() {
  plan_.shape.input = plan_.decoded;
  plan_.shape.names_in = pipeline_.name.database;
  for (const auto& set : pipeline_.set) {
    const auto kind = model_kind(set.column);
    const bool feeds_model = kind.has_value();
    if (feeds_model && reads_prediction(set.value))
      return error(Code::kInvalidArgument,
                   "SET " + set.column + " reads a prediction, and the model reads " + set.column);
    if (feeds_model || pipeline_.step == StepKind::kTrain)
      plan_.shape.columns.push_back({set.column, set.value.sql});
    // A table may keep more digits than the model reads.
    if (kind && is_number(*kind))
      plan_.shape.numbers[set.column] = *kind == Kind::kFloat ? Kind::kDouble : *kind;
    if (!feeds_model && pipeline_.step != StepKind::kTrain && target_column(set.column) == nullptr)
      return error(Code::kNotFound,
                   "SET names column \"" + set.column + "\", which is not in table " +
                       pipeline_.table.quoted(),
                   did_you_mean(set.column, target_names()));
  }
  if (pipeline_.step == StepKind::kTrain) plan_.shape.where = pipeline_.where.sql;
  plan_.shapes = !plan_.shape.columns.empty() || !plan_.shape.where.empty();
  return {};
}

Status Planner::check_model_inputs() const {
  for (const auto& [key, kind] : inputs_) {
    const bool there = find_input(*plan_.decoded, key) || set_of(key) != nullptr;
    if (there) continue;
    return error(
        Code::kNotFound,
        "column \"" + key + "\" of model \"" + model_->name().name + "\" is not in the column list",
        did_you_mean(key, field_names()));
  }
  return {};
}

Status Planner::check_reads() const {
  for (const auto& name : reads_) {
    const bool prediction = pipeline_.step == StepKind::kClassify && name.starts_with("@") &&
                            prediction_kind(std::string_view(name).substr(1));
    if (prediction || plan_.decoded->find(name) || !name.starts_with("@")) continue;
    auto known = field_names();
    std::vector<std::string> variables;
    if (pipeline_.step == StepKind::kClassify) {
      for (const auto& facts : prediction_facts())
        variables.push_back("@" + std::string(facts.name));
    }
    known.insert(known.end(), variables.begin(), variables.end());
    return error(Code::kNotFound, "variable " + name + " is not in the column list",
                 did_you_mean(name, known));
  }
  return {};
}

void Planner::use_prediction(PredictionKind kind, std::string_view name, DataType type) {
  for (const auto& there : plan_.predictions) {
    if (there.name == name) return;
  }
  plan_.predictions.push_back({kind, std::string(name), type});
}

void Planner::use_read_predictions() {
  for (const auto& name : reads_) {
    if (!name.starts_with("@") || plan_.decoded->find(name)) continue;
    if (const auto kind = prediction_kind(std::string_view(name).substr(1)))
      use_prediction(*kind, name, prediction_facts()[static_cast<size_t>(*kind)].type);
  }
}

/// Whether a column of `type` holds all such predictions, so that the rows need no cast on their
/// way in. Where it may not, SQL's own cast rounds or refuses.
bool Planner::is_written_as(DataType type, PredictionKind kind) const {
  if (type.list) return false;
  const bool real = type.kind == Kind::kFloat || type.kind == Kind::kDouble;
  const bool wide = type.kind == Kind::kInt32 || type.kind == Kind::kUInt32 ||
                    type.kind == Kind::kInt64 || type.kind == Kind::kUInt64;
  switch (kind) {
    case PredictionKind::kClassId:
      if (type.kind == Kind::kBool) return model_->spec().n_classes == 2;
      return real || wide || (is_integer(type.kind) && model_->spec().n_classes <= 128);
    case PredictionKind::kModelVersion:
      return type.kind == Kind::kInt64;
    case PredictionKind::kProbability:
    case PredictionKind::kPrediction:
      return real;
    default:
      return false;
  }
}

/// Without SET, target columns that have a prediction's name are filled, and the label's column.
void Planner::plan_unset_predictions() {
  const auto fill = [&](const store::TableColumn& column, PredictionKind kind) {
    const auto& facts = prediction_facts()[static_cast<size_t>(kind)];
    const bool makes = model_->spec().is_classifier() ? facts.classifiers : facts.regressors;
    if (!makes || plan_.decoded->find(column.name)) return;
    const bool own_type = column.type && is_written_as(*column.type, kind);
    const std::string name = "@" + std::string(facts.name);
    const std::string unique = own_type ? name + ":" + to_lower(column.name) : name;
    use_prediction(kind, unique, own_type ? *column.type : facts.type);
    plan_.output.columns.push_back({column.name, quote_identifier(unique)});
  };
  const auto& spec = model_->spec();
  for (const auto& column : target_->columns) {
    if (const auto kind = prediction_kind(column.name)) {
      fill(column, *kind);
    } else if (same_name(column.name, spec.label)) {
      const bool text = !column.type || is_text(column.type->kind);
      fill(column, !spec.is_classifier() ? PredictionKind::kPrediction
                   : text                ? PredictionKind::kClass
                                         : PredictionKind::kClassId);
    }
  }
}

void Planner::plan_output() {
  for (const auto& field : plan_.fields) {
    const auto* column = target_column(field.name);
    if (!field.wanted || column == nullptr || set_of(field.name) != nullptr) continue;
    std::string value = quote_identifier(field.name);
    // Read as text and cast by SQL; an empty field is NULL, as of any number.
    const auto at = find_input(*plan_.decoded, field.name);
    const bool as_it_is = column->type && plan_.decoded->fields()[*at].type == *column->type;
    if (!as_it_is) value = "CAST(nullif(" + value + ", '') AS " + column->type_name + ")";
    plan_.output.columns.push_back({column->name, std::move(value)});
  }
  for (const auto& set : pipeline_.set) {
    if (target_column(set.column) == nullptr) continue;
    const bool shaped =
        std::any_of(plan_.shape.columns.begin(), plan_.shape.columns.end(),
                    [&](const auto& one) { return same_name(one.column, set.column); });
    plan_.output.columns.push_back(
        {set.column, shaped ? quote_identifier(set.column) : set.value.sql});
  }
  plan_.output.where = pipeline_.where.sql;
  plan_.output.duplicates = pipeline_.duplicates;
  for (const auto& set : pipeline_.on_duplicate)
    plan_.output.on_duplicate.push_back({set.column, set.value.sql});
  if (pipeline_.step != StepKind::kClassify) return;
  use_read_predictions();
  if (pipeline_.set.empty()) plan_unset_predictions();
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

Schema evaluation_columns(const estimator::EstimatorSpec& spec) {
  std::vector<Field> fields{{"global_step", {Kind::kInt64}, true}};
  for (auto& name : estimator::Metrics::create(spec)->names()) {
    std::replace(name.begin(), name.end(), '/', '_');
    fields.push_back({std::move(name), {Kind::kDouble}, true});
  }
  fields.push_back({"examples", {Kind::kInt64}, true});
  fields.push_back({"model_version", {Kind::kInt64}, true});
  return Schema(std::move(fields));
}

Result<Plan> make_plan(const PipelineDefinition& pipeline,
                       const std::optional<store::TableInfo>& target, const ModelEntry* model) {
  return Planner(pipeline, target, model).make();
}

}  // namespace millrace::engine
