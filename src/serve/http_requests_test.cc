#include "serve/http_requests.h"

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

Error refused(std::string_view body) {
  const auto read = read_predict_request(body);
  EXPECT_FALSE(read) << body;
  return read ? Error() : read.error();
}

std::string structure(std::string_view instances) {
  const auto read = read_predict_request("{\"instances\":" + std::string(instances) + "}");
  return read ? read->structure : read.error().to_string();
}

TEST(SqlRequestTest, HasTextDatabaseAndTime) {
  const auto read =
      read_sql_request(R"({"sql":"SELECT 'ü'","database":"d","timeout_seconds":1.5})");
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->sql, "SELECT 'ü'");
  EXPECT_EQ(read->database, "d");
  EXPECT_EQ(read->time, Milliseconds(1500));
}

TEST(SqlRequestTest, RefusesWhatItCannotUse) {
  EXPECT_EQ(read_sql_request("{").error().code, Code::kSyntax);
  EXPECT_EQ(read_sql_request("{\"sql\":\"\xff\"}").error().code, Code::kSyntax);
  for (const char* body :
       {"[]", "{}", R"({"sql":1})", R"({"sql":""})", R"({"sql":"SELECT 1","timeout_seconds":0})",
        R"({"sql":"SELECT 1","timeout_seconds":"1"})", R"({"sql":"SELECT 1","data":"d"})"})
    EXPECT_EQ(read_sql_request(body).error().code, Code::kInvalidArgument) << body;
  EXPECT_EQ(read_sql_request(R"({"sqll":"SELECT 1"})").error().hint, "Did you mean sql?");
}

TEST(SqlRequestTest, RefusesWhatIsNestedTooDeep) {
  const std::string deep = std::string(1'000'000, '[');
  EXPECT_EQ(read_sql_request(deep).error().code, Code::kInvalidArgument);
  EXPECT_EQ(read_sql_request("{\"sql\":" + deep).error().code, Code::kInvalidArgument);
}

TEST(PredictRequestTest, TypesAreThoseOfTheValues) {
  EXPECT_EQ(structure(R"([{"b":true,"i":1,"r":0.5,"t":"x"}])"),
            R"([{"b":"BOOLEAN","i":"BIGINT","r":"DOUBLE","t":"VARCHAR"}])");
  EXPECT_EQ(structure(R"([{"x":1},{"x":2.5},{"x":null}])"), R"([{"x":"DOUBLE"}])");
  EXPECT_EQ(structure(R"([{"x":9223372036854775807}])"), R"([{"x":"BIGINT"}])");
  EXPECT_EQ(structure(R"([{"x":9223372036854775808}])"), R"([{"x":"UBIGINT"}])");
  EXPECT_EQ(structure(R"([{"x":9223372036854775808},{"x":-1}])"), R"([{"x":"DOUBLE"}])");
  EXPECT_EQ(structure(R"([{"x":null},{"x":null}])"), R"([{"x":"BIGINT"}])");
  EXPECT_EQ(structure(R"([{"x":[]},{"x":["a",null]},{"x":null}])"), R"([{"x":["VARCHAR"]}])");
}

TEST(PredictRequestTest, KeepsTheInstances) {
  const auto read = read_predict_request(
      R"({"signature_name":"classification","instances":[{"t":"it's \"\\\u00e9"},{"t":null}]})");
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->signature, Signature::kClassify);
  EXPECT_EQ(read->instances, R"([{"t":"it's \"\\é"},{"t":null}])");
}

TEST(PredictRequestTest, InstancesThatDifferAreNamed) {
  EXPECT_EQ(refused(R"({"instances":[{"x":1},{"y":1}]})").message,
            "instances[1] has \"y\", which instances[0] does not have");
  EXPECT_EQ(refused(R"({"instances":[{"x":1,"y":1},{"x":1}]})").message,
            "instances[1] lacks \"y\", which instances[0] has");
  for (const char* body :
       {R"({"instances":[{"x":1},{"x":"1"}]})", R"({"instances":[{"x":[1]},{"x":1}]})",
        R"({"instances":[{"x":[[1]]}]})", R"({"instances":[{"x":{"b64":"aa"}}]})",
        R"({"instances":[{"x":true},{"x":1}]})"})
    EXPECT_EQ(refused(body).code, Code::kTypeMismatch) << body;
}

TEST(PredictRequestTest, RefusesWhatItCannotUse) {
  for (const char* body :
       {"{}", R"({"instances":[]})", R"({"instances":{}})", R"({"instances":[1.0,2.0]})",
        R"({"instances":[{}]})", R"({"instances":[{"x":1}],"signature_name":"explain"})",
        R"({"instances":[{"x":1}],"signature":"predict"})"})
    EXPECT_EQ(refused(body).code, Code::kInvalidArgument) << body;
  EXPECT_EQ(refused(R"({"inputs":{"x":[1]}})").code, Code::kUnsupported);
}

}  // namespace
}  // namespace millrace::serve
