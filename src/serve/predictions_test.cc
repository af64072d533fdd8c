#include "serve/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

using ::testing::HasSubstr;

sql::Rows answers(std::vector<sql::Row> rows) {
  sql::Rows made;
  for (const char* name : {"class_id", "class", "probability", "probabilities", "logits",
                           "prediction", "model_version"})
    made.add_column(name);
  made.rows = std::move(rows);
  return made;
}

TEST(PredictionsTest, HaveTheNamesOfTensorFlowsOutputs) {
  const auto rows = answers({{"1", "yes", "0.75", "[0.25, 0.75]", "[1.5]", std::nullopt, "14"}});
  EXPECT_EQ(predictions_json(Signature::kPredict, {"no", "yes"}, rows),
            R"({"predictions":[{"class_ids":[1],"classes":["yes"],"logistic":[0.75],)"
            R"("logits":[1.5],"probabilities":[0.25, 0.75]}],"model_versions":[14]})");
  EXPECT_EQ(predictions_json(Signature::kClassify, {"no", "yes"}, rows),
            R"({"predictions":[{"classes":["no","yes"],"scores":[0.25, 0.75]}],)"
            R"("model_versions":[14]})");
}

TEST(PredictionsTest, OfARegressorAreListsOfNumbers) {
  const auto rows =
      answers({{std::nullopt, std::nullopt, std::nullopt, std::nullopt, "[2.5]", "2.5", "3"},
               {std::nullopt, std::nullopt, std::nullopt, std::nullopt, "[1]", "1", "4"}});
  for (const auto signature : {Signature::kPredict, Signature::kRegress})
    EXPECT_EQ(predictions_json(signature, {}, rows),
              R"({"predictions":[[2.5],[1]],"model_versions":[3,4]})");
}

TEST(PredictionsTest, AnInstanceThatCannotBePredictedIsNull) {
  const auto rows = answers({sql::Row(7)});
  EXPECT_EQ(predictions_json(Signature::kPredict, {"no", "yes"}, rows),
            R"({"predictions":[null],"model_versions":[]})");
}

TEST(PredictionsTest, TheQueryHoldsNamesAndInstancesAsText) {
  PredictRequest request;
  request.instances = R"([{"t":"it's \"\\"}])";
  request.structure = R"([{"t":"VARCHAR"}])";
  const auto query = predict_query(request, "d.o'm", 7);
  EXPECT_THAT(query, HasSubstr("predict('d.o''m', instance, version => 7)"));
  EXPECT_THAT(query, HasSubstr(R"(from_json('[{"t":"it''s \\"\\\\"}]',)"));
}

TEST(PredictionsTest, AModelHasTheSignaturesOfItsKind) {
  EXPECT_TRUE(check_signature(Signature::kPredict, "d.m", {}));
  EXPECT_TRUE(check_signature(Signature::kClassify, "d.m", {"a", "b"}));
  EXPECT_FALSE(check_signature(Signature::kClassify, "d.m", {}));
  EXPECT_FALSE(check_signature(Signature::kRegress, "d.m", {"a", "b"}));
}

}  // namespace
}  // namespace millrace::serve
