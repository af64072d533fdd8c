#include "base/fault.h"
#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

class WriterTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    make_pipeline(pipeline_);
    Definition definition;
    definition.database = "shop";
    definition.kind = DefinitionKind::kModel;
    definition.name = "m";
    model_id_ = *store().put_definition(definition);
    sql("CREATE TABLE shop.t (a BIGINT, b VARCHAR, c DOUBLE DEFAULT 1.5)");
    output_.database = "shop";
    output_.table = "t";
    output_.input = input_;
    output_.columns = {{"a", "\"x\""}, {"b", "\"y\""}};
  }

  std::unique_ptr<BatchWriter> writer() {
    auto opened = store().open_writer(pipeline_, output_);
    EXPECT_TRUE(opened) << opened.error().to_string();
    return std::move(*opened);
  }

  Batch numbers(int64_t count) {
    std::vector<std::vector<Value>> rows;
    for (int64_t i = 0; i < count; ++i) rows.push_back({i, "row " + std::to_string(i)});
    return batch_of(input_, std::move(rows));
  }

  ModelCommit model_commit(int64_t version) {
    ModelCommit model;
    model.model_id = model_id_;
    model.model = "m";
    model.version = version;
    model.global_step = version * 10;
    model.examples = version * 100;
    model.metrics = {{"batch", "loss", 0.5}, {"lifetime", "label/mean", 0.25}};
    return model;
  }

  void use_evaluation(const std::string& table) {
    output_ = OutputSpec();
    output_.database = "shop";
    output_.table = table;
    output_.form = OutputSpec::Form::kEvaluation;
  }

  std::shared_ptr<const Schema> input_ = schema({{"x", {Kind::kInt64}}, {"y", {Kind::kVarchar}}});
  PipelineIdentity pipeline_;
  int64_t model_id_ = 0;
  OutputSpec output_;
};

TEST_F(WriterTest, ACommitWritesRowsRejectsCursorsAndLog) {
  TestCommit test(1, 100, 5);
  test.split(3);
  auto batch = numbers(4);
  batch.message_of_row()[3] = 4;  // message 3 is the reject
  test.commit.rows = &batch;
  test.commit.rejects = {reject_of(test.messages.messages[3], RejectReason::kBadNumber, "no")};
  const auto outcome = writer()->commit(test.commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, 4);
  EXPECT_EQ(outcome->rejects, 1);
  EXPECT_EQ(rows("SELECT * FROM shop.t ORDER BY a"),
            (std::vector<std::string>{"0|row 0|1.5", "1|row 1|1.5", "2|row 2|1.5", "3|row 3|1.5"}));
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 103}, {1, 2}}));
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 1);
  EXPECT_EQ(rows("SELECT source_partition, first_offset, end_offset, messages, rows_out, rejects, "
                 "json_extract(steps, '$.take') FROM millrace.batches ORDER BY 1"),
            (std::vector<std::string>{"0|100|103|3|3|0|5", "1|0|2|2|1|1|5"}));
  EXPECT_EQ(value("SELECT pipeline_name, batch_id, source_partition, source_offset, reason, detail,"
                  " bytes FROM millrace.rejects"),
            "p|1|1|0|bad-number|no|row 3");
  EXPECT_EQ(value("SELECT sum(bytes) FROM millrace_internal.batch_log"), "25");
  reopen();
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 103}, {1, 2}}));
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 1);
}

TEST_F(WriterTest, ABatchIsCommittedOnce) {
  auto batch = numbers(3);
  TestCommit test(1, 0, 3);
  test.commit.rows = &batch;
  auto one = writer();
  ASSERT_TRUE(one->commit(test.commit));
  EXPECT_EQ(one->commit(test.commit).error().code, Code::kWrongState);
  TestCommit same_offsets(2, 0, 3);
  same_offsets.commit.rows = &batch;
  EXPECT_EQ(one->commit(same_offsets.commit).error().code, Code::kWrongState);
  TestCommit gap(2, 4, 3);
  gap.commit.rows = &batch;
  EXPECT_EQ(one->commit(gap.commit).error().code, Code::kWrongState);
  TestCommit skips_an_id(3, 3, 3);
  skips_an_id.commit.rows = &batch;
  EXPECT_EQ(one->commit(skips_an_id.commit).error().code, Code::kWrongState);
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "3");
  TestCommit next(2, 3, 3);
  next.commit.rows = &batch;
  EXPECT_TRUE(one->commit(next.commit));
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "6");
}

TEST_F(WriterTest, ABatchWithoutRowsMovesTheCursor) {
  TestCommit test(1, 0, 2);
  for (const auto& message : test.messages.messages)
    test.commit.rejects.push_back(reject_of(message, RejectReason::kBadNumber, "no"));
  const auto outcome = writer()->commit(test.commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, 0);
  EXPECT_EQ(outcome->rejects, 2);
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 2}}));
}

TEST_F(WriterTest, AFailureLeavesNothingBehind) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (loss DOUBLE)");
  auto one = writer();
  TestCommit test(1, 0, 2);
  test.commit.rows_learned = {2};
  test.commit.evaluation = {{"loss", 0.5}};
  test.commit.model = model_commit(1);
  test.commit.model->snapshot_bytes = "state";
  test.commit.rejects = {reject_of(test.messages.messages[0], RejectReason::kBadNumber, "no")};
  for (const char* point : {"store.commit.before:error@1", "store.commit.middle:error@1"}) {
    ASSERT_TRUE(arm_faults(point));
    EXPECT_FALSE(one->commit(test.commit)) << point;
    for (const char* table : {"shop.e", "millrace_internal.batch_log", "millrace_internal.cursors",
                              "millrace_internal.reject_log", "millrace_internal.model_log",
                              "millrace_internal.metric_log", "millrace_internal.snapshots"})
      EXPECT_EQ(value("SELECT count(*) FROM " + std::string(table)), "0") << table;
  }
  EXPECT_TRUE(one->commit(test.commit)) << "the same commit may be tried again";
}

TEST_F(WriterTest, ExpressionsAndWhereAreEvaluated) {
  output_.columns = {{"a", "\"x\" * 2"}, {"b", "upper(\"y\")"}, {"c", "\"x\" / 4"}};
  output_.where = "\"x\" % 2 = 1";
  auto batch = numbers(10000);
  TestCommit test(1, 0, 10000);
  test.split(9000);
  test.commit.rows = &batch;
  const auto outcome = writer()->commit(test.commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, 5000);
  EXPECT_EQ(value("SELECT count(*), sum(a), min(b), max(c) FROM shop.t"),
            "5000|50000000|ROW 1|2499.75");
  EXPECT_EQ(rows("SELECT rows_out FROM millrace.batches ORDER BY source_partition"),
            (std::vector<std::string>{"4500", "500"}));
}

TEST_F(WriterTest, OtherTypesAreCast) {
  sql("CREATE TABLE shop.u (a TINYINT, b DECIMAL(8,2), c VARCHAR, d TIMESTAMPTZ)");
  output_.table = "u";
  output_.columns = {
      {"a", "\"x\""}, {"b", "CAST(\"y\" AS DECIMAL(8,2))"}, {"c", "\"x\""}, {"d", "'epoch'"}};
  auto batch = batch_of(input_, {{int64_t{7}, "1.25"}, {int64_t{700}, "1"}, {int64_t{1}, "z"}});
  TestCommit test(1, 0, 3);
  test.commit.rows = &batch;
  const auto outcome = writer()->commit(test.commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, 1);
  EXPECT_EQ(outcome->rejects, 2);
  EXPECT_EQ(value("SELECT a, b, c FROM shop.u"), "7|1.25|7");
  EXPECT_EQ(rows("SELECT source_offset, reason FROM millrace.rejects ORDER BY 1"),
            (std::vector<std::string>{"1|expression", "2|expression"}));
}

/// Batches go in whole, and row by row while rows are refused: each with its own outcome.
TEST_F(WriterTest, RowsAreRefusedInSomeBatchesOnly) {
  output_.columns = {{"a", "\"x\""}, {"c", "CAST(\"y\" AS DOUBLE)"}};
  const auto target = writer();
  for (const int64_t bad : {-1, 1, 2, -1, -1, 0}) {
    const int64_t id = *store().last_batch_id(pipeline_.id) + 1;
    std::vector<std::vector<Value>> rows;
    for (int64_t i = 0; i < 3; ++i) rows.push_back({10 * id + i, i == bad ? "no number" : "2.5"});
    const auto batch = batch_of(input_, std::move(rows));
    TestCommit test(id, 3 * (id - 1), 3);
    test.commit.rows = &batch;
    const auto outcome = target->commit(test.commit);
    ASSERT_TRUE(outcome) << outcome.error().to_string();
    EXPECT_EQ(outcome->rows_written, bad < 0 ? 3 : 2) << id;
    EXPECT_EQ(outcome->rejects, bad < 0 ? 0 : 1) << id;
  }
  EXPECT_EQ(value("SELECT string_agg(a, ' ' ORDER BY rowid) FROM shop.t"),
            "10 11 12 20 22 30 31 40 41 42 50 51 52 61 62");
  EXPECT_EQ(rows("SELECT source_offset FROM millrace.rejects ORDER BY 1"),
            (std::vector<std::string>{"4", "8", "15"}));
  EXPECT_EQ(*store().cursors(pipeline_.id), (std::vector<Cursor>{{0, 18}}));
}

TEST_F(WriterTest, WhatDoesNotFitTheTargetIsAnErrorAtOnce) {
  const auto code = [&] { return store().open_writer(pipeline_, output_).error().code; };
  output_.columns = {{"nope", "\"x\""}};
  EXPECT_EQ(code(), Code::kNotFound);
  output_.columns = {{"a", "\"nope\""}};
  EXPECT_EQ(code(), Code::kUnknownColumn);
  output_.columns = {{"a", "\"x\" +"}};
  EXPECT_EQ(code(), Code::kSyntax);
  output_.columns = {{"a", "\"x\""}};
  output_.table = "nope";
  EXPECT_EQ(code(), Code::kNotFound);
  sql("CREATE TABLE shop.n (a BIGINT, must BIGINT NOT NULL)");
  output_.table = "n";
  EXPECT_EQ(code(), Code::kConstraint);
}

TEST_F(WriterTest, AllTypesGoInAsTheyAre) {
  std::vector<Field> fields;
  std::string columns;
  for (int kind = 0; kind <= static_cast<int>(Kind::kBlob); ++kind) {
    for (const bool list : {false, true}) {
      const DataType type{static_cast<Kind>(kind), list};
      fields.push_back({"c" + std::to_string(fields.size()), type});
      columns += (columns.empty() ? "" : ", ") + fields.back().name + " " + name_of(type);
    }
  }
  sql("CREATE TABLE shop.all_types (" + columns + ")");
  output_.input = schema(fields);
  output_.table = "all_types";
  output_.columns.clear();
  for (const auto& field : fields)
    output_.columns.push_back({field.name, "\"" + field.name + "\""});
  Batch batch(output_.input);
  constexpr size_t kRows = 5000;
  batch.reset(kRows);
  const std::string long_text = "a text that is longer than twelve bytes";
  for (size_t i = 0; i < fields.size(); ++i) {
    auto& column = batch.column(i);
    const bool text = is_text(column.type().kind);
    if (column.type().list) {
      std::vector<uint32_t> offsets(kRows + 1, 0);
      for (size_t row = 0; row < kRows; ++row)
        offsets[row + 1] = offsets[row] + static_cast<uint32_t>(row % 3);
      column.set_list_offsets(offsets);
      if (text)
        for (auto& value : column.values<std::string_view>()) value = long_text;
    } else if (text) {
      for (size_t row = 0; row < kRows; ++row)
        column.values<std::string_view>()[row] =
            std::string_view(long_text).substr(0, row % (long_text.size() + 1));
    }
    for (size_t row = 0; row < kRows; ++row)
      if (row % 7 != 3) column.set_valid(row);
  }
  for (size_t row = 0; row < kRows; ++row) batch.message_of_row()[row] = static_cast<uint32_t>(row);
  TestCommit test(1, 0, kRows);
  test.commit.rows = &batch;
  const auto outcome = writer()->commit(test.commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, static_cast<int64_t>(kRows));
  EXPECT_EQ(value("SELECT count(*), count(c0), count(c29), sum(len(c9)), sum(len(c26)), "
                  "sum(len(c27)), max(c26), max(c27)[1] FROM shop.all_types"),
            "5000|4286|4286|4285|" +
                value("SELECT sum(i % 40)::BIGINT FROM range(5000) r(i) WHERE i % 7 <> 3") +
                "|4285|" + long_text + "|" + long_text);
}

TEST_F(WriterTest, SnapshotsAreKeptAsTheModelSays) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (loss DOUBLE)");
  auto one = writer();
  for (int64_t version = 1; version <= 4; ++version) {
    TestCommit test(version, version * 10 - 10, 10);
    test.commit.rows_learned = {10};
    test.commit.model = model_commit(version);
    test.commit.model->retention = {2, 0};
    test.commit.evaluation = {{"loss", 0.5}};
    if (version != 3) test.commit.model->snapshot_bytes = std::string(100'000, 'a') + '\0' + "z";
    ASSERT_TRUE(one->commit(test.commit));
  }
  EXPECT_EQ(rows("SELECT version, size FROM millrace_internal.snapshots ORDER BY 1"),
            (std::vector<std::string>{"2|100002", "4|100002"}));
  ModelSnapshot snapshot;
  snapshot.version = 4;
  snapshot.examples = 9;
  snapshot.bytes = "again";
  ASSERT_TRUE(one->save_snapshot(model_id_, snapshot, {})) << "a version may be saved again";
  snapshot.version = 5;
  EXPECT_EQ(one->save_snapshot(model_id_, snapshot, {}).error().code, Code::kWrongState);
  one.reset();
  reopen();
  const auto newest = *store().newest_snapshot(model_id_);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->version, 4);
  EXPECT_EQ(newest->examples, 9);
  EXPECT_EQ(newest->bytes, "again");
  EXPECT_FALSE(*store().newest_snapshot(99));
}

TEST_F(WriterTest, ModelVersionsFollowOneAnother) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (loss DOUBLE)");
  auto one = writer();
  const auto commit = [&](int64_t batch_id, int64_t version) {
    TestCommit test(batch_id, batch_id * 10 - 10, 10);
    test.split(6);
    if (batch_id > 1) test.messages.ranges.pop_back();
    test.messages.messages.resize(6);
    test.messages.ranges[0].first_offset = (batch_id - 1) * 6;
    test.messages.ranges[0].end_offset = batch_id * 6;
    test.commit.rows_learned.assign(test.messages.ranges.size(), 6);
    test.commit.model = model_commit(version);
    test.commit.evaluation = {{"loss", 0.5}};
    return one->commit(test.commit);
  };
  EXPECT_EQ(commit(1, 2).error().code, Code::kWrongState);
  ASSERT_TRUE(commit(1, 1));
  EXPECT_EQ(commit(2, 1).error().code, Code::kWrongState);
  EXPECT_EQ(commit(2, 3).error().code, Code::kWrongState);
  ASSERT_TRUE(commit(2, 2));
  const auto log = *store().training_log(model_id_, 0, kNewest);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].version, 1);
  EXPECT_EQ(log[0].pipeline_id, pipeline_.id);
  ASSERT_EQ(log[0].ranges.size(), 2U);
  EXPECT_EQ(log[0].ranges[0].end_offset, 6);
  EXPECT_EQ(log[0].ranges[1].partition, 1);
  EXPECT_EQ(log[1].batch_id, 2);
  EXPECT_EQ(log[1].ranges[0].first_offset, 6);
  EXPECT_EQ(store().training_log(model_id_, 1, kNewest)->size(), 1U);
  EXPECT_EQ(rows("SELECT scope, metric, value FROM millrace.model_metrics WHERE batch_id = 2"),
            (std::vector<std::string>{"batch|loss|0.5", "lifetime|label/mean|0.25"}));

  ASSERT_TRUE(store().remove_definition(pipeline_.id));
  EXPECT_EQ(store().training_log(model_id_, 0, kNewest).error().code, Code::kDataLoss);
  EXPECT_TRUE(store().training_log(model_id_, 2, kNewest)->empty());
  EXPECT_TRUE(store().cursors(pipeline_.id)->empty());
  EXPECT_EQ(*store().last_batch_id(pipeline_.id), 0);
  ASSERT_TRUE(store().remove_definition(model_id_));
  for (const char* table : {"cursors", "batch_log", "reject_log", "model_log", "model_heads",
                            "metric_log", "snapshots", "definitions", "pipeline_errors"})
    EXPECT_EQ(value("SELECT count(*) FROM millrace_internal." + std::string(table)), "0") << table;
}

TEST_F(WriterTest, TheEvaluationIsTheOneRowWhateverItsColumnsTypes) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (note VARCHAR DEFAULT 'kept', global_step BIGINT, \"label/mean\" FLOAT, "
      "prediction_mean DECIMAL(6,3), AUC VARCHAR, loss TINYINT, \"precision\" DOUBLE)");
  sql("INSERT INTO shop.e VALUES ('mine', 1, 1, 1, 1, 1, 1), ('mine too', 1, 1, 1, 1, 1, 1)");
  auto one = writer();
  for (int64_t id = 1; id <= 3; ++id) {
    TestCommit test(id, id * 10 - 10, 10);
    test.commit.rows_learned = {10};
    test.commit.evaluation = {{"global_step", 12345678901.0 + static_cast<double>(id)},
                              {"label/mean", 0.5},
                              {"prediction/mean", 0.12345},
                              {"auc", 0.75},
                              {"loss", 1e9},
                              {"recall", 0.1},
                              {"precision", std::numeric_limits<double>::quiet_NaN()}};
    const auto committed = one->commit(test.commit);
    ASSERT_TRUE(committed) << committed.error().to_string();
    EXPECT_EQ(value("SELECT * FROM shop.e"),
              "kept|" + std::to_string(12345678901 + id) + "|0.5|0.123|0.75|NULL|nan");
  }
}

TEST_F(WriterTest, ATableWithoutAColumnForTheEvaluationIsToldEachTime) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (other DOUBLE)");
  auto one = writer();
  TestCommit test(1, 0, 2);
  test.commit.rows_learned = {2};
  test.commit.evaluation = {{"loss", 0.5}};
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = one->commit(test.commit);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << refused.error().to_string();
    EXPECT_EQ(refused.error().message, "table \"e\" has no column for an evaluation");
  }
}

TEST_F(WriterTest, WhenSomebodyWritesTheEvaluationTheCommitMayBeTriedAgain) {
  use_evaluation("e");
  sql("CREATE TABLE shop.e (loss DOUBLE); INSERT INTO shop.e VALUES (1)");
  auto one = writer();
  TestCommit test(1, 0, 10);
  test.commit.rows_learned = {10};
  test.commit.evaluation = {{"loss", 0.5}};
  auto other = open_connection(store().database());
  ASSERT_TRUE(run(other->get(), "BEGIN; UPDATE shop.e SET loss = 2"));
  const auto refused = one->commit(test.commit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict) << refused.error().to_string();
  EXPECT_EQ(value("SELECT count(*) FROM millrace_internal.batch_log"), "0");
  ASSERT_TRUE(run(other->get(), "COMMIT"));
  EXPECT_TRUE(one->commit(test.commit));
  EXPECT_EQ(value("SELECT loss FROM shop.e"), "0.5");
}

TEST_F(WriterTest, DdlOnTheTargetMeetsTheCommit) {
  auto batch = numbers(3);
  TestCommit test(1, 0, 3);
  test.commit.rows = &batch;
  auto one = writer();
  auto other = open_connection(store().database());
  ASSERT_TRUE(run(other->get(), "BEGIN; ALTER TABLE shop.t ADD COLUMN d INTEGER DEFAULT 9"));
  const auto refused = one->commit(test.commit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict) << refused.error().to_string();
  EXPECT_EQ(value("SELECT count(*) FROM millrace_internal.batch_log"), "0");
  ASSERT_TRUE(run(other->get(), "COMMIT"));
  ASSERT_TRUE(one->commit(test.commit));
  EXPECT_EQ(value("SELECT sum(d) FROM shop.t"), "27");
  TestCommit next(2, 3, 3);
  next.commit.rows = &batch;
  sql("ALTER TABLE shop.t ALTER COLUMN a TYPE VARCHAR");
  EXPECT_EQ(one->commit(next.commit).error().code, Code::kConflict);
  sql("ALTER TABLE shop.t DROP COLUMN a");
  EXPECT_EQ(one->commit(next.commit).error().code, Code::kNotFound);
  sql("DROP TABLE shop.t");
  EXPECT_EQ(one->commit(next.commit).error().code, Code::kNotFound);
  EXPECT_EQ(value("SELECT count(*) FROM millrace_internal.batch_log"), "1");
}

TEST_F(WriterTest, TwoWritersOfAPipelineDoNotBothCommit) {
  auto batch = numbers(3);
  TestCommit test(1, 0, 3);
  test.commit.rows = &batch;
  auto one = writer();
  auto two = writer();
  ASSERT_TRUE(one->commit(test.commit));
  EXPECT_EQ(two->commit(test.commit).error().code, Code::kWrongState);
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "3");
  // One believes that the cursors are where it left them, until it finds that they are not.
  TestCommit next(2, 3, 3);
  next.commit.rows = &batch;
  ASSERT_TRUE(two->commit(next.commit));
  const auto late = one->commit(next.commit);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kWrongState) << late.error().to_string();
  TestCommit third(3, 6, 3);
  third.commit.rows = &batch;
  EXPECT_TRUE(one->commit(third.commit));
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "9");
}

TEST_F(WriterTest, CursorsThatWereMovedElsewhereAreSeen) {
  auto batch = numbers(3);
  TestCommit test(1, 0, 3);
  test.commit.rows = &batch;
  auto one = writer();
  ASSERT_TRUE(one->commit(test.commit));
  sql("UPDATE millrace_internal.cursors SET next_offset = 10");
  TestCommit next(2, 3, 3);
  next.commit.rows = &batch;
  EXPECT_EQ(one->commit(next.commit).error().code, Code::kWrongState);
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), "3") << "nothing of it stays";
  TestCommit there(2, 10, 3);
  there.commit.rows = &batch;
  EXPECT_TRUE(one->commit(there.commit));
}

/// The checkpoint that fills row groups holds up commits, and does a piece of it at a time.
TEST_F(WriterTest, ABatchOfARowGroupFillsIt) {
  constexpr int64_t kRows = kRowGroupRows;
  const auto groups = [&] {
    return rows(
        "SELECT sum(count) FROM pragma_storage_info('shop.t') WHERE column_name = 'a' AND "
        "segment_type <> 'VALIDITY' GROUP BY row_group_id ORDER BY row_group_id");
  };
  auto one = writer();
  int64_t at = 0;
  const auto commit = [&](int64_t batch_id, int64_t count) {
    auto batch = numbers(count);
    TestCommit test(batch_id, at, static_cast<size_t>(count));
    test.commit.rows = &batch;
    ASSERT_TRUE(one->commit(test.commit));
    at += count;
  };
  for (int64_t i = 1; i <= 2; ++i) commit(i, kRows);
  EXPECT_EQ(groups(), std::vector<std::string>(2, std::to_string(kRows)));
  for (int64_t i = 3; i <= 6; ++i) commit(i, kRows + 100);
  EXPECT_EQ(groups().size(), 10U);
  sql("CHECKPOINT __millrace");
  EXPECT_EQ(groups().size(), 9U);
  EXPECT_EQ(value("SELECT count(*) FROM shop.t"), std::to_string(at));
}

TEST_F(WriterTest, RejectsAreTakenBackByABatchThatMovesNothing) {
  output_.rejects_database = "shop";
  output_.rejects_table = "dead";
  ASSERT_TRUE(store().create_table("shop", "dead", reject_columns()));
  TestCommit test(1, 100, 5);
  auto batch = numbers(2);
  test.commit.rows = &batch;
  for (size_t i = 2; i < 5; ++i)
    test.commit.rejects.push_back(
        reject_of(test.messages.messages[i], RejectReason::kBadNumber, "no"));
  test.commit.rejects[2].bytes = std::string(kRejectBytesMax, 'x');  // cut: cannot be tried again
  ASSERT_TRUE(writer()->commit(test.commit));
  EXPECT_EQ(rows("SELECT count(*) FROM shop.dead"), std::vector<std::string>{"3"});

  auto kept = store().next_rejects(pipeline_.id, 0, 1);
  ASSERT_TRUE(kept && *kept);
  ASSERT_EQ((*kept)->rejects.size(), 3U);
  (*kept)->rejects.pop_back();
  EXPECT_EQ((*kept)->rejects[1].offset, 103);
  EXPECT_EQ((*kept)->rejects[1].reason, RejectReason::kBadNumber);
  MessageBatch again;
  for (const auto& reject : (*kept)->rejects)
    again.messages.push_back({reject.bytes, {}, reject.partition, reject.offset, -1});
  again.ranges = {{0, 105, 105, 0, -1}};
  auto one = numbers(1);
  BatchCommit commit;
  commit.batch_id = 2;
  commit.messages = &again;
  commit.rows = &one;
  commit.rejects = {reject_of(again.messages[1], RejectReason::kBadDate, "still no")};
  commit.retried_batch = 1;
  const auto outcome = writer()->commit(commit);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->rows_written, 1);
  EXPECT_EQ(rows("SELECT batch_id, source_offset, reason FROM millrace.rejects ORDER BY 1, 2"),
            (std::vector<std::string>{"1|104|bad-number", "2|103|bad-date"}));
  EXPECT_EQ(rows("SELECT sum(messages), sum(rows_out), sum(rejects) FROM millrace.batches"),
            std::vector<std::string>{"5|3|2"});
  EXPECT_FALSE(*store().next_rejects(pipeline_.id, 2, 2));
}

TEST_F(WriterTest, AKeyThatIsThereIsReplacedOrUpdated) {
  sql("CREATE TABLE shop.k (a BIGINT PRIMARY KEY, b VARCHAR, n BIGINT DEFAULT 1)");
  sql("INSERT INTO shop.k VALUES (0, 'old', 5)");
  output_.table = "k";
  output_.duplicates = Duplicates::kUpdate;
  output_.on_duplicate = {{"n", "n + 1"}, {"b", "excluded.b"}};
  const auto twice = [&](int64_t batch_id) {
    TestCommit test(batch_id, batch_id * 4, 4);
    auto batch = batch_of(input_, {{int64_t{0}, std::string("x")},
                                   {int64_t{1}, std::string("y")},
                                   {int64_t{0}, std::string("z")},
                                   {int64_t{1}, std::string("w")}});
    test.commit.rows = &batch;
    const auto outcome = writer()->commit(test.commit);
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    EXPECT_EQ(outcome->rows_written, 4);
  };
  twice(1);
  EXPECT_EQ(rows("SELECT * FROM shop.k ORDER BY a"), (std::vector<std::string>{"0|z|7", "1|w|2"}));
  output_.duplicates = Duplicates::kReplace;
  twice(2);
  EXPECT_EQ(rows("SELECT a, b FROM shop.k ORDER BY a"), (std::vector<std::string>{"0|z", "1|w"}));
  output_.table = "t";
  const auto keyless = store().open_writer(pipeline_, output_);
  ASSERT_FALSE(keyless);
  EXPECT_EQ(keyless.error().code, Code::kInvalidArgument);
}

TEST_F(WriterTest, FilesKeepTheirNumbers) {
  ASSERT_TRUE(store().add_files(pipeline_.id, {{"b", 1, false}, {"a", 2, false}}));
  ASSERT_TRUE(store().add_files(pipeline_.id, {{"0", 3, false}}));
  ASSERT_TRUE(store().skip_file(pipeline_.id, "a"));
  EXPECT_FALSE(store().skip_file(pipeline_.id, "c"));
  const auto files = store().files(pipeline_.id);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ((*files)[0].name, "b");
  EXPECT_TRUE((*files)[1].skipped);
  EXPECT_EQ((*files)[2].name, "0");
  ASSERT_TRUE(store().remove_definition(pipeline_.id));
  EXPECT_TRUE(store().files(pipeline_.id)->empty());
}

}  // namespace
}  // namespace millrace::store
