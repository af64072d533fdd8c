// CREATE MODEL and CREATE PIPELINE to their definitions, and back: what SHOW CREATE prints parses
// to an equal definition.
#include "sql/print.h"

#include <algorithm>

#include "sql/reading_test.h"

namespace millrace::sql {
namespace {

constexpr std::string_view kModel =
    "CREATE MODEL dating AS LinearClassifier(label => match, feature_columns => ["
    "numeric_column(int_corr), bucketized_column(age, boundaries => [22, 25, 28, 32]),"
    "categorical_column_with_hash_bucket(field, 100), crossed_column([race, race_o], 64)],"
    "optimizer => Ftrl(learning_rate => 0.2), batch_size => 128)";

constexpr std::string_view kPipeline =
    "CREATE PIPELINE p AS LOAD DATA KAFKA 'h:1,i:2/topic'"
    " CONFIG '{\"fetch.max.bytes\": 1000, \"security.protocol\": \"sasl_ssl\"}'"
    " CREDENTIALS '{\"sasl.password\": \"hush\"}' BATCH_INTERVAL 250"
    " MAX_OFFSETS_PER_BATCH_PARTITION 1000 STOP_ON_ERROR ON CLASSIFY WITH MODEL m"
    " INTO TABLE other.t FORMAT CSV"
    " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '\\\\'"
    " LINES STARTING BY '> ' TERMINATED BY '\\r\\n' IGNORE 2 LINES"
    " NULL DEFINED BY 'NA' OPTIONALLY ENCLOSED"
    " (a, @skip, `b c`)"
    " SET d = upper(@skip) || 'x', e = CASE WHEN a > 0 THEN 1 END WHERE a <> 3 AND `b c` IS NOT "
    "NULL";

/// Positions say where something stood in the text; another text has others.
Argument placeless(Argument argument) {
  argument.position = -1;
  for (auto& item : argument.items) item = placeless(std::move(item));
  return argument;
}

void expect_same_model(std::string_view text) {
  const auto model = read_as<CreateModel>(text).model;
  const std::string printed = print(model);
  const auto again = read_as<CreateModel>(printed, model.name.database).model;
  EXPECT_EQ(again.name, model.name) << printed;
  EXPECT_TRUE(placeless(again.estimator) == placeless(model.estimator)) << text << "\n" << printed;
  EXPECT_EQ(print(again), printed);
}

void expect_same(const engine::Expression& a, const engine::Expression& b) {
  EXPECT_EQ(a.sql, b.sql);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.reads, b.reads);
}

void expect_same_pipeline(std::string_view text, LexOptions options = {}) {
  const auto pipeline = read_as<CreatePipeline>(text, "db", options).pipeline;
  const std::string printed = print(pipeline);
  const auto again = read_as<CreatePipeline>(printed, pipeline.name.database).pipeline;
  SCOPED_TRACE(printed);
  EXPECT_EQ(again.name, pipeline.name);
  EXPECT_EQ(again.source.brokers, pipeline.source.brokers);
  EXPECT_EQ(again.source.topic, pipeline.source.topic);
  EXPECT_EQ(again.source.config, pipeline.source.config);
  EXPECT_TRUE(again.source.credentials.empty());
  EXPECT_EQ(again.batch_interval_ms, pipeline.batch_interval_ms);
  EXPECT_EQ(again.offsets_per_partition_max, pipeline.offsets_per_partition_max);
  EXPECT_EQ(again.stop_on_error, pipeline.stop_on_error);
  EXPECT_EQ(again.retries_max, pipeline.retries_max);
  EXPECT_EQ(again.partitions_max, pipeline.partitions_max);
  EXPECT_EQ(again.step, pipeline.step);
  EXPECT_EQ(again.model, pipeline.model);
  EXPECT_EQ(again.table, pipeline.table);
  EXPECT_TRUE(again.csv == pipeline.csv);
  EXPECT_EQ(again.format, pipeline.format);
  EXPECT_EQ(again.avro_schema, pipeline.avro_schema);
  ASSERT_EQ(again.fields.size(), pipeline.fields.size());
  for (size_t i = 0; i < again.fields.size(); ++i) {
    EXPECT_EQ(again.fields[i].name, pipeline.fields[i].name);
    EXPECT_EQ(again.fields[i].variable, pipeline.fields[i].variable);
    EXPECT_EQ(again.fields[i].path, pipeline.fields[i].path);
    EXPECT_EQ(again.fields[i].default_value, pipeline.fields[i].default_value);
  }
  ASSERT_EQ(again.set.size(), pipeline.set.size());
  for (size_t i = 0; i < again.set.size(); ++i) {
    EXPECT_EQ(again.set[i].column, pipeline.set[i].column);
    expect_same(again.set[i].value, pipeline.set[i].value);
  }
  expect_same(again.where, pipeline.where);
  EXPECT_EQ(again.skipped, pipeline.skipped);
  EXPECT_EQ(again.rejects, pipeline.rejects);
  EXPECT_EQ(again.source.kind, pipeline.source.kind);
  EXPECT_EQ(again.duplicates, pipeline.duplicates);
  ASSERT_EQ(again.on_duplicate.size(), pipeline.on_duplicate.size());
  for (size_t i = 0; i < again.on_duplicate.size(); ++i) {
    EXPECT_EQ(again.on_duplicate[i].column, pipeline.on_duplicate[i].column);
    expect_same(again.on_duplicate[i].value, pipeline.on_duplicate[i].value);
  }
  EXPECT_EQ(print(again), printed);
}

engine::PipelineDefinition pipeline_with(std::string_view clauses) {
  return read_as<CreatePipeline>("CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' INTO TABLE t " +
                                 std::string(clauses))
      .pipeline;
}

/// As error_of(), with positions that count from the clauses on.
std::string pipeline_error(std::string_view clauses) {
  constexpr std::string_view kBefore = "CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' INTO TABLE t ";
  const auto statement = read(std::string(kBefore) + std::string(clauses));
  if (statement) return "no error";
  const Error& error = statement.error();
  return std::to_string(error.position - static_cast<int64_t>(kBefore.size())) + ": " +
         error.message + (error.hint.empty() ? "" : ". " + error.hint);
}

TEST(CreateModel, MakesATreeOfArguments) {
  const auto create = read_as<CreateModel>(kModel);
  EXPECT_EQ(create.model.name, (engine::ObjectName{"db", "dating"}));
  EXPECT_EQ(create.existing, engine::Existing::kFail);
  const Argument& call = create.model.estimator;
  EXPECT_EQ(call.form, Argument::Form::kCall);
  EXPECT_EQ(call.text, "LinearClassifier");
  ASSERT_NE(call.find("label"), nullptr);
  EXPECT_EQ(call.find("label")->form, Argument::Form::kName);
  EXPECT_EQ(call.find("label")->text, "match");
  const Argument* columns = call.find("feature_columns");
  ASSERT_NE(columns, nullptr);
  ASSERT_EQ(columns->items.size(), 4U);
  EXPECT_EQ(columns->items[1].text, "bucketized_column");
  EXPECT_EQ(columns->items[1].find("boundaries")->items[3].as_number(), 32);
  EXPECT_EQ(columns->items[3].items[0].items[1].text, "race_o");
  EXPECT_EQ(call.find("optimizer")->find("learning_rate")->as_number(), 0.2);
  EXPECT_EQ(call.find("batch_size")->as_integer(), 128);
  const int64_t position = call.find("optimizer")->position;
  EXPECT_EQ(kModel.substr(static_cast<size_t>(position), 4), "Ftrl");
}

TEST(CreateModel, ReadsEveryFormOfValue) {
  const auto call = read_as<CreateModel>(
                        "CREATE MODEL m AS f(-1.5e-3, +2, 'it''s', TRUE, false, NULL, None, `true`,"
                        " [], g(), \"x\", [[1], [2,],],)")
                        .model.estimator;
  ASSERT_EQ(call.items.size(), 12U);
  EXPECT_EQ(call.items[0].as_number(), -0.0015);
  EXPECT_EQ(call.items[1].as_integer(), 2);
  EXPECT_EQ(call.items[2].text, "it's");
  EXPECT_EQ(call.items[3].text, "true");
  EXPECT_EQ(call.items[4].text, "false");
  EXPECT_EQ(call.items[5].form, Argument::Form::kNull);
  EXPECT_EQ(call.items[6].form, Argument::Form::kNull);
  EXPECT_EQ(call.items[7].form, Argument::Form::kName);
  EXPECT_EQ(call.items[8].form, Argument::Form::kList);
  EXPECT_EQ(call.items[9].form, Argument::Form::kCall);
  EXPECT_EQ(call.items[10].form, Argument::Form::kString);
  EXPECT_EQ(call.items[11].items.size(), 2U);
}

TEST(CreateModel, MayReplaceOrKeep) {
  EXPECT_EQ(read_as<CreateModel>("CREATE OR REPLACE MODEL m AS f()").existing,
            engine::Existing::kReplace);
  const auto keep = read_as<CreateModel>("CREATE MODEL IF NOT EXISTS a.m AS f()");
  EXPECT_EQ(keep.existing, engine::Existing::kKeep);
  EXPECT_EQ(keep.model.name, (engine::ObjectName{"a", "m"}));
  EXPECT_EQ(error_of("CREATE OR REPLACE MODEL IF NOT EXISTS m AS f()"),
            "24: OR REPLACE and IF NOT EXISTS cannot stand together");
}

TEST(CreateModel, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(error_of("CREATE MODEL m AS f()", ""),
            "-1: no database is selected. USE a database first, or write database.name.");
  EXPECT_EQ(error_of("CREATE MODEL m f()"), "15: syntax error near \"f\": AS is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f"),
            "19: syntax error at the end of the statement: \"(\" is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f(a => 1"),
            "26: syntax error at the end of the statement: \",\" or \")\" is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f(a = 1)"),
            "22: syntax error near \"=\": => is expected. An argument is written name => value.");
  EXPECT_EQ(error_of("CREATE MODEL m AS f(a => )"),
            "25: syntax error near \")\": a value is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f([1 2])"),
            "23: syntax error near \"2\": \",\" or \"]\" is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f(- a)"),
            "22: syntax error near \"a\": a number is expected");
  EXPECT_EQ(error_of("CREATE MODEL m AS f() x"),
            "22: syntax error near \"x\": the end of the statement is expected");
  EXPECT_EQ(error_of("CREATE MODEL m FROM SAVED_MODEL 'd'"),
            "15: CREATE MODEL ... FROM SAVED_MODEL is not supported");
  EXPECT_EQ(error_of("CREATE MODEL m AS f('\xff')"), "20: the statement is not UTF-8");
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  EXPECT_EQ(error_of("CREATE MODEL m AS f(" + deep + ")"),
            "52: arguments are nested more than 32 deep");
}

TEST(ModelStatements, NameTheirModel) {
  EXPECT_EQ(read_as<DropModel>("DROP MODEL m").absent, engine::Absent::kFail);
  EXPECT_EQ(read_as<DropModel>("DROP MODEL IF EXISTS a.m").name, (engine::ObjectName{"a", "m"}));
  EXPECT_EQ(read_as<DescribeModel>("DESCRIBE MODEL m").name.name, "m");
  EXPECT_EQ(read_as<DescribeModel>("DESC MODEL `m m`").name.name, "m m");
  EXPECT_EQ(read_as<ShowCreateModel>("SHOW CREATE MODEL a.m").name.database, "a");
  EXPECT_EQ(error_of("DROP MODEL"),
            "10: syntax error at the end of the statement: the model's name is expected");
}

TEST(CreatePipeline, ReadsEveryClause) {
  const auto create = read_as<CreatePipeline>(kPipeline);
  const auto& pipeline = create.pipeline;
  EXPECT_EQ(pipeline.name, (engine::ObjectName{"db", "p"}));
  EXPECT_EQ(pipeline.source.brokers, "h:1,i:2");
  EXPECT_EQ(pipeline.source.topic, "topic");
  EXPECT_EQ(pipeline.source.config.at("fetch.max.bytes"), "1000");
  EXPECT_EQ(pipeline.source.credentials.at("sasl.password"), "hush");
  EXPECT_EQ(pipeline.batch_interval_ms, 250);
  EXPECT_EQ(pipeline.offsets_per_partition_max, 1000);
  EXPECT_TRUE(pipeline.stop_on_error);
  EXPECT_EQ(pipeline.step, engine::StepKind::kClassify);
  EXPECT_EQ(pipeline.model, (engine::ObjectName{"db", "m"}));
  EXPECT_EQ(pipeline.table, (engine::ObjectName{"other", "t"}));
  EXPECT_EQ(pipeline.csv.fields_terminated_by, ",");
  EXPECT_EQ(pipeline.csv.enclosed_by, "\"");
  EXPECT_TRUE(pipeline.csv.optionally_enclosed);
  EXPECT_EQ(pipeline.csv.escaped_by, "\\");
  EXPECT_EQ(pipeline.csv.lines_starting_by, "> ");
  EXPECT_EQ(pipeline.csv.lines_terminated_by, "\r\n");
  EXPECT_EQ(pipeline.csv.ignore_lines, 2);
  EXPECT_EQ(pipeline.csv.null_defined_by, "NA");
  EXPECT_TRUE(pipeline.csv.null_optionally_enclosed);
  EXPECT_FALSE(pipeline.csv.empty_is_null);
  ASSERT_EQ(pipeline.fields.size(), 3U);
  EXPECT_TRUE(pipeline.fields[1].variable);
  EXPECT_EQ(pipeline.fields[1].name, "skip");
  EXPECT_EQ(pipeline.fields[2].name, "b c");
  ASSERT_EQ(pipeline.set.size(), 2U);
  EXPECT_EQ(pipeline.set[0].value.sql, "upper(\"@skip\") || 'x'");
  EXPECT_EQ(pipeline.set[0].value.reads, std::vector<std::string>{"@skip"});
  EXPECT_EQ(pipeline.set[1].value.reads, std::vector<std::string>{"a"});
  EXPECT_EQ(pipeline.where.sql, "a <> 3 AND \"b c\" IS NOT NULL");
  EXPECT_EQ(pipeline.where.reads, (std::vector<std::string>{"a", "b c"}));
}

TEST(CreatePipeline, TakesClausesInAnyOrderAndSynonyms) {
  const auto pipeline = read_as<CreatePipeline>(
                            "CREATE OR REPLACE PIPELINE p AS LOAD DATA KAFKA 'h/t' WHERE a > 0"
                            " COLUMNS TERMINATED BY ';' INTO TABLE t TRAIN MODEL n.m (a, b)")
                            .pipeline;
  EXPECT_EQ(pipeline.where.text, "a > 0");
  EXPECT_EQ(pipeline.csv.fields_terminated_by, ";");
  EXPECT_EQ(pipeline.step, engine::StepKind::kTrain);
  EXPECT_EQ(pipeline.model, (engine::ObjectName{"n", "m"}));
  EXPECT_EQ(pipeline_with("PREDICT WITH MODEL m").step, engine::StepKind::kClassify);
  EXPECT_EQ(pipeline_with("IGNORE 1 ROWS").csv.ignore_lines, 1);
  EXPECT_FALSE(pipeline_with("STOP_ON_ERROR OFF").stop_on_error);
  EXPECT_TRUE(pipeline_with("NULL DEFINED BY ''").csv.empty_is_null);
  EXPECT_FALSE(pipeline_with("FIELDS OPTIONALLY ENCLOSED BY ''").csv.optionally_enclosed);
  EXPECT_EQ(pipeline_with("").csv, decode::CsvFormat{});
  const auto aggregator = read_as<CreatePipeline>(
      "CREATE AGGREGATOR PIPELINE IF NOT EXISTS p AS LOAD DATA KAFKA 'h/t' INTO TABLE t");
  EXPECT_EQ(aggregator.existing, engine::Existing::kKeep);
  EXPECT_EQ(aggregator.warnings.at(0), "AGGREGATOR has no effect in millrace");
  EXPECT_EQ(error_of("CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' INTO t"),
            "48: syntax error near \"t\": TABLE or PROCEDURE is expected");
  EXPECT_EQ(error_of("CREATE PIPELINE p AS LOAD DATA MONGO 'x' INTO TABLE t"),
            "31: syntax error near \"MONGO\": KAFKA or FS is expected");
}

TEST(CreatePipeline, PathsLeadIntoDocuments) {
  const auto pipeline = pipeline_with(
      "FORMAT JSON (a <- a, b <- %::x::`y z`::'w' DEFAULT 'none', @c <- % , d <- d DEFAULT -1.5,"
      " e <- e DEFAULT NULL, f <- f DEFAULT TRUE)");
  using Path = std::vector<std::string>;
  using Form = decode::Literal::Form;
  EXPECT_EQ(pipeline.format, engine::FormatKind::kJson);
  ASSERT_EQ(pipeline.fields.size(), 6U);
  EXPECT_EQ(pipeline.fields[0].path, Path{"a"});
  EXPECT_EQ(pipeline.fields[1].path, (Path{"x", "y z", "w"}));
  EXPECT_EQ(pipeline.fields[1].default_value, (decode::Literal{Form::kText, "none"}));
  EXPECT_TRUE(pipeline.fields[2].variable);
  EXPECT_TRUE(pipeline.fields[2].path.empty());
  EXPECT_EQ(pipeline.fields[3].default_value, (decode::Literal{Form::kNumber, "-1.5"}));
  EXPECT_EQ(pipeline.fields[4].default_value, decode::Literal{});
  EXPECT_EQ(pipeline.fields[5].default_value, (decode::Literal{Form::kBool, "true"}));

  const auto avro = pipeline_with(
      "FORMAT AVRO SCHEMA REGISTRY 'h:8081' (a <- a) SCHEMA '{\"type\": \"int\"}' WHERE a > 0");
  EXPECT_EQ(avro.format, engine::FormatKind::kAvro);
  EXPECT_EQ(avro.source.config.at("schema.registry.url"), "http://h:8081");
  EXPECT_EQ(avro.avro_schema, "{\"type\": \"int\"}");
}

TEST(CreatePipeline, FunctionsOfMessagesAreColumns) {
  const auto where = pipeline_with(
                         "WHERE get_kafka_pipeline_prop('prop_offset') > 5 AND "
                         "Get_Kafka_Pipeline_Prop(\"KEY\") = pipeline_source_file()")
                         .where;
  EXPECT_EQ(where.sql, "\"@:offset\" > 5 AND \"@:key\" = \"@:file\"");
  EXPECT_EQ(where.reads, (std::vector<std::string>{"@:offset", "@:key", "@:file"}));
  EXPECT_EQ(pipeline_error("WHERE get_kafka_pipeline_prop('prop_ofset') > 5"),
            "6: get_kafka_pipeline_prop knows no \"prop_ofset\". Did you mean prop_offset?");
  EXPECT_EQ(pipeline_error("WHERE get_kafka_pipeline_prop(a) > 5"),
            "6: get_kafka_pipeline_prop knows no \"\". It is written "
            "get_kafka_pipeline_prop('prop_offset').");
}

TEST(CreatePipeline, AnExpressionMayBeginWithAnyFunction) {
  const auto pipeline =
      pipeline_with("(@b) SET a = REPLACE(@b, 'x', 'y'), b = INSERT(@b, 1, 2, 'z')");
  EXPECT_EQ(pipeline.set.at(0).value.sql, "REPLACE(\"@b\", 'x', 'y')");
  EXPECT_EQ(pipeline.set.at(1).value.sql.substr(0, 25), "millrace_internal.insert(");
}

TEST(CreatePipeline, ErrorsAreIgnoredBeforeAnyOtherClause) {
  EXPECT_EQ(pipeline_with("IGNORE FORMAT JSON").skipped, engine::SkippedErrors::kIgnore);
  EXPECT_EQ(pipeline_with("REPLACE REJECTS INTO TABLE bad").duplicates,
            store::Duplicates::kReplace);
  // What stands behind SET and WHERE is theirs, unless it begins a clause.
  const auto pipeline = pipeline_with("(a) SET b = a IGNORE STOP_ON_ERROR ON WHERE ignore > 0");
  EXPECT_EQ(pipeline.set.at(0).value.text, "a");
  EXPECT_EQ(pipeline.skipped, engine::SkippedErrors::kIgnore);
  EXPECT_EQ(pipeline.where.text, "ignore > 0");
  // What is printed is read as the same expression.
  EXPECT_EQ(pipeline_with("(a) SET b = a--a").set.at(0).value.text, "a- -a");
  EXPECT_EQ(pipeline_with("(a) SET b = N\"x\"").set.at(0).value.text, "N 'x'");
}

TEST(CreatePipeline, KeysThatAreThereMayBeUpdated) {
  const auto pipeline = pipeline_with("ON DUPLICATE KEY UPDATE a = a + VALUES(a), b = 'x'");
  EXPECT_EQ(pipeline.duplicates, store::Duplicates::kUpdate);
  ASSERT_EQ(pipeline.on_duplicate.size(), 2U);
  EXPECT_EQ(pipeline.on_duplicate[0].value.sql, "a + excluded.\"a\"");
  EXPECT_EQ(pipeline_error("TRAIN MODEL m (a) ON DUPLICATE KEY UPDATE a = 1"),
            "0: TRAIN MODEL keeps one row in its table, which it replaces itself");
}

TEST(CreatePipeline, WhatItNamesStandsBesideIt) {
  const auto pipeline =
      read_as<CreatePipeline>(
          "CREATE PIPELINE a.p AS LOAD DATA KAFKA 'h/t' TRAIN MODEL m INTO TABLE t", "db")
          .pipeline;
  EXPECT_EQ(pipeline.model.database, "a");
  EXPECT_EQ(pipeline.table.database, "a");
}

TEST(CreatePipeline, WarnsOfClausesWithoutEffect) {
  const auto create = read_as<CreatePipeline>(
      "CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' RESOURCE POOL x"
      " MAX_RETRIES_PER_BATCH_PARTITION 2 DISABLE OUT_OF_ORDER OPTIMIZATION INTO TABLE t");
  EXPECT_EQ(create.warnings.size(), 2U);
  EXPECT_EQ(create.pipeline.retries_max, 2);
}

TEST(CreatePipeline, AColumnMayBeCalledLikeAClause) {
  const auto pipeline =
      pipeline_with("(config, format) SET lines = config + 1, fields = format WHERE config > 0");
  EXPECT_EQ(pipeline.set.size(), 2U);
  EXPECT_EQ(pipeline.set[0].value.text, "config + 1");
  EXPECT_EQ(pipeline.where.text, "config > 0");
}

TEST(CreatePipeline, ExpressionsKnowWhatTheyRead) {
  const auto reads = [](std::string_view expression) {
    return pipeline_with("WHERE " + std::string(expression)).where.reads;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(reads("a MOD b = 1"), (Names{"a", "MOD", "b"}));
  EXPECT_EQ(reads("t.a = `b`"), (Names{"t", "b"}));
  EXPECT_EQ(reads("f(a, @x) > 1 AND a < 2"), (Names{"a", "@x"}));
  EXPECT_EQ(reads("CAST(a AS INTEGER) = 1"), Names{"a"});
  EXPECT_EQ(reads("CAST(a As INTEGER) = b::BIGINT"), (Names{"a", "b"}));
  EXPECT_EQ(reads("d > DATE '2026-01-01' + INTERVAL 1 DAY"), Names{"d"});
  EXPECT_EQ(reads("a IN (1, 2) OR NOT b LIKE 'x'"), (Names{"a", "b"}));
  EXPECT_EQ(reads("CASE a WHEN 1 THEN b ELSE c END = d"), (Names{"a", "b", "c", "d"}));
}

TEST(CreatePipeline, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(
      pipeline_error("FORMT CSV"),
      "0: syntax error near \"FORMT\": a clause of LOAD DATA is expected. Did you mean FORMAT?");
  EXPECT_EQ(pipeline_error("FIELDS TERMINATED ','"),
            "18: syntax error near \"','\": BY is expected");
  EXPECT_EQ(pipeline_error("FIELDS ENCLOSED BY 'ab'"), "19: ENCLOSED BY must be one byte or empty");
  EXPECT_EQ(pipeline_error("BATCH_INTERVAL soon"),
            "15: syntax error near \"soon\": BATCH_INTERVAL, a whole number, is expected");
  EXPECT_EQ(pipeline_error("BATCH_INTERVAL -1"),
            "15: BATCH_INTERVAL must be between 0 and 86400000");
  EXPECT_EQ(pipeline_error("BATCH_INTERVAL 99999999999999999999"),
            "15: BATCH_INTERVAL must be between 0 and 86400000");
  EXPECT_EQ(pipeline_error("MAX_OFFSETS_PER_BATCH_PARTITION 0"),
            "32: MAX_OFFSETS_PER_BATCH_PARTITION must be between 1 and 100000000");
  EXPECT_EQ(pipeline_error("INTO TABLE u"), "0: clause INTO is written twice");
  EXPECT_EQ(pipeline_error("TRAIN MODEL m CLASSIFY WITH MODEL m"),
            "14: clause TRAIN, CLASSIFY or PREDICT is written twice");
  EXPECT_EQ(pipeline_error("(a) (b)"), "4: the column list is written twice");
  EXPECT_EQ(pipeline_error("SET a = 1, A = 2"), "11: column \"A\" is SET twice");
  EXPECT_EQ(pipeline_error("SET a = "),
            "8: syntax error at the end of the statement: an expression is expected");
  EXPECT_EQ(pipeline_error("WHERE (a"),
            "8: syntax error at the end of the statement: \")\" is expected");
  EXPECT_EQ(pipeline_error("WHERE a)"), "7: syntax error near \")\": an expression is expected");
  EXPECT_EQ(pipeline_error("CONFIG 'x'"),
            "7: CONFIG: this is no JSON object. It is written '{\"name\": \"value\"}'.");
  EXPECT_EQ(pipeline_error("CONFIG '{\"a\": []}'"),
            "7: CONFIG: the value of \"a\" is neither text nor a number");
  EXPECT_EQ(pipeline_error("CONFIG '{\"auto.offset.reset\": \"middle\"}'"),
            "7: CONFIG: auto.offset.reset cannot be \"middle\". It is earliest or latest.");
  EXPECT_EQ(pipeline_error("STOP_ON_ERROR MAYBE"),
            "14: syntax error near \"MAYBE\": ON or OFF is expected");
  EXPECT_EQ(pipeline_error("FORMAT PARQUET (a)"), "0: clause FORMAT PARQUET is not supported");
  EXPECT_EQ(pipeline_error("FORMAT JSON (a <- )"),
            "18: syntax error near \")\": a key of the document is expected");
  EXPECT_EQ(pipeline_error("FORMAT JSON (a <- b DEFAULT c)"),
            "28: syntax error near \"c\": a literal is expected");
  EXPECT_NE(pipeline_error("(a <- b)").find("without FORMAT JSON"), std::string::npos);
  EXPECT_NE(pipeline_error("FORMAT JSON (a)").find("has no path"), std::string::npos);
  EXPECT_NE(pipeline_error("FORMAT JSON FIELDS TERMINATED BY ',' (a <- b)")
                .find("clause FIELDS belongs to FORMAT CSV"),
            std::string::npos);
  EXPECT_NE(pipeline_error("FORMAT JSON (a <- b) SCHEMA '{}'").find("belongs to FORMAT AVRO"),
            std::string::npos);
  EXPECT_EQ(pipeline_error("WITH TRANSFORM ('u', 'p', 'a')"),
            "16: transform \"u\" is no URI of a program. It is written file:///path or http://...");
  EXPECT_EQ(pipeline_error("WITH TRANSFORM ('file:///t.py', '')"),
            "34: syntax error near \")\": , is expected");
  EXPECT_EQ(
      pipeline_error("CHARACTER SET koi8r"),
      "14: character set \"koi8r\" is not supported. Text is utf8mb4 (or utf8, ascii, binary), or "
      "latin1.");
  EXPECT_EQ(error_of("CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t'"),
            "42: syntax error at the end of the statement: INTO TABLE is expected");
  EXPECT_EQ(
      error_of("CREATE PIPELINE p AS LOAD DATA KAFKA 'nothing' INTO TABLE t"),
      "37: \"nothing\" names no brokers and topic. It is written 'host:port,host:port/topic'.");
  EXPECT_EQ(error_of("CREATE PIPELINE p AS LOAD DATA S3 'b' INTO TABLE t"),
            "31: LOAD DATA S3 is not supported");
  EXPECT_EQ(error_of("CREATE PIPELINE p AS LOAD DATA KAFAK 'h/t'"),
            "31: syntax error near \"KAFAK\": KAFKA or FS is expected. Did you mean KAFKA?");
}

TEST(PipelineStatements, NameTheirPipeline) {
  const auto start = read_as<RunPipeline>("START PIPELINE IF NOT RUNNING p");
  EXPECT_EQ(start.verb, Verb::kStart);
  EXPECT_EQ(start.absent, engine::Absent::kIgnore);
  EXPECT_EQ(start.name, (engine::ObjectName{"db", "p"}));
  const auto all = read_as<RunPipeline>("STOP ALL PIPELINES");
  EXPECT_EQ(all.verb, Verb::kStop);
  EXPECT_TRUE(all.all);
  EXPECT_EQ(all.name.database, "db");
  EXPECT_EQ(read_as<RunPipeline>("STOP PIPELINE IF RUNNING a.p").absent, engine::Absent::kIgnore);
  EXPECT_EQ(read_as<DropPipeline>("DROP PIPELINE IF EXISTS p").absent, engine::Absent::kIgnore);
  EXPECT_EQ(read_as<ShowCreatePipeline>("SHOW CREATE PIPELINE p EXTENDED").name.name, "p");
  EXPECT_TRUE(read_as<RunPipeline>("START PIPELINE p FOREGROUND").foreground);
  EXPECT_EQ(read_as<RunPipeline>("START PIPELINE p FOREGROUND LIMIT 3 BATCHES").batches_max, 3);
  EXPECT_TRUE(read_as<RunPipeline>("START PIPELINE p LIMIT 3 BATCHES").foreground);
  EXPECT_FALSE(read_as<RunPipeline>("START PIPELINE p").foreground);
  EXPECT_EQ(error_of("START PIPLINE p"),
            "6: syntax error near \"PIPLINE\": PIPELINE or TRANSACTION is expected. Did you mean "
            "PIPELINE?");
  EXPECT_EQ(error_of("STOP ALL PIPELINES", ""),
            "-1: no database is selected. USE a database first, or write database.name.");
}

TEST(Print, ModelsParseBack) {
  expect_same_model(kModel);
  for (const std::string_view text :
       {"CREATE MODEL m AS f()", "CREATE MODEL `a b`.`c``d` AS `select`()",
        "CREATE MODEL m AS f(`none`, `NULL`, `true`, NULL, TRUE, 'a\\n''\\\\', \"\\0\")",
        "CREATE MODEL m AS f(-1, +2, 1., .5, 1e300, -0.0)",
        "CREATE MODEL m AS f([[[[[[]]]]]], g(h(i(j => [k(l => 'm')]))))",
        "CREATE MODEL m AS f(`order` => `group`, `1` => `2`, `ü` => ä)",
        "CREATE MODEL m AS DNNClassifier(hidden_units => [1024, 512, 256], feature_columns => auto,"
        " label => 'a name with a very long text that does not fit upon a line of eighty', "
        "activation_fn => relu, dropout => NULL)"}) {
    expect_same_model(text);
  }
}

TEST(Print, DeepModelsArePrintedInReasonableTime) {
  std::string text = "x12345678901234567890123456789012345678901234567890";
  for (int i = 0; i < 30; ++i) text = "[" + text + ", 12345678901234567890]";
  expect_same_model("CREATE MODEL m AS f(" + text + ")");
}

TEST(Print, LongListsStandOneItemALine) {
  const auto model = read_as<CreateModel>(kModel).model;
  EXPECT_NE(print(model).find("\n  feature_columns => [\n    numeric_column(int_corr),\n"),
            std::string::npos)
      << print(model);
}

TEST(Print, PipelinesParseBack) {
  expect_same_pipeline(kPipeline);
  const std::string begin = "CREATE PIPELINE p AS LOAD DATA KAFKA 'h/t' ";
  for (const std::string_view clauses :
       {"INTO TABLE t",
        "INTO TABLE db.t TRAIN MODEL m",
        "INTO TABLE `x y`.`z``z`",
        "INTO TABLE t FIELDS TERMINATED BY '' ENCLOSED BY '\\'' ESCAPED BY ''",
        "INTO TABLE t MAX_RETRIES_PER_BATCH_PARTITION 0",
        "INTO TABLE t REJECTS INTO TABLE r",
        "INTO TABLE t REJECTS INTO TABLE other.r (a)",
        "INTO TABLE t REJECTS INTO KAFKA 'h:1,i:2/dead'",
        "REPLACE INTO TABLE t",
        "IGNORE STOP_ON_ERROR ON INTO TABLE t",
        "SKIP ALL ERRORS INTO TABLE t",
        "SKIP PARSER ERRORS STOP_ON_ERROR ON INTO TABLE t",
        "SKIP CONSTRAINT ERRORS INTO TABLE t",
        "SKIP DUPLICATE KEY ERRORS INTO TABLE t",
        "INTO TABLE t WHERE a > 0 ON DUPLICATE KEY UPDATE a = VALUES(a) + 1, `b c` = b + 1",
        "INTO TABLE t SET o = get_kafka_pipeline_prop('prop_offset') + 1, f = "
        "pipeline_source_file()",
        "INTO TABLE t LINES TERMINATED BY ''",
        "INTO TABLE t NULL DEFINED BY ''",
        "INTO TABLE t NULL DEFINED BY '' OPTIONALLY ENCLOSED",
        "INTO TABLE t (a, @`b c`, `@d`)",
        "INTO TABLE t SET a = 'it''s \\\\ \\n', `b` = \"x\" /* no */ || N'y', c = `d e` + @`f g`",
        "INTO TABLE t WHERE a LIKE 'x\\_%' AND b <=> NULL AND x'4D' <> 0b1",
        "INTO TABLE t WHERE a > /* one\ntwo */ 1 -- three\n AND b",
        "INTO TABLE t WHERE a--1 > 0",
        "FORMAT JSON (a <- x::`y \"z`::w DEFAULT 'it''s', @b <- %, c <- d DEFAULT -1e3)"
        " INTO TABLE t",
        "FORMAT AVRO (a <- b DEFAULT NULL, c <- d DEFAULT TRUE) SCHEMA '{\"a\\\\n\": 1}'"
        " INTO TABLE t",
        "INTO TABLE t CONFIG '{\"a\\\\\"b\": \"it\\'s\", \"c\": true}'"}) {
    expect_same_pipeline(begin + std::string(clauses));
  }
  expect_same_pipeline("CREATE PIPELINE p AS LOAD DATA FS '/data/it''s/*.gz' INTO TABLE t");
  // Read with another sql_mode, printed for the default one.
  expect_same_pipeline(begin + R"(INTO TABLE t WHERE "a b" = 'c\n')",
                       {.ansi_quotes = true, .backslash_escapes = false});
  expect_same_pipeline(begin + "INTO TABLE t WHERE a||b", {.pipes_as_concat = false});
}

TEST(Print, CredentialsAreNeverShown) {
  auto pipeline = read_as<CreatePipeline>(kPipeline).pipeline;
  EXPECT_EQ(print(pipeline).find("hush"), std::string::npos);
  EXPECT_EQ(print(pipeline).find("CREDENTIALS"), std::string::npos);
  pipeline.source.config["sasl.password"] = "slipped";
  EXPECT_EQ(print(pipeline).find("slipped"), std::string::npos);
  EXPECT_NE(print(pipeline).find("security.protocol"), std::string::npos);
}

TEST(ModelLife, ReadsTheStatements) {
  const auto train = read_as<TrainModel>("TRAIN MODEL a.m ON SELECT 1");
  EXPECT_EQ(train.name, (engine::ObjectName{"a", "m"}));
  EXPECT_EQ(train.query, 6U);
  EXPECT_EQ(read_as<EvaluateModel>("EVALUATE MODEL m ON WITH x AS (SELECT 1) FROM x").version,
            store::kNewest);
  EXPECT_EQ(read_as<EvaluateModel>("EVALUATE MODEL m VERSION 3 ON TABLE t").version, 3);
  EXPECT_EQ(read_as<RestoreModel>("RESTORE MODEL m TO VERSION 0").version, 0);
  EXPECT_EQ(read_as<ExportModel>("EXPORT MODEL m VERSION 3 INTO OUTFILE 'f'").version, 3);
  EXPECT_EQ(read_as<DetachPipeline>("DETACH PIPELINE d.p").name.name, "p");
  EXPECT_EQ(read_as<ExportModel>("EXPORT MODEL m INTO OUTFILE 'f'").file, "f");
  EXPECT_EQ(read_as<CheckModel>("CHECK MODEL `m m`").name.name, "m m");
  const auto alter = read_as<AlterModel>(
      "ALTER MODEL m SET learning_rate = -1e-3, keep_for = '7 days', dnn_optimizer.beta_1 => 1");
  ASSERT_EQ(alter.settings.size(), 3U);
  EXPECT_EQ(alter.settings[0].value.to_sql(), "-1e-3");
  EXPECT_EQ(alter.settings[1].name, "keep_for");
  EXPECT_EQ(alter.settings[2].name, "dnn_optimizer.beta_1");
}

TEST(ModelLife, SaysWhatIsMissing) {
  EXPECT_EQ(error_of("TRAIN MODEL m SELECT 1"), "14: syntax error near \"SELECT\": ON is expected");
  EXPECT_EQ(error_of("TRAIN MODEL m ON DELETE FROM t"),
            "17: syntax error near \"DELETE\": SELECT is expected. Write ON SELECT ... FROM ...");
  EXPECT_EQ(error_of("EVALUATE MODEL m ON SELCT 1"),
            "20: syntax error near \"SELCT\": SELECT is expected. Did you mean SELECT?");
  EXPECT_EQ(error_of("RESTORE MODEL m TO 3"), "19: syntax error near \"3\": VERSION is expected");
  EXPECT_EQ(error_of("ALTER MODEL m SET learning_rate"),
            "31: syntax error at the end of the statement: = is expected");
  EXPECT_EQ(error_of("ALTER MODEL m"),
            "13: syntax error at the end of the statement: SET is expected");
  EXPECT_EQ(error_of("CHECK MODEL m n"),
            "14: syntax error near \"n\": the end of the statement is expected");
  EXPECT_EQ(error_of("CHECK MODEL m", ""), error_of("DROP MODEL m", ""));
}

}  // namespace
}  // namespace millrace::sql
