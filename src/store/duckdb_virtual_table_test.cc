#include "store/duckdb_virtual_table.h"

#include <gtest/gtest.h>

#include <atomic>

#include "data/row_builder.h"
#include "store/duckdb_database_test.h"

namespace millrace::store {
namespace {

class VirtualTableTest : public ::testing::Test {
 protected:
  /// A start of the store over the test's file.
  std::unique_ptr<TestDatabase> start() {
    auto database = std::make_unique<TestDatabase>(folder_.file("test.db"));
    for (const char* schema : {kSystemSchema, kInformationSchema}) {
      const auto made =
          run(database->connect().get(), "CREATE SCHEMA IF NOT EXISTS " + quoted_name(schema));
      EXPECT_TRUE(made) << made.error().to_string();
    }
    return database;
  }
  void add_table(TestDatabase& database, const std::string& schema, const std::string& name) {
    const auto columns =
        std::make_shared<Schema>(std::vector<Field>{{"id", {Kind::kInt64, false}},
                                                    {"Name", {Kind::kVarchar, false}},
                                                    {"at", {Kind::kTimestamp, false}},
                                                    {"share", {Kind::kDouble, false}}});
    const auto rows = [this, columns] {
      RowBuilder builder(columns);
      for (int64_t i = 0; i < rows_; ++i) {
        builder.add({i,
                     i % 2 == 0 ? Value("row " + std::to_string(i) + " of some length") : Value(),
                     i * 1'000'000, 0.5});
      }
      return builder.build();
    };
    const auto added =
        register_virtual_table(database.connect().get(), {schema, name, columns, rows});
    ASSERT_TRUE(added) << added.error().to_string();
  }

  TestFolder folder_;
  std::atomic<int64_t> rows_ = 3;
};

TEST_F(VirtualTableTest, RowsAreMadeAtEachQuery) {
  const auto database = start();
  add_table(*database, "millrace", "things");
  const auto session = database->session();
  auto answer = ask(*session, "SELECT * FROM millrace.things");
  ASSERT_EQ(answer.rows.size(), 3U) << answer.text();
  EXPECT_EQ(answer.columns[1].name, "Name");
  EXPECT_EQ(answer.rows[2][1], "row 2 of some length");
  EXPECT_EQ(answer.rows[1][1], std::nullopt);
  EXPECT_EQ(answer.rows[1][2], "1970-01-01 00:00:01");
  rows_ = 10000;
  EXPECT_EQ(ask(*session, "SELECT count(*) FROM millrace.THINGS").text(), "10000");
  EXPECT_EQ(ask(*session, "SELECT sum(id) FROM millrace.things WHERE name LIKE 'row%'").text(),
            "24995000");
  EXPECT_EQ(ask(*session, "SELECT name FROM millrace.things WHERE id = 9998").text(),
            "row 9998 of some length");
  EXPECT_EQ(ask(*session,
                "SELECT count(*) FROM millrace.things a JOIN millrace.things b "
                "USING (id)")
                .text(),
            "10000");
  rows_ = 0;
  EXPECT_TRUE(ask(*session, "SELECT * FROM millrace.things").rows.empty());
}

TEST_F(VirtualTableTest, AnInformationSchemaOfItsOwn) {
  const auto database = start();
  add_table(*database, "information_schema", "PIPELINES");
  EXPECT_EQ(ask(*database->session(), "SELECT count(*) FROM millrace_information_schema.pipelines")
                .text(),
            "3");
}

void use_everything_but(Session& session) {
  ASSERT_FALSE(ask(session, "CREATE TABLE IF NOT EXISTS plain (a INTEGER)").error);
  ASSERT_FALSE(ask(session, "SELECT * FROM duckdb_views()").error);
  ASSERT_FALSE(ask(session, "SELECT * FROM duckdb_columns()").error);
  ASSERT_FALSE(ask(session, "SELECT * FROM information_schema.columns").error);
  ASSERT_FALSE(ask(session, "SHOW ALL TABLES").error);
}

TEST_F(VirtualTableTest, TheFileOpensBeforeTheTableIsBack) {
  {
    const auto database = start();
    add_table(*database, "millrace", "things");
  }
  const auto database = start();
  const auto session = database->session();
  use_everything_but(*session);
  EXPECT_TRUE(ask(*session, "SELECT * FROM millrace.things").error);
  add_table(*database, "millrace", "things");
  EXPECT_EQ(ask(*session, "SELECT count(*) FROM millrace.things").text(), "3");
  ASSERT_FALSE(ask(*session, "CHECKPOINT __millrace").error);
}

TEST_F(VirtualTableTest, TheFileOpensFromItsLogAlone) {
  {
    const auto database = start();
    const auto session = database->session();
    ASSERT_FALSE(ask(*session, "PRAGMA disable_checkpoint_on_shutdown").error);
    add_table(*database, "millrace", "things");
    ASSERT_TRUE(std::filesystem::exists(folder_.file("test.db.wal")));
  }
  ASSERT_TRUE(std::filesystem::exists(folder_.file("test.db.wal")));
  const auto database = start();
  const auto session = database->session();
  use_everything_but(*session);
  add_table(*database, "millrace", "things");
  EXPECT_EQ(ask(*session, "SELECT count(*) FROM millrace.things").text(), "3");
}

}  // namespace
}  // namespace millrace::store
