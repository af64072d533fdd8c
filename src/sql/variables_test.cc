#include "sql/variables.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sql/json_object.h"
#include "sql/rows.h"

namespace millrace::sql {
namespace {

Variables plain() {
  return Variables([](std::string_view name) -> std::optional<std::string> {
    if (name == "version") return "8.0.36-millrace";
    return std::nullopt;
  });
}

TEST(Variables, HaveDefaults) {
  const Variables variables = plain();
  EXPECT_EQ(variables.get("AUTOCOMMIT"), "ON");
  EXPECT_EQ(variables.get("version"), "8.0.36-millrace");
  EXPECT_TRUE(variables.autocommit());
  EXPECT_FALSE(variables.lex_options().ansi_quotes);
  EXPECT_TRUE(variables.lex_options().pipes_as_concat);
  EXPECT_TRUE(variables.lex_options().backslash_escapes);
}

TEST(Variables, AreListedInTheOrderOfNames) {
  const auto all = plain().all();
  EXPECT_GT(all.size(), 60U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_TRUE(std::adjacent_find(all.begin(), all.end(), [](const auto& a, const auto& b) {
                return a.first == b.first;
              }) == all.end());
}

TEST(Variables, KnowWhatConnectorsAskFor) {
  for (const std::string_view name : {"auto_increment_increment",
                                      "character_set_client",
                                      "character_set_connection",
                                      "character_set_results",
                                      "character_set_server",
                                      "collation_server",
                                      "collation_connection",
                                      "init_connect",
                                      "interactive_timeout",
                                      "license",
                                      "lower_case_table_names",
                                      "max_allowed_packet",
                                      "net_write_timeout",
                                      "performance_schema",
                                      "query_cache_size",
                                      "query_cache_type",
                                      "sql_mode",
                                      "system_time_zone",
                                      "time_zone",
                                      "transaction_isolation",
                                      "tx_isolation",
                                      "wait_timeout",
                                      "version_comment",
                                      "session_track_schema",
                                      "version_compile_os"}) {
    EXPECT_TRUE(Variables::known(name)) << name;
  }
}

TEST(Variables, AreSetByTheirKind) {
  Variables variables = plain();
  EXPECT_TRUE(variables.set("autocommit", "0"));
  EXPECT_FALSE(variables.autocommit());
  EXPECT_EQ(*variables.literal("autocommit"), "0");
  EXPECT_TRUE(variables.set("Autocommit", "true"));
  EXPECT_TRUE(variables.autocommit());
  EXPECT_TRUE(variables.set("wait_timeout", "100"));
  EXPECT_EQ(*variables.literal("wait_timeout"), "100");
  EXPECT_TRUE(variables.set("sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"));
  EXPECT_TRUE(variables.lex_options().ansi_quotes);
  EXPECT_FALSE(variables.lex_options().backslash_escapes);
  EXPECT_TRUE(variables.set("sql_mode", ""));
  EXPECT_FALSE(variables.lex_options().ansi_quotes);
  EXPECT_FALSE(variables.lex_options().pipes_as_concat);
  EXPECT_TRUE(variables.set("sql_mode", "ANSI"));
  EXPECT_TRUE(variables.lex_options().pipes_as_concat);
  EXPECT_TRUE(variables.set("character_set_results", std::nullopt));
  EXPECT_EQ(variables.get("character_set_results"), std::nullopt);
  EXPECT_TRUE(variables.set_default("character_set_results"));
  EXPECT_EQ(variables.get("character_set_results"), "utf8mb4");
  variables.reset();
  EXPECT_EQ(variables.get("wait_timeout"), "28800");
}

TEST(Variables, RefuseWhatTheyCannotBe) {
  Variables variables = plain();
  const auto error = [&](std::string_view name, std::optional<std::string> value) {
    const auto set = variables.set(name, std::move(value));
    return set ? std::string() : set.error().to_string();
  };
  EXPECT_EQ(error("autocommit", "maybe"),
            "system variable \"autocommit\" cannot be set to 'maybe'");
  EXPECT_EQ(error("wait_timeout", "long"),
            "system variable \"wait_timeout\" cannot be set to 'long'");
  EXPECT_EQ(error("sql_mode", std::nullopt), "system variable \"sql_mode\" cannot be set to NULL");
  EXPECT_EQ(error("version", "9"), "system variable \"version\" is read only");
  EXPECT_EQ(error("autocomit", "1"),
            "system variable \"autocomit\" does not exist. Did you mean autocommit?");
}

TEST(Like, IsMysqls) {
  EXPECT_TRUE(is_like("version", "version"));
  EXPECT_TRUE(is_like("Version", "vERSION"));
  EXPECT_TRUE(is_like("version_comment", "version%"));
  EXPECT_TRUE(is_like("version", "%"));
  EXPECT_TRUE(is_like("", "%%"));
  EXPECT_TRUE(is_like("abcbc", "a%bc"));
  EXPECT_TRUE(is_like("abc", "a_c"));
  EXPECT_TRUE(is_like("a_c", "a\\_c"));
  EXPECT_TRUE(is_like("a%", "a\\%"));
  EXPECT_TRUE(is_like("a\\", "a\\"));
  EXPECT_FALSE(is_like("abc", "a\\_c"));
  EXPECT_FALSE(is_like("abc", "ab"));
  EXPECT_FALSE(is_like("ab", "abc"));
  EXPECT_FALSE(is_like("", "_"));
  EXPECT_FALSE(is_like("abcbd", "a%bc"));
  const std::string text(20'000, 'a');
  EXPECT_FALSE(is_like(text, "%a%a%a%b"));
}

TEST(Rows, AreASelectOfTheStore) {
  Rows rows;
  rows.add_column("a \"b\"");
  rows.add_column("n", store::SqlType::kBigint);
  EXPECT_EQ(select_of(rows),
            "SELECT * FROM (VALUES (NULL::VARCHAR, NULL::BIGINT)) AS rows(\"a \"\"b\"\"\", \"n\") "
            "WHERE false");
  rows.rows = {{"it's", "1"}, {std::nullopt, std::nullopt}};
  EXPECT_EQ(select_of(rows),
            "SELECT * FROM (VALUES ('it''s', 1), (NULL::VARCHAR, NULL::BIGINT)) AS rows(\"a "
            "\"\"b\"\"\", \"n\")");
}

TEST(Rows, AreReadBackFromAStream) {
  Rows rows;
  rows.add_column("a");
  rows.rows = {{"x"}, {std::nullopt}};
  const auto stream = stream_of(rows);
  const auto read = read_all(*stream);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rows, rows.rows);
  EXPECT_EQ(read->columns[0].name, "a");
}

TEST(JsonObject, HoldsTextNumbersAndTruth) {
  const auto object = parse_json_object(R"({"a": "x\"y", "b": 1.5, "c": true})");
  ASSERT_TRUE(object);
  EXPECT_EQ(*object,
            (std::map<std::string, std::string>{{"a", "x\"y"}, {"b", "1.5"}, {"c", "true"}}));
  EXPECT_EQ(*parse_json_object(json_object(*object)), *object);
  for (const char* text :
       {"", "[]", "1", "{", "{\"a\": null}", "{\"a\": {}}", "{\"a\": \"\xff\"}"}) {
    EXPECT_FALSE(parse_json_object(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::sql
