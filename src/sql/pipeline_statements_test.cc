// The statements about pipelines that there are: what ALTER, TEST, EXTRACT and their like say.
#include "sql/reading_test.h"

namespace millrace::sql {
namespace {

TEST(PipelineStatements, AlterSaysWhatChanges) {
  const auto alter = read_as<AlterPipeline>(
      "ALTER PIPELINE p SET BATCH_INTERVAL 5, STOP_ON_ERROR OFF SET OFFSETS '{\"0\": 7, \"2\": 0}'"
      " DROP PARTITION '3' RENAME TO q");
  EXPECT_EQ(alter.change.batch_interval_ms, 5);
  EXPECT_EQ(alter.change.stop_on_error, false);
  ASSERT_TRUE(alter.change.offsets);
  EXPECT_EQ(alter.change.offsets->offsets, (std::map<int32_t, int64_t>{{0, 7}, {2, 0}}));
  EXPECT_EQ(alter.change.dropped_partitions, std::vector<int32_t>{3});
  EXPECT_EQ(alter.change.new_name, "q");
  const auto at =
      read_as<AlterPipeline>("ALTER PIPELINE p SET OFFSETS TIMESTAMP '1970-01-01 00:00:01.5'");
  EXPECT_EQ(at.change.offsets->form, engine::OffsetsChange::Form::kTime);
  EXPECT_EQ(at.change.offsets->timestamp_ms, 1500);
  EXPECT_EQ(read_as<TestPipeline>("TEST PIPELINE p").limit, 1);
  EXPECT_EQ(read_as<TestPipeline>("TEST PIPELINE p LIMIT 5").limit, 5);
  EXPECT_EQ(read_as<ProfilePipeline>("PROFILE PIPELINE a.p").name.database, "a");
  const auto extract =
      read_as<ExtractPipeline>("EXTRACT PIPELINE p OFFSETS '{\"1\": 4}' INTO OUTFILE '/f'");
  EXPECT_EQ(extract.offsets.at(1), 4);
  EXPECT_EQ(extract.file, "/f");
  EXPECT_EQ(read_as<RetryRejects>("RETRY REJECTS FOR PIPELINE p").name.name, "p");
  EXPECT_EQ(read_as<AlterPipeline>("ALTER PIPELINE p DROP FILE '/f'").change.dropped_files,
            std::vector<std::string>{"/f"});
  EXPECT_EQ(error_of("ALTER PIPELINE p SET OFFSET EARLIEST"),
            "21: syntax error near \"OFFSET\": what to set is expected. Did you mean OFFSETS?");
  EXPECT_EQ(error_of("ALTER PIPELINE p SET OFFSETS '{}'").find("these are no offsets"), 4U);
}

TEST(PipelineStatements, AlterSaysHowItReads) {
  const auto change = read_as<AlterPipeline>(
                          "ALTER PIPELINE p SET CONFIG ::a.`b` = 'x', CREDENTIALS '{\"k\": \"v\"}' "
                          "FIELDS TERMINATED BY ';' (a, @b) SET config = @b, b = 2 WHERE a > 1 "
                          "SET BATCH_INTERVAL 5 DROP FILE '/f'")
                          .change;
  EXPECT_FALSE(change.config.all);
  EXPECT_EQ(change.config.some, (std::map<std::string, std::string>{{"a.b", "x"}}));
  EXPECT_EQ(*change.credentials.all, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(change.reading.fields->fields_terminated_by, ";");
  EXPECT_FALSE(change.reading.lines || change.reading.format || change.reading.null);
  EXPECT_EQ(change.reading.columns->size(), 2U);
  EXPECT_EQ(change.reading.set->size(), 2U);
  EXPECT_EQ(change.reading.set->at(0).column, "config");
  EXPECT_EQ(change.reading.where->text, "a > 1");
  EXPECT_EQ(change.batch_interval_ms, 5);
  EXPECT_EQ(change.dropped_files, std::vector<std::string>{"/f"});
  const auto drop = read_as<AlterPipeline>("ALTER PIPELINE p DROP SET DROP WHERE").change.reading;
  EXPECT_TRUE(drop.set->empty() && drop.where->sql.empty());
  const auto avro = read_as<AlterPipeline>(
                        "ALTER PIPELINE p FORMAT AVRO SCHEMA REGISTRY 'h:1' (a <- x) SCHEMA '{}'")
                        .change;
  EXPECT_EQ(avro.config.some.at("schema.registry.url"), "http://h:1");
  EXPECT_TRUE(avro.reading.columns_with_paths);
  EXPECT_EQ(error_of("ALTER PIPELINE p (a, b <- c)"),
            "17: an entry of the column list has no path");
  EXPECT_NE(error_of("ALTER PIPELINE p WHERE a WHERE b").find("WHERE is written twice"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::sql
