#include "serve/http_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

sql::Rows rows_of(const std::vector<std::string>& columns, std::vector<sql::Row> rows) {
  sql::Rows made;
  for (const auto& name : columns) made.add_column(name);
  made.rows = std::move(rows);
  return made;
}

TEST(HttpMetricsTest, ASampleForEachPipelineAndOneStateOfThree) {
  MetricRows rows;
  rows.pipelines =
      rows_of({"DATABASE_NAME", "PIPELINE_NAME", "STATE", "REJECTS", "UPDATED"},
              {{"d", "a", "Running", "3", std::nullopt}, {"d", "b", "Error", "0", "1795662495.5"}});
  const auto text = metrics_text({}, rows);
  EXPECT_THAT(text,
              HasSubstr("# TYPE millrace_pipeline_rejects_total counter\n"
                        "millrace_pipeline_rejects_total{database=\"d\",pipeline=\"a\"} 3\n"
                        "millrace_pipeline_rejects_total{database=\"d\",pipeline=\"b\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pipeline=\"a\",state=\"Running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pipeline=\"a\",state=\"Error\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pipeline=\"b\",state=\"Error\"} 1\n"));
  // What is not known has no sample.
  EXPECT_THAT(text, HasSubstr("millrace_pipeline_updated_timestamp_seconds{database=\"d\","
                              "pipeline=\"b\"} 1795662495.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("updated_timestamp_seconds{database=\"d\",pipeline=\"a\"}")));
}

TEST(HttpMetricsTest, LabelsAndNumbersAreWrittenAsPrometheusReadsThem) {
  MetricRows rows;
  rows.models = rows_of({"database_name", "model_name", "state", "lifetime_loss", "window_loss"},
                        {{"d", "a\"b\\c\nd", "trained", "Infinity", "NaN"}});
  rows.evaluations = rows_of({"database_name", "model_name", "scope", "metric", "value"},
                             {{"d", "m", "window", "auc", "0.75"}});
  const auto text = metrics_text({}, rows);
  EXPECT_THAT(text, HasSubstr("model=\"a\\\"b\\\\c\\nd\",scope=\"lifetime\"} +Inf\n"));
  EXPECT_THAT(text, HasSubstr("scope=\"window\"} NaN\n"));
  EXPECT_THAT(text, HasSubstr("auc{database=\"d\",model=\"m\",scope=\"window\"} 0.75\n"));
}

TEST(HttpMetricsTest, TheServersOwn) {
  ServerFacts facts;
  facts.version = "1.2.3";
  facts.mysql_sessions = 4;
  facts.statements = 99;
  const auto text = metrics_text(facts, {});
  EXPECT_THAT(text, HasSubstr("millrace_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_sessions{protocol=\"mysql\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("millrace_statements_total 99\n"));
}

}  // namespace
}  // namespace millrace::serve
