#include "serve/messages.h"

#include <gtest/gtest.h>

#include "serve/auth.h"
#include "serve/column_type.h"
#include "serve/wire.h"

namespace millrace::serve {
namespace {

constexpr uint32_t kModern = kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenenc |
                             kConnectWithDb | kDeprecateEof;

Login example() {
  Login login;
  login.capabilities = kModern;
  login.collation = 255;
  login.user = "root";
  login.response = std::string(32, '\1');
  login.database = "dating";
  login.plugin = kSha2Plugin;
  return login;
}

TEST(Messages, AGreetingComesBack) {
  Greeting greeting;
  greeting.server_version = "8.0.36-millrace";
  greeting.connection_id = 7;
  greeting.scramble = make_scramble();
  greeting.capabilities = kModern | kMultiStatements;
  greeting.status = kStatusAutocommit;
  greeting.plugin = kSha2Plugin;
  const auto read = read_greeting(write_greeting(greeting));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_version, greeting.server_version);
  EXPECT_EQ(read->connection_id, 7U);
  EXPECT_EQ(read->scramble, greeting.scramble);
  EXPECT_EQ(read->capabilities, greeting.capabilities);
  EXPECT_EQ(read->plugin, kSha2Plugin);
}

TEST(Messages, ALoginComesBack) {
  const auto read = read_login(write_login(example()), kModern);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, "root");
  EXPECT_EQ(read->response, std::string(32, '\1'));
  EXPECT_EQ(read->database, "dating");
  EXPECT_EQ(read->plugin, kSha2Plugin);
}

TEST(Messages, OnlyWhatBothSidesCanIsKept) {
  auto login = example();
  login.capabilities |= kCompress | kMultiStatements;
  EXPECT_EQ(read_login(write_login(login), kModern)->capabilities, kModern);
}

TEST(Messages, ALoginCutAnywhereIsAnErrorOrALoginWithLess) {
  const auto whole = write_login(example());
  const auto needed = whole.find("dating");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto read = read_login(std::string_view(whole).substr(0, size), kModern);
    EXPECT_EQ(read.has_value(), size >= needed) << size;
  }
}

TEST(Messages, AClientThatWantsTlsIsTold) {
  auto login = example();
  login.capabilities |= kTls;
  const auto read = read_login(write_login(login), kModern);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("TLS"), std::string::npos);
}

TEST(Messages, AClientOlderThanProtocol41IsRefused) {
  auto login = example();
  login.capabilities &= ~kProtocol41;
  EXPECT_FALSE(read_login(write_login(login), kModern));
}

TEST(Messages, AnEndIsAnEofOrAnOkThatLooksLikeOne) {
  Ok end;
  end.status = kStatusAutocommit | kStatusMoreResults;
  EXPECT_EQ(write_end(end, 0), std::string_view("\xfe\0\0\x0a\0", 5));
  EXPECT_EQ(write_end(end, kDeprecateEof), std::string_view("\xfe\0\0\x0a\0\0\0", 7));
}

TEST(Messages, AnErrorCarriesNumberSqlstateAndHint) {
  const auto wire =
      to_wire(Error(Code::kNotFound, "model \"m\" does not exist", "Did you mean n?"));
  EXPECT_EQ(write_error(wire, kProtocol41),
            std::string("\xff\x7a\x04#42S02", 9) + "model \"m\" does not exist. Did you mean n?");
  EXPECT_EQ(write_error(wire, 0).substr(3, 5), "model");
}

TEST(Messages, ALongErrorIsCutBetweenCharacters) {
  WireError error{1105, "HY000", std::string(4095, 'a') + "\xc3\xa9"};
  EXPECT_EQ(read_error(write_error(error, kProtocol41)).message, std::string(4095, 'a'));
}

TEST(Messages, AColumnDefinitionComesBack) {
  ColumnDefinition column{"db", "t", "name", kUtf8mb4, 1020, 253, kBinaryFlag, 3};
  std::string packet;
  append_column_definition(packet, column);
  const auto read = read_column_definition(packet);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "name");
  EXPECT_EQ(read->table, "t");
  EXPECT_EQ(read->length, 1020U);
  EXPECT_EQ(read->flags, kBinaryFlag);
  EXPECT_EQ(read->decimals, 3);
}

// --- How columns are described
// ---------------------------------------------------------------------

ColumnDefinition described(store::SqlType type, uint8_t width = 0, uint8_t scale = 0) {
  return describe({"c", type, width, scale});
}

TEST(ColumnType, EveryTypeHasARow) {
  for (int type = 0; type <= static_cast<int>(store::SqlType::kOther); ++type)
    EXPECT_EQ(described(static_cast<store::SqlType>(type)).name, "c");
}

TEST(ColumnType, TextIsUtf8mb4AndNumbersAreBinary) {
  EXPECT_EQ(described(store::SqlType::kVarchar).collation, 255);
  EXPECT_EQ(described(store::SqlType::kBigint).collation, 63);
  EXPECT_EQ(described(store::SqlType::kBlob).collation, 63);
}

TEST(ColumnType, UnsignedNumbersSayIt) {
  EXPECT_NE(described(store::SqlType::kUInteger).flags & kUnsignedFlag, 0);
  EXPECT_EQ(described(store::SqlType::kInteger).flags & kUnsignedFlag, 0);
}

TEST(ColumnType, ADecimalHasRoomForSignAndPoint) {
  const auto money = described(store::SqlType::kDecimal, 10, 2);
  EXPECT_EQ(money.type, static_cast<uint8_t>(WireType::kNewDecimal));
  EXPECT_EQ(money.length, 12U);
  EXPECT_EQ(money.decimals, 2);
  EXPECT_EQ(described(store::SqlType::kDecimal, 18, 0).length, 19U);
}

TEST(ColumnType, ABooleanIsTinyintOfOne) {
  const auto boolean = described(store::SqlType::kBoolean);
  EXPECT_EQ(boolean.type, static_cast<uint8_t>(WireType::kTiny));
  EXPECT_EQ(boolean.length, 1U);
}

TEST(ColumnType, ATimestampIsADatetimeWithMicroseconds) {
  const auto at = described(store::SqlType::kTimestamp);
  EXPECT_EQ(at.type, static_cast<uint8_t>(WireType::kDateTime));
  EXPECT_EQ(at.decimals, 6);
  EXPECT_EQ(at.length, 26U);
}

}  // namespace
}  // namespace millrace::serve
