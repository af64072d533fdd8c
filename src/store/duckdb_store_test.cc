#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/memory.h"
#include "store/store_fixture_test.h"

namespace millrace::store {
namespace {

using StateTest = StoreTest;

Definition pipeline(const std::string& name) {
  Definition one;
  one.kind = DefinitionKind::kPipeline;
  one.database = "shop";
  one.name = name;
  one.body = "{\"a\":\"'\\\"\"}";
  one.state = "stopped";
  one.created_at = 17;
  return one;
}

TEST_F(StateTest, OneProcessOwnsTheDirectory) {
  StoreOptions options;
  options.directory = directory_;
  const auto second = open_duckdb_store(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos);
  EXPECT_NE(second.error().message.find(directory_), std::string::npos);
  close();
  open();
}

TEST_F(StateTest, AnotherProcessIsToldWhoOwnsTheDirectory) {
  const pid_t child = fork();
  if (child == 0) {
    const auto second = DirectoryLock::acquire(directory_);
    const bool told = !second && second.error().code == Code::kUnavailable &&
                      second.error().message.find(std::to_string(getppid())) != std::string::npos;
    _exit(told ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(StateTest, AStoreThatWasNotClosedKeepsWhatWasCommitted) {
  ASSERT_TRUE(store().create_database("shop", false));
  ASSERT_TRUE(store().set_setting("motto", "grind on"));
  store_.reset();
  open();
  EXPECT_EQ(*store().databases(), std::vector<std::string>{"shop"});
  EXPECT_EQ(**store().setting("motto"), "grind on");
}

TEST_F(StateTest, ADamagedFileIsDataLoss) {
  close();
  const std::string path = directory_ + "/millrace.duckdb";
  std::ofstream(path, std::ios::trunc) << std::string(20000, 'x');
  StoreOptions options;
  options.directory = directory_;
  const auto opened = open_duckdb_store(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kDataLoss) << opened.error().to_string();
  EXPECT_NE(opened.error().message.find(path), std::string::npos);
}

TEST_F(StateTest, AFileWithFlippedBytesIsDataLoss) {
  sql("CREATE TABLE __millrace.main.t AS SELECT range AS i, hash(range) AS h FROM range(100000)");
  close();
  const std::string path = directory_ + "/millrace.duckdb";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int at = 5000; at < 60000; at += 500) file.seekp(at).put('\x55');
  file.close();
  StoreOptions options;
  options.directory = directory_;
  const auto opened = open_duckdb_store(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kDataLoss) << opened.error().to_string();
}

TEST_F(StateTest, ADirectoryThatCannotBeMadeSaysSo) {
  StoreOptions options;
  options.directory = "/proc/millrace";
  const auto opened = open_duckdb_store(options);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("/proc/millrace"), std::string::npos);
}

/// The fixture's store, opened with options.
class OptionsTest : public StoreTest {
 protected:
  void open_with(StoreOptions options) {
    close();
    options.directory = directory_;
    auto opened = open_duckdb_store(options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    store_.reset(static_cast<DuckdbStore*>(opened->release()));
  }
  std::string setting(const std::string& name) {
    return value("SELECT current_setting('" + name + "')");
  }
};

TEST_F(OptionsTest, ReachTheEngine) {
  StoreOptions options;
  options.memory_bytes_max = 512 << 20;
  options.threads_max = 1;
  open_with(options);
  EXPECT_EQ(setting("threads"), "1");
  EXPECT_EQ(setting("memory_limit"), "512.0 MiB");
}

TEST_F(OptionsTest, HalfOfTheMemoryIsLeftToOthersAndWhatIsFreeIsGivenBack) {
  const auto unsaid = setting("memory_limit");
  StoreOptions half;
  half.memory_bytes_max = memory_of_machine() / 2;
  open_with(half);
  EXPECT_EQ(setting("memory_limit"), unsaid);
  EXPECT_EQ(setting("allocator_background_threads"), "true");
}

/// When this fails, DuckDB has what a limit of memory for an account can stand on; so far
/// docs/reference/sql.md says that there is none.
TEST_F(StateTest, NoConnectionHasAMemoryLimitOfItsOwnYet) {
  EXPECT_EQ(value("SELECT count(*) FROM duckdb_settings() WHERE name = 'operator_memory_limit'"),
            "0");
}

TEST_F(StateTest, BuiltInExtensionsWorkAndNothingIsFetched) {
  EXPECT_EQ(value("SELECT json_extract('{\"a\": 7}', '$.a')"), "7");
  EXPECT_EQ(value("SELECT CAST('2026-01-01 00:00:00+01' AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"),
            "2025-12-31 23:00:00");
  EXPECT_EQ(value("SELECT current_setting('autoinstall_known_extensions')"), "false");
  EXPECT_EQ(value("SELECT current_setting('autoload_known_extensions')"), "false");
}

TEST_F(StateTest, DatabasesAreSchemasOfTheFile) {
  ASSERT_TRUE(store().create_database("Shop", false));
  EXPECT_TRUE(store().create_database("sHOP", true));
  EXPECT_EQ(store().create_database("shop", false).error().code, Code::kAlreadyExists);
  EXPECT_EQ(store().create_database("millrace", false).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store().create_database("__millrace", false).error().code, Code::kInvalidArgument);
  EXPECT_EQ(*store().databases(), std::vector<std::string>{"Shop"});
  reopen();
  EXPECT_EQ(*store().databases(), std::vector<std::string>{"Shop"});
}

TEST_F(StateTest, ATableIsFoundWithoutCaseAndItsTypesAreMapped) {
  ASSERT_TRUE(store().create_database("shop", false));
  sql("CREATE TABLE shop.\"Odd One\" (a TINYINT NOT NULL, \"B\" DECIMAL(10,2) DEFAULT 3, "
      "c VARCHAR(20), d DOUBLE[], e TIMESTAMP, f UBIGINT, g BLOB, h JSON, i DATE, j BOOLEAN, "
      "k FLOAT[3], l TIMESTAMPTZ)");
  const auto table = store().table("SHOP", "odd one");
  ASSERT_TRUE(table);
  ASSERT_TRUE(*table);
  const auto& info = **table;
  ASSERT_EQ(info.columns.size(), 12U);
  EXPECT_EQ(info.find("A")->type, DataType{Kind::kInt8});
  EXPECT_FALSE(info.find("a")->nullable);
  EXPECT_FALSE(info.find("b")->type);
  EXPECT_EQ(info.find("b")->type_name, "DECIMAL(10,2)");
  EXPECT_TRUE(info.find("b")->has_default);
  EXPECT_FALSE(info.find("c")->has_default);
  EXPECT_EQ(info.find("c")->type, DataType{Kind::kVarchar});
  EXPECT_EQ(info.find("d")->type, (DataType{Kind::kDouble, true}));
  EXPECT_EQ(info.find("e")->type, DataType{Kind::kTimestamp});
  EXPECT_EQ(info.find("f")->type, DataType{Kind::kUInt64});
  EXPECT_EQ(info.find("g")->type, DataType{Kind::kBlob});
  EXPECT_FALSE(info.find("h")->type);
  EXPECT_EQ(info.find("i")->type, DataType{Kind::kDate});
  EXPECT_EQ(info.find("j")->type, DataType{Kind::kBool});
  EXPECT_FALSE(info.find("k")->type);
  EXPECT_FALSE(info.find("l")->type);
  EXPECT_EQ(info.find("m"), nullptr);
  EXPECT_FALSE(*store().table("shop", "none"));
}

TEST_F(StateTest, ATableIsMadeOfASchema) {
  ASSERT_TRUE(store().create_database("shop", false));
  const Schema columns({{"global step", {Kind::kInt64}, false}, {"auc", {Kind::kDouble}, true}});
  ASSERT_TRUE(store().create_table("shop", "e", columns));
  const auto info = **store().table("shop", "e");
  EXPECT_EQ(info.columns[0].name, "global step");
  EXPECT_FALSE(info.columns[0].nullable);
  EXPECT_EQ(info.columns[1].type, DataType{Kind::kDouble});
  EXPECT_EQ(store().create_table("shop", "e", columns).error().code, Code::kAlreadyExists);
}

TEST_F(StateTest, DefinitionsArePutReplacedAndRemoved) {
  const auto first = *store().put_definition(pipeline("a"));
  const auto second = *store().put_definition(pipeline("b"));
  EXPECT_NE(first, second);
  auto changed = pipeline("a2");
  changed.id = first;
  changed.kind = DefinitionKind::kModel;
  EXPECT_EQ(*store().put_definition(changed), first);
  ASSERT_TRUE(store().set_state(second, "running"));
  EXPECT_EQ(store().set_state(99, "running").error().code, Code::kNotFound);
  reopen();
  const auto all = *store().definitions();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "a2");
  EXPECT_EQ(all[0].kind, DefinitionKind::kModel);
  EXPECT_EQ(all[0].body, pipeline("a").body);
  EXPECT_EQ(all[0].created_at, 17);
  EXPECT_EQ(all[1].state, "running");
  ASSERT_TRUE(store().remove_definition(second));
  EXPECT_EQ(store().definitions()->size(), 1U);
  const auto third = *store().put_definition(pipeline("c"));
  EXPECT_GT(third, second) << "an id is never used again";
}

TEST_F(StateTest, SettingsAreReplaced) {
  EXPECT_FALSE(*store().setting("k"));
  ASSERT_TRUE(store().set_setting("k", "a'b"));
  ASSERT_TRUE(store().set_setting("k", ""));
  ASSERT_TRUE(store().set_setting("K", "other"));
  EXPECT_EQ(**store().setting("k"), "");
  EXPECT_EQ(**store().setting("K"), "other");
}

TEST_F(StateTest, LogsAreCutByAgeOfOnePipelineAlone) {
  const auto id = *store().put_definition(pipeline("a"));
  const auto other = *store().put_definition(pipeline("b"));
  for (const auto pipeline_id : {id, other}) {
    const std::string number = std::to_string(pipeline_id);
    sql("INSERT INTO millrace_internal.reject_log SELECT " + number +
        ", 1, 0, range, 'bad-number', '', ''::BLOB, "
        "CAST(now() AS TIMESTAMP) - to_minutes(CAST(range * 10 AS BIGINT)), NULL, "
        "NULL, NULL FROM range(1, 7)");
    sql("INSERT INTO millrace_internal.pipeline_errors SELECT "
        "nextval('millrace_internal.error_ids'), " +
        number +
        ", epoch_us(now()) - range * 600000000, 'Load', 0, 'e', NULL, NULL, 'Error', NULL, NULL, "
        "NULL FROM range(1, 7)");
  }
  constexpr int64_t kMinute = 60'000'000;
  const auto left = [&](const std::string& table, int64_t of) {
    return value("SELECT count(*) FROM millrace_internal." + table +
                 " WHERE pipeline_id = " + std::to_string(of));
  };
  ASSERT_TRUE(store().trim_pipeline_logs(id, {}));
  EXPECT_EQ(left("reject_log", id), "6");
  ASSERT_TRUE(store().trim_pipeline_logs(id, {0, 0, 35 * kMinute, 15 * kMinute}));
  EXPECT_EQ(left("reject_log", id), "3");
  EXPECT_EQ(left("pipeline_errors", id), "1");
  EXPECT_EQ(left("reject_log", other), "6");
  EXPECT_EQ(left("pipeline_errors", other), "6");
}

TEST_F(StateTest, TheNewestThousandErrorsOfAPipelineAreKept) {
  const auto id = *store().put_definition(pipeline("a"));
  const auto other = *store().put_definition(pipeline("b"));
  PipelineError error;
  error.kind = "Extract";
  error.pipeline_id = other;
  error.message = "other";
  ASSERT_TRUE(store().log_error(error));
  error.pipeline_id = id;
  sql("INSERT INTO millrace_internal.pipeline_errors SELECT "
      "nextval('millrace_internal.error_ids'), " +
      std::to_string(id) +
      ", range, 'Load', 0, 'e', NULL, NULL, 'Error', NULL, NULL, NULL FROM range(1000)");
  for (int i = 1000; i < 1003; ++i) {
    error.at = i;
    error.message = "e" + std::to_string(i);
    ASSERT_TRUE(store().log_error(error));
  }
  EXPECT_EQ(
      value("SELECT count(*) || min(\"at\") || max(\"at\") FROM millrace_internal.pipeline_errors "
            "WHERE pipeline_id = " +
            std::to_string(id)),
      "100031002");
  EXPECT_EQ(value("SELECT \"ERROR_MESSAGE\" FROM millrace_information_schema.pipelines_errors "
                  "WHERE \"PIPELINE_NAME\" = 'b'"),
            "other");
  EXPECT_EQ(value("SELECT count(*) FROM millrace_internal.pipeline_errors WHERE batch_id IS NULL"),
            "1001");
}

TEST_F(StateTest, ABatchScanIsNotForUsers) {
  auto connection = open_connection(store().database());
  const auto ran = run(connection->get(), "SELECT * FROM millrace_batch('1-2')");
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("not for users"), std::string::npos);
}

}  // namespace
}  // namespace millrace::store
