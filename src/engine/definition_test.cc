#include "engine/definition.h"

#include <gtest/gtest.h>

#include "engine/definitions_test.h"

namespace millrace::engine {
namespace {

/// Every member away from its default.
PipelineDefinition full_pipeline() {
  PipelineDefinition pipeline;
  pipeline.name = {"Shop", "Feed"};
  pipeline.source.brokers = "a:1,b:2";
  pipeline.source.topic = "t\u00f6pic";
  pipeline.source.config = {{"client.id", "x\"y"}};
  pipeline.source.credentials = {{"sasl.password", "secret"}};
  pipeline.batch_interval_ms = 250;
  pipeline.offsets_per_partition_max = 17;
  pipeline.stop_on_error = true;
  pipeline.retries_max = 3;
  pipeline.partitions_max = 5;
  pipeline.step = StepKind::kClassify;
  pipeline.model = {"other", "m"};
  pipeline.table = {"Shop", "t"};
  pipeline.csv.fields_terminated_by = "||";
  pipeline.csv.enclosed_by = "'";
  pipeline.csv.optionally_enclosed = true;
  pipeline.csv.escaped_by = "";
  pipeline.csv.lines_starting_by = ">";
  pipeline.csv.lines_terminated_by = std::string("\0;", 2);
  pipeline.csv.null_defined_by = "nil";
  pipeline.csv.null_optionally_enclosed = true;
  pipeline.csv.empty_is_null = true;
  pipeline.csv.ignore_lines = 3;
  pipeline.format = FormatKind::kAvro;
  pipeline.avro_schema = "\"string\"";
  pipeline.fields = {{"a", false}, {"b", true, {"x", "y z"}}};
  pipeline.fields[1].default_value = decode::Literal{decode::Literal::Form::kText, "none"};
  pipeline.set = {{"c", {"\"@b\" + 1", "@b + 1", {"@b"}}}};
  pipeline.where = {"a > 0", "a > 0", {"a"}};
  pipeline.skipped = SkippedErrors::kParser;
  pipeline.duplicates = store::Duplicates::kUpdate;
  pipeline.source.kind = SourceKind::kFiles;
  pipeline.rejects = {RejectsDefinition::Kind::kKafka, {"a", "b"}, "h:1", "dead"};
  pipeline.on_duplicate = {{"d", {"d + 1", "d + 1", {"d"}}}};
  return pipeline;
}

void expect_equal(const Expression& a, const Expression& b) {
  EXPECT_EQ(a.sql, b.sql);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.reads, b.reads);
}

TEST(Definition, APipelineComesBackFromJsonAsItWas) {
  const auto wanted = full_pipeline();
  const auto json = to_json(wanted);
  ASSERT_TRUE(json);
  const auto got = pipeline_from_json(wanted.name, *json);
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(got->name, wanted.name);
  EXPECT_EQ(got->source.brokers, wanted.source.brokers);
  EXPECT_EQ(got->source.topic, wanted.source.topic);
  EXPECT_EQ(got->source.config, wanted.source.config);
  EXPECT_EQ(got->source.credentials, wanted.source.credentials);
  EXPECT_EQ(got->batch_interval_ms, 250);
  EXPECT_EQ(got->offsets_per_partition_max, 17);
  EXPECT_EQ(got->partitions_max, 5);
  EXPECT_TRUE(got->stop_on_error);
  EXPECT_EQ(got->retries_max, 3);
  EXPECT_EQ(got->step, StepKind::kClassify);
  EXPECT_EQ(got->model, wanted.model);
  EXPECT_EQ(got->table, wanted.table);
  EXPECT_EQ(got->csv, wanted.csv);
  ASSERT_EQ(got->fields.size(), 2U);
  EXPECT_EQ(got->fields[1].name, "b");
  EXPECT_TRUE(got->fields[1].variable);
  EXPECT_EQ(got->fields[1].path, wanted.fields[1].path);
  EXPECT_EQ(got->fields[1].default_value, wanted.fields[1].default_value);
  EXPECT_EQ(got->format, FormatKind::kAvro);
  EXPECT_EQ(got->avro_schema, wanted.avro_schema);
  ASSERT_EQ(got->set.size(), 1U);
  EXPECT_EQ(got->set[0].column, "c");
  expect_equal(got->set[0].value, wanted.set[0].value);
  expect_equal(got->where, wanted.where);
  EXPECT_EQ(got->skipped, SkippedErrors::kParser);
  EXPECT_EQ(got->source.kind, SourceKind::kFiles);
  EXPECT_EQ(got->rejects, wanted.rejects);
  EXPECT_EQ(got->duplicates, store::Duplicates::kUpdate);
  ASSERT_EQ(got->on_duplicate.size(), 1U);
  expect_equal(got->on_duplicate[0].value, wanted.on_duplicate[0].value);
  EXPECT_EQ(*to_json(*got), *json);
}

TEST(Definition, AModelComesBackFromJsonAsItWas) {
  auto model = clicks({with("weight_column", make(Argument::Form::kNull, "")),
                       with("label_vocabulary", list({text("no"), text("j\u00e4")}))});
  const auto json = to_json(model);
  ASSERT_TRUE(json);
  const auto got = model_from_json(model.name, *json);
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(got->name, model.name);
  EXPECT_EQ(got->estimator, model.estimator);
}

TEST(Definition, BytesThatAreNotUtf8AreRefusedBeforeTheyAreKept) {
  auto pipeline = full_pipeline();
  pipeline.csv.lines_terminated_by = "\xff";
  const auto json = to_json(pipeline);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, Code::kInvalidArgument);
  EXPECT_NE(json.error().message.find("\"Shop\".\"Feed\""), std::string::npos);
}

TEST(Definition, DamageNamesTheObject) {
  const auto whole = *to_json(full_pipeline());
  for (const std::string& damaged : {std::string(), whole.substr(0, whole.size() / 2),
                                     std::string("{\"format\":1}"), std::string("[]")}) {
    const auto got = pipeline_from_json({"shop", "p"}, damaged);
    ASSERT_FALSE(got) << damaged;
    EXPECT_EQ(got.error().code, Code::kDataLoss);
    EXPECT_NE(got.error().message.find("\"shop\".\"p\""), std::string::npos);
  }
  const auto newer = model_from_json({"shop", "m"}, "{\"format\":2}");
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().message.find("another version"), std::string::npos);
}

TEST(Definition, SecretsAreNotShown) {
  SourceDefinition source;
  source.brokers = "a:1";
  source.config = {{"SASL.PASSWORD", "hunter2"},
                   {"ssl.key.pem", "hunter2"},
                   {"sasl.oauthbearer.assertion.private.key.passphrase", "hunter2"},
                   {"client.id", "me"}};
  source.credentials = {{"sasl.username", "hunter2"}};
  const std::string shown = config_json(source);
  EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\"client.id\":\"me\""), std::string::npos) << shown;
}

/// What librdkafka 2.12's CONFIGURATION.md has in ssl.* and sasl.*, and what Java's clients have.
TEST(Definition, EveryPropertyThatHoldsASecretIsKnown) {
  for (const char* const secret :
       {"ssl.key.password", "ssl.key.pem", "ssl_key", "ssl.keystore.password", "ssl.keystore.key",
        "ssl.truststore.password", "sasl.password", "sasl.jaas.config", "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.oauthbearer.assertion.private.key.passphrase", "schema.registry.password",
        "schema.registry.basic.auth.user.info"})
    EXPECT_TRUE(looks_secret(secret)) << secret;
  for (const char* const open : {"ssl.ca.location",
                                 "ssl.ca.pem",
                                 "ssl.certificate.location",
                                 "ssl.certificate.pem",
                                 "ssl.crl.location",
                                 "ssl.key.location",
                                 "ssl.keystore.location",
                                 "ssl.providers",
                                 "sasl.mechanism",
                                 "sasl.username",
                                 "sasl.kerberos.keytab",
                                 "sasl.kerberos.principal",
                                 "sasl.oauthbearer.client.id",
                                 "sasl.oauthbearer.method",
                                 "sasl.oauthbearer.scope",
                                 "sasl.oauthbearer.extensions",
                                 "sasl.oauthbearer.assertion.file",
                                 "sasl.oauthbearer.assertion.private.key.file",
                                 "https.ca.pem",
                                 "client.id",
                                 "group.id"})
    EXPECT_FALSE(looks_secret(open)) << open;
}

}  // namespace
}  // namespace millrace::engine
