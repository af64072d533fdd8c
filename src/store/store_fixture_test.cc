#include "store/store_fixture_test.h"

#include <cstdlib>
#include <filesystem>

namespace millrace::store {

void StoreTest::SetUp() {
  std::string pattern = testing::TempDir() + "/millrace-store-XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  open();
}

void StoreTest::TearDown() {
  store_.reset();
  std::filesystem::remove_all(directory_);
}

void StoreTest::open() {
  StoreOptions options;
  options.directory = directory_;
  auto opened = open_duckdb_store(options);
  ASSERT_TRUE(opened) << opened.error().to_string();
  store_.reset(static_cast<DuckdbStore*>(opened->release()));
}

void StoreTest::close() {
  const auto closed = store_->close();
  ASSERT_TRUE(closed) << closed.error().to_string();
  store_.reset();
}

void StoreTest::make_pipeline(PipelineIdentity& made) {
  ASSERT_TRUE(store().create_database("shop", false));
  Definition definition;
  definition.kind = DefinitionKind::kPipeline;
  definition.database = "shop";
  definition.name = "p";
  made = {*store().put_definition(definition), "shop", "p"};
}

void StoreTest::sql(const std::string& statements) {
  auto connection = open_connection(store_->database());
  ASSERT_TRUE(connection);
  const auto ran = run(connection->get(), statements);
  ASSERT_TRUE(ran) << statements << ": " << ran.error().to_string();
}

std::vector<std::string> StoreTest::rows(const std::string& query_text) {
  auto connection = open_connection(store_->database());
  EXPECT_TRUE(connection);
  const auto statement =
      prepare(connection->get(), "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" + query_text + ")");
  EXPECT_TRUE(statement) << query_text << ": " << statement.error().to_string();
  if (!statement) return {};
  auto result = execute(*statement);
  EXPECT_TRUE(result) << query_text << ": " << result.error().to_string();
  if (!result) return {};
  const auto columns = duckdb_column_count(&result->get());
  Rows found(std::move(*result));
  std::vector<std::string> all;
  while (found.next()) {
    std::string text;
    for (idx_t i = 0; i < columns; ++i)
      text += (i == 0 ? "" : "|") + (found.is_null(i) ? std::string("NULL") : found.text(i));
    all.push_back(std::move(text));
  }
  return all;
}

std::string StoreTest::value(const std::string& query_text) {
  const auto all = rows(query_text);
  EXPECT_EQ(all.size(), 1U) << query_text;
  return all.empty() ? std::string() : all[0];
}

std::shared_ptr<const Schema> schema(std::vector<Field> fields) {
  return std::make_shared<Schema>(std::move(fields));
}

Batch batch_of(const std::shared_ptr<const Schema>& schema, std::vector<std::vector<Value>> rows) {
  RowBuilder builder(schema);
  for (auto& row : rows) builder.add(std::move(row));
  Batch batch = builder.build();
  for (size_t i = 0; i < batch.rows(); ++i) batch.message_of_row()[i] = static_cast<uint32_t>(i);
  return batch;
}

TestCommit::TestCommit(int64_t batch_id, int64_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) payloads.push_back("row " + std::to_string(i));
  for (size_t i = 0; i < count; ++i) {
    Message message;
    message.payload = payloads[i];
    message.offset = first + static_cast<int64_t>(i);
    messages.messages.push_back(message);
  }
  const auto messages_count = static_cast<int64_t>(count);
  messages.ranges = {{0, first, first + messages_count, messages_count, first + 1000}};
  commit.batch_id = batch_id;
  commit.messages = &messages;
  commit.started_at = 1'000'000;
  commit.steps_json = "{\"take\":5}";
}

void TestCommit::split(size_t count) {
  const auto moved = static_cast<int64_t>(messages.messages.size() - count);
  for (size_t i = count; i < messages.messages.size(); ++i) {
    messages.messages[i].partition = 1;
    messages.messages[i].offset = static_cast<int64_t>(i - count);
  }
  messages.ranges[0].end_offset -= moved;
  messages.ranges[0].messages -= moved;
  messages.ranges.push_back({1, 0, moved, moved, -1});
}

}  // namespace millrace::store
