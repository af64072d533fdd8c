#include "engine/plan.h"

#include <gtest/gtest.h>

#include "engine/definitions_test.h"

namespace millrace::engine {
namespace {

using Target = std::optional<store::TableInfo>;

store::TableColumn column(std::string name, std::optional<DataType> type, std::string type_name) {
  store::TableColumn made;
  made.name = std::move(name);
  made.type = type;
  made.type_name = std::move(type_name);
  return made;
}

/// id BIGINT NOT NULL, Age INTEGER, city VARCHAR, clicked TINYINT, probability DOUBLE,
/// price DECIMAL(10,2), model_version BIGINT.
Target results() {
  store::TableInfo table;
  table.columns = {column("id", DataType{Kind::kInt64}, "BIGINT"),
                   column("Age", DataType{Kind::kInt32}, "INTEGER"),
                   column("city", DataType{Kind::kVarchar}, "VARCHAR"),
                   column("clicked", DataType{Kind::kInt8}, "TINYINT"),
                   column("probability", DataType{Kind::kFloat}, "FLOAT"),
                   column("price", std::nullopt, "DECIMAL(10,2)"),
                   column("model_version", DataType{Kind::kInt64}, "BIGINT")};
  table.columns[0].nullable = false;
  return table;
}

PipelineDefinition pipeline(StepKind step, const std::vector<std::string>& fields) {
  PipelineDefinition made;
  made.name = {"shop", "feed"};
  made.step = step;
  made.model = {"shop", "clicks"};
  made.table = {"shop", "results"};
  for (const auto& field : fields) {
    const bool variable = field.starts_with('@');
    made.fields.push_back({variable ? field.substr(1) : field, variable});
  }
  return made;
}

Expression expression(std::string sql, std::vector<std::string> reads) {
  return {sql, sql, std::move(reads)};
}

Plan plan_of(const PipelineDefinition& definition, const Target& target,
             const ModelEntry* model = nullptr) {
  auto made = make_plan(definition, target, model);
  EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
  return made ? std::move(*made) : Plan();
}

std::string error_of(const PipelineDefinition& definition, const Target& target,
                     const ModelEntry* model = nullptr) {
  const auto made = make_plan(definition, target, model);
  EXPECT_FALSE(made);
  return made ? "" : made.error().to_string();
}

/// "name TYPE" of each wanted field.
std::vector<std::string> decoded(const Plan& plan) {
  std::vector<std::string> fields;
  for (const auto& field : plan.decoded->fields())
    fields.push_back(field.name + " " + name_of(field.type) + (field.nullable ? "" : " NOT NULL"));
  return fields;
}

/// "column = expression" of each assignment.
std::vector<std::string> written(const std::vector<store::Assignment>& assignments) {
  std::vector<std::string> lines;
  for (const auto& one : assignments) lines.push_back(one.column + " = " + one.expression);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Plan, APlainPipelineDecodesToTheTablesTypes) {
  const auto plan = plan_of(pipeline(StepKind::kNone, {"id", "@skip", "age", "price"}), results());
  EXPECT_EQ(decoded(plan), (Lines{"id BIGINT NOT NULL", "age INTEGER", "price VARCHAR"}));
  EXPECT_EQ(plan.fields.size(), 4U);
  EXPECT_FALSE(plan.fields[1].wanted) << "a variable that nobody reads";
  EXPECT_EQ(written(plan.output.columns),
            (Lines{"id = \"id\"", "Age = \"age\"",
                   "price = CAST(nullif(\"price\", '') AS DECIMAL(10,2))"}));
  EXPECT_FALSE(plan.shapes);
  EXPECT_EQ(plan.output.form, store::OutputSpec::Form::kRows);
}

TEST(Plan, WithoutAColumnListTheTablesColumnsAreTheFields) {
  const auto plan = plan_of(pipeline(StepKind::kNone, {}), results());
  EXPECT_EQ(plan.fields.size(), 7U);
  EXPECT_EQ(plan.decoded->size(), 7U);
}

TEST(Plan, AColumnWithADefaultTakesNull) {
  auto target = results();
  target->columns[0].has_default = true;
  EXPECT_EQ(decoded(plan_of(pipeline(StepKind::kNone, {"id"}), target)), (Lines{"id BIGINT"}));
}

TEST(Plan, SetOfAPlainPipelineIsDoneOnTheWayIn) {
  auto definition = pipeline(StepKind::kNone, {"id", "@a", "city"});
  definition.set = {{"age", expression("\"@a\" + 1", {"@a"})},
                    {"city", expression("upper(city)", {"city"})}};
  definition.where = expression("id > 3", {"id"});
  const auto plan = plan_of(definition, results());
  EXPECT_EQ(decoded(plan), (Lines{"id BIGINT NOT NULL", "@a VARCHAR", "city VARCHAR"}));
  EXPECT_EQ(written(plan.output.columns),
            (Lines{"id = \"id\"", "age = \"@a\" + 1", "city = upper(city)"}));
  EXPECT_EQ(plan.output.where, "id > 3");
  EXPECT_FALSE(plan.shapes);
}

TEST(Plan, TrainDecodesWhatTheModelReads) {
  const auto model = entry_of(clicks());
  const auto plan = plan_of(pipeline(StepKind::kTrain, {"id", "AGE", "@city", "clicked"}),
                            std::nullopt, model.get());
  EXPECT_EQ(decoded(plan), (Lines{"AGE FLOAT", "@city VARCHAR", "clicked FLOAT"}));
  EXPECT_EQ(plan.output.form, store::OutputSpec::Form::kEvaluation);
  EXPECT_TRUE(plan.output.columns.empty());
}

TEST(Plan, TrainShapesBeforeTheModel) {
  const auto model = entry_of(clicks());
  auto definition = pipeline(StepKind::kTrain, {"@years", "city", "clicked", "@region"});
  definition.set = {{"age", expression("\"@years\" * 2", {"@years"})}};
  definition.where = expression("\"@region\" = 'eu'", {"@region"});
  const auto plan = plan_of(definition, std::nullopt, model.get());
  EXPECT_TRUE(plan.shapes);
  EXPECT_EQ(written(plan.shape.columns), (Lines{"age = \"@years\" * 2"}));
  EXPECT_EQ(plan.shape.where, "\"@region\" = 'eu'");
  EXPECT_EQ(plan.output.where, "");
  EXPECT_EQ(decoded(plan),
            (Lines{"@years VARCHAR", "city VARCHAR", "clicked FLOAT", "@region VARCHAR"}));
}

TEST(Plan, LabelsWeightsAndKeysGetTheirTypes) {
  const auto id = call("categorical_column_with_identity", {name("day"), number("7")});
  const auto days =
      call("bucketized_column", {name("day"), with("boundaries", list({number("3")}))});
  const auto model = entry_of(
      {{"shop", "m"},
       call("LinearClassifier",
            {with("label", name("y")), with("weight_column", name("w")),
             with("label_vocabulary", list({text("no"), text("yes")})),
             with("feature_columns",
                  list({id, days,
                        call("crossed_column", {list({name("a"), name("b")}), number("9")})}))})});
  ASSERT_TRUE(model);
  const auto plan =
      plan_of(pipeline(StepKind::kTrain, {"day", "y", "w", "a", "b"}), std::nullopt, model.get());
  EXPECT_EQ(decoded(plan), (Lines{"day BIGINT", "y VARCHAR", "w FLOAT", "a VARCHAR", "b VARCHAR"}));
}

// A table of integers must not make other categories of the same topic than the training saw.
TEST(Plan, ACategoryIsDecodedAsTheModelHasItWhateverTheTablesType) {
  const auto hashed = call("categorical_column_with_hash_bucket", {name("age"), number("50")});
  const auto crossed = call("crossed_column", {list({name("age"), name("city")}), number("9")});
  for (const auto& column : {hashed, crossed}) {
    const auto model =
        entry_of({{"shop", "m"},
                  call("LinearClassifier",
                       {with("label", name("clicked")), with("feature_columns", list({column}))})});
    ASSERT_TRUE(model);
    const std::vector<std::string> fields{"id", "age", "city"};
    const auto trained = plan_of(pipeline(StepKind::kTrain, {"id", "age", "city", "clicked"}),
                                 std::nullopt, model.get());
    EXPECT_EQ(decoded(trained)[0], "age VARCHAR");
    const auto plan =
        plan_of(pipeline(StepKind::kClassify, {"id", "age", "city"}), results(), model.get());
    EXPECT_EQ(decoded(plan)[1], "age VARCHAR");
    EXPECT_EQ(written(plan.output.columns)[1], "Age = CAST(nullif(\"age\", '') AS INTEGER)");
  }
}

TEST(Plan, AKeyThatIsANumberAndACategoryIsAnInteger) {
  const auto crossed = call("crossed_column", {list({name("age"), name("city")}), number("9")});
  const auto model = entry_of(
      {{"shop", "m"},
       call("LinearClassifier",
            {with("label", name("clicked")),
             with("feature_columns", list({call("numeric_column", {name("age")}), crossed}))})});
  ASSERT_TRUE(model);
  const auto plan =
      plan_of(pipeline(StepKind::kTrain, {"age", "city", "clicked"}), std::nullopt, model.get());
  EXPECT_EQ(decoded(plan), (Lines{"age BIGINT", "city VARCHAR", "clicked FLOAT"}));
  EXPECT_TRUE(TowerEncoders::make(model->columns(), *plan.decoded));
}

TEST(Plan, ClassifyFillsColumnsNamedAsPredictions) {
  const auto model = entry_of(clicks());
  const auto plan =
      plan_of(pipeline(StepKind::kClassify, {"id", "age", "city"}), results(), model.get());
  EXPECT_EQ(written(plan.output.columns),
            (Lines{"id = \"id\"", "Age = \"age\"", "city = \"city\"",
                   "clicked = \"@class_id:clicked\"", "probability = \"@probability:probability\"",
                   "model_version = \"@model_version:model_version\""}));
  ASSERT_EQ(plan.predictions.size(), 3U);
  EXPECT_EQ(plan.predictions[0].kind, PredictionKind::kClassId);
  EXPECT_EQ(plan.predictions[0].type, DataType{Kind::kInt8});
  EXPECT_EQ(plan.predictions[1].type, DataType{Kind::kFloat});
}

TEST(Plan, PredictionsThatMayNotFitTheirColumnGoThroughACast) {
  const auto many = entry_of(clicks({with("n_classes", number("300"))}));
  auto target = results();
  target->columns[4].type = DataType{Kind::kInt32};  // probability INTEGER
  const auto plan = plan_of(pipeline(StepKind::kClassify, {"age", "city"}), target, many.get());
  ASSERT_EQ(plan.predictions.size(), 3U);
  EXPECT_EQ(plan.predictions[0].name, "@class_id");
  EXPECT_EQ(plan.predictions[0].type, DataType{Kind::kInt64});
  EXPECT_EQ(plan.predictions[1].type, DataType{Kind::kDouble});
}

TEST(Plan, AFieldOfThatNameWinsOverAPrediction) {
  const auto model = entry_of(clicks());
  const auto plan =
      plan_of(pipeline(StepKind::kClassify, {"age", "city", "clicked"}), results(), model.get());
  EXPECT_EQ(written(plan.output.columns)[2], "clicked = \"clicked\"");
  for (const auto& prediction : plan.predictions)
    EXPECT_NE(prediction.kind, PredictionKind::kClassId);
}

TEST(Plan, WithSetOnlyWhatItReadsIsPredicted) {
  const auto model = entry_of(clicks());
  auto definition = pipeline(StepKind::kClassify, {"id", "@years", "city"});
  definition.set = {{"age", expression("CAST(\"@years\" AS INT)", {"@years"})},
                    {"clicked", expression("\"@class_id\"", {"@class_id"})}};
  definition.where = expression("\"@probability\" > 0.5", {"@Probability"});
  const auto plan = plan_of(definition, results(), model.get());
  ASSERT_EQ(plan.predictions.size(), 2U);
  EXPECT_EQ(plan.predictions[0].name, "@class_id");
  EXPECT_EQ(plan.predictions[1].name, "@probability");
  // What the model reads is shaped before it; the rest is done on the way in.
  EXPECT_EQ(written(plan.shape.columns), (Lines{"age = CAST(\"@years\" AS INT)"}));
  EXPECT_EQ(written(plan.output.columns),
            (Lines{"id = \"id\"", "city = \"city\"", "age = \"age\"", "clicked = \"@class_id\""}));
  EXPECT_EQ(plan.output.where, "\"@probability\" > 0.5");
}

TEST(Plan, ARegressorFillsTheLabelWithItsPrediction) {
  auto definition = clicks();
  definition.estimator.text = "LinearRegressor";
  const auto model = entry_of(definition);
  auto target = results();
  target->columns[3].type = DataType{Kind::kDouble};
  const auto plan = plan_of(pipeline(StepKind::kClassify, {"age", "city"}), target, model.get());
  ASSERT_FALSE(plan.predictions.empty());
  EXPECT_EQ(plan.predictions[0].kind, PredictionKind::kPrediction);
}

TEST(Plan, TheLastFieldGivenToAVariableCounts) {
  auto definition = pipeline(StepKind::kNone, {"id", "@x", "@x"});
  definition.set = {{"city", expression("\"@x\"", {"@x"})}};
  const auto plan = plan_of(definition, results());
  EXPECT_FALSE(plan.fields[1].wanted);
  EXPECT_TRUE(plan.fields[2].wanted);
}

TEST(PlanErrors, NameTheColumnAndTheNearest) {
  EXPECT_EQ(error_of(pipeline(StepKind::kNone, {"id", "citi"}), results()),
            "pipeline \"feed\": column \"citi\" is not in table \"shop\".\"results\". Did you mean "
            "city?");
  EXPECT_EQ(error_of(pipeline(StepKind::kNone, {"id", "zzzzzz"}), results()),
            "pipeline \"feed\": column \"zzzzzz\" is not in table \"shop\".\"results\". Write "
            "@zzzzzz to read the field without storing it.");
  EXPECT_EQ(error_of(pipeline(StepKind::kNone, {"id", "ID"}), results()),
            "pipeline \"feed\": column \"ID\" is listed twice");
  EXPECT_EQ(error_of(pipeline(StepKind::kNone, {"id"}), std::nullopt),
            "pipeline \"feed\": table \"shop\".\"results\" does not exist. CREATE TABLE it first; "
            "only the target of TRAIN MODEL is made by itself.");
}

TEST(PlanErrors, OfSetAndWhere) {
  auto definition = pipeline(StepKind::kNone, {"id", "@years"});
  definition.set = {{"agee", expression("1", {})}};
  EXPECT_EQ(error_of(definition, results()),
            "pipeline \"feed\": SET names column \"agee\", which is not in table "
            "\"shop\".\"results\". Did you mean Age?");
  definition.set = {{"age", expression("\"@year\"", {"@year"})}};
  EXPECT_EQ(error_of(definition, results()),
            "pipeline \"feed\": variable @year is not in the column list. Did you mean @years?");
  const auto model = entry_of(clicks());
  auto classify = pipeline(StepKind::kClassify, {"id", "city"});
  classify.set = {{"age", expression("\"@class_id\"", {"@class_id"})}};
  EXPECT_EQ(error_of(classify, results(), model.get()),
            "pipeline \"feed\": SET age reads a prediction, and the model reads age");
  classify = pipeline(StepKind::kClassify, {"age", "city"});
  classify.where = expression("\"@probabilty\" > 0", {"@probabilty"});
  EXPECT_EQ(error_of(classify, results(), model.get()),
            "pipeline \"feed\": variable @probabilty is not in the column list. Did you mean "
            "@probability?");
}

TEST(PlanErrors, OfTheModelsInputs) {
  const auto model = entry_of(clicks());
  EXPECT_EQ(error_of(pipeline(StepKind::kClassify, {"id", "age", "@cty"}), results(), model.get()),
            "pipeline \"feed\": column \"city\" of model \"clicks\" is not in the column list. "
            "Did you mean @cty?");
  EXPECT_EQ(error_of(pipeline(StepKind::kTrain, {"age", "city"}), std::nullopt, model.get()),
            "pipeline \"feed\": column \"clicked\" of model \"clicks\" is not in the column list");
  EXPECT_EQ(error_of(pipeline(StepKind::kTrain, {}), std::nullopt, model.get()),
            "pipeline \"feed\": TRAIN MODEL needs a column list. Name the fields of the topic "
            "after FIELDS ...: (iid, pid, match, @skip, ...).");
}

TEST(PlanErrors, ATrainTargetHoldsAnEvaluation) {
  const auto model = entry_of(clicks());
  store::TableInfo table;
  table.columns = {column("id", DataType{Kind::kInt64}, "BIGINT")};
  const auto error =
      error_of(pipeline(StepKind::kTrain, {"age", "city", "clicked"}), table, model.get());
  EXPECT_NE(error.find("has no column for an evaluation"), std::string::npos) << error;
  table.columns.push_back(column("label/mean", DataType{Kind::kDouble}, "DOUBLE"));
  plan_of(pipeline(StepKind::kTrain, {"age", "city", "clicked"}), table, model.get());
}

TEST(EvaluationColumns, AreTheHeadsMetrics) {
  const auto model = entry_of(clicks());
  const Schema columns = evaluation_columns(model->spec());
  for (const char* name : {"global_step", "accuracy", "accuracy_baseline", "auc",
                           "auc_precision_recall", "average_loss", "label_mean", "loss",
                           "precision", "prediction_mean", "recall", "examples", "model_version"})
    EXPECT_TRUE(columns.find(name)) << name;
  EXPECT_EQ(columns.size(), 13U);
}

TEST(ModelEntry, SaysWhatIsWrongWithADefinition) {
  const auto city = call("categorical_column_with_hash_bucket", {name("city"), number("50")});
  const auto made = ModelEntry::make(
      {{"shop", "deep"},
       call("DNNClassifier", {with("label", name("y")), with("feature_columns", list({city})),
                              with("hidden_units", list({number("4")}))})});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().to_string().find("cannot create model \"deep\""), std::string::npos);
  EXPECT_NE(made.error().to_string().find("indicator_column("), std::string::npos)
      << made.error().to_string();
}

TEST(ModelEntry, HasOneWriter) {
  const auto model = entry_of(clicks());
  EXPECT_TRUE(model->begin_training(1));
  EXPECT_TRUE(model->begin_training(1));
  EXPECT_FALSE(model->begin_training(2));
  model->end_training(2);
  EXPECT_EQ(model->trained_by(), 1);
  model->end_training(1);
  EXPECT_TRUE(model->begin_training(2));
}

}  // namespace
}  // namespace millrace::engine
