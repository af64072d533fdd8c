// A DuckDB store in a directory of its own, and short ways to fill batches and to look at tables.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "data/row_builder.h"
#include "store/duckdb_connection.h"
#include "store/duckdb_store.h"

namespace millrace::store {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void open();
  void close();
  void reopen() {
    close();
    open();
  }
  DuckdbStore& store() { return *store_; }

  /// Pipeline "p" of database "shop", which is made with it.
  void make_pipeline(PipelineIdentity& made);

  /// Runs statements as another connection.
  void sql(const std::string& statements);
  /// The rows of a query as text: "1|a|NULL" each.
  std::vector<std::string> rows(const std::string& query);
  std::string value(const std::string& query);

  std::string directory_;
  std::unique_ptr<DuckdbStore> store_;
};

std::shared_ptr<const Schema> schema(std::vector<Field> fields);
/// A batch of which each row comes from the message of the same number.
Batch batch_of(const std::shared_ptr<const Schema>& schema, std::vector<std::vector<Value>> rows);

/// A batch of messages and the commit for it: `count` messages of partition 0 from `first` on.
struct TestCommit {
  TestCommit(int64_t batch_id, int64_t first, size_t count);
  /// Divides the messages over two partitions: the first `count` of them stay in partition 0.
  void split(size_t count);
  TestCommit(const TestCommit&) = delete;
  TestCommit& operator=(const TestCommit&) = delete;

  MessageBatch messages;
  std::vector<std::string> payloads;
  BatchCommit commit;
};

}  // namespace millrace::store
