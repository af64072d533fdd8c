// Prepared statements, packet by packet, against a live server whose sessions answer with the text
// of the statement, each `?` replaced by the value that was bound to it.
#include <gtest/gtest.h>

#include "serve/auth.h"
#include "serve/column_type.h"
#include "serve/quiet_server_test.h"
#include "serve/raw_client_test.h"

namespace millrace::serve {
namespace {

constexpr uint8_t kTextType = 253;

class PreparedTest : public QuietServerTest {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.limits.packet_bytes_max = 1000;
    start(options);
    client_ = std::make_unique<RawClient>(server_->mysql_address());
    log_in(kDeprecateEof);
  }
  void TearDown() override {
    client_.reset();
    QuietServerTest::TearDown();
  }
  void log_in(uint32_t more) {
    client_ = std::make_unique<RawClient>(server_->mysql_address());
    Login login;
    login.capabilities = RawClient::kOld | more;
    login.user = "root";
    login.plugin = client_->greeting.plugin;
    ASSERT_EQ(client_->log_in(login)[0], '\0');
  }
  static uint16_t error_number(std::string_view packet) {
    return packet.empty() || packet[0] != '\xff' ? 0 : read_error(packet).number;
  }
  static std::string numbered(char command, uint32_t id) {
    std::string packet(1, command);
    append_u32(packet, id);
    return packet;
  }
  /// The number of the statement, its definitions read.
  uint32_t prepare(std::string_view text) {
    const auto answer = client_->command("\x16" + std::string(text));
    EXPECT_EQ(error_number(answer), 0) << read_error(answer).message;
    WireReader ok(answer);
    ok.u8();
    const uint32_t id = ok.u32();
    const uint16_t columns = ok.u16();
    const uint16_t parameters = ok.u16();
    for (int i = 0; i < columns + parameters; ++i)
      EXPECT_TRUE(read_column_definition(client_->read()));
    return id;
  }
  static std::string execution(uint32_t id, uint8_t flags = 0) {
    std::string packet = numbered('\x17', id);
    append_u8(packet, flags);
    append_u32(packet, 1);
    return packet;
  }
  /// With one text for the one parameter.
  static std::string execution_with(uint32_t id, std::string_view text) {
    std::string packet = execution(id);
    append_u8(packet, 0);
    append_u8(packet, 1);
    append_u8(packet, kTextType);
    append_u8(packet, 0);
    append_lenenc_string(packet, text);
    return packet;
  }
  /// The first value of a row of one text column.
  static std::string text_of(std::string_view row) {
    WireReader reader(row);
    EXPECT_EQ(reader.u8(), 0);
    EXPECT_EQ(reader.u8(), 0);  // nothing is NULL
    return std::string(reader.lenenc_string());
  }
  /// What a statement of one column and one row answers.
  std::string answer(const std::string& packet) {
    const auto first = client_->command(packet);
    if (error_number(first) != 0) return "error " + std::to_string(error_number(first));
    EXPECT_EQ(first, "\x01");
    EXPECT_TRUE(read_column_definition(client_->read()));
    const std::string row = text_of(client_->read());
    EXPECT_EQ(client_->read()[0], '\xfe');
    return row;
  }

  std::unique_ptr<RawClient> client_;
};

TEST_F(PreparedTest, APreparedStatementTellsItsParametersAndColumns) {
  for (const uint32_t eof : {0U, kDeprecateEof}) {
    log_in(eof);
    EXPECT_EQ(client_->command("\x16? and ?"),
              std::string_view("\0\1\0\0\0\1\0\2\0\0\0\0", 12));  // statement 1
    EXPECT_EQ(read_column_definition(client_->read())->name, "?");
    EXPECT_EQ(read_column_definition(client_->read())->name, "?");
    if (eof == 0) {
      EXPECT_EQ(client_->read(), std::string_view("\xfe\0\0\2\0", 5));
    }
    EXPECT_EQ(read_column_definition(client_->read())->name, "text");
    if (eof == 0) {
      EXPECT_EQ(client_->read(), std::string_view("\xfe\0\0\2\0", 5));
    }
    EXPECT_EQ(client_->command("\x0e")[0], '\0');
  }
}

TEST_F(PreparedTest, AStatementThatCannotBePreparedSaysWhy) {
  EXPECT_EQ(error_number(client_->command("\x16"
                                          "FAIL")),
            1146);
}

TEST_F(PreparedTest, ValuesAreBoundTimeAndAgainAndTypesAreKept) {
  const uint32_t id = prepare("hello ?");
  EXPECT_EQ(answer(execution_with(id, "world")), "hello world");
  std::string again = execution(id);
  append_u8(again, 0);
  append_u8(again, 0);  // types as before
  append_lenenc_string(again, "moon");
  EXPECT_EQ(answer(again), "hello moon");
  std::string null = execution(id);
  append_u8(null, 1);
  append_u8(null, 0);
  EXPECT_EQ(answer(null), "hello NULL");
}

TEST_F(PreparedTest, MalformedExecutionsFailAndLeaveTheConnectionWell) {
  const uint32_t id = prepare("hello ?");
  EXPECT_EQ(error_number(client_->command(numbered('\x17', id))), 1835);
  std::string untyped = execution(id);
  append_u8(untyped, 0);
  append_u8(untyped, 0);
  append_lenenc_string(untyped, "x");
  EXPECT_EQ(error_number(client_->command(untyped)), 1210);  // no types were ever given
  auto cut = execution_with(id, "world");
  cut.resize(cut.size() - 2);
  EXPECT_EQ(error_number(client_->command(cut)), 1210);
  EXPECT_EQ(error_number(client_->command(execution(id))), 1210);
  EXPECT_EQ(answer(execution_with(id, "world")), "hello world");
}

TEST_F(PreparedTest, ClosedAndUnknownStatementsAreNotThere) {
  const uint32_t id = prepare("x");
  client_->send(numbered('\x19', id));
  EXPECT_EQ(error_number(client_->command(execution(id))), 1243);
  EXPECT_EQ(error_number(client_->command(numbered('\x1a', id))), 1243);
  EXPECT_EQ(error_number(client_->command(numbered('\x1c', id) + std::string(4, '\0'))), 1243);
  const uint32_t other = prepare("y");
  EXPECT_NE(other, id);
  EXPECT_EQ(client_->command("\x1f")[0], '\0');  // COM_RESET_CONNECTION
  EXPECT_EQ(error_number(client_->command(execution(other))), 1243);
}

TEST_F(PreparedTest, LongDataComesInPiecesAndIsForgottenWhenItRan) {
  const uint32_t id = prepare("hello ?");
  const auto send_piece = [&](std::string_view piece) {
    std::string packet = numbered('\x18', id);
    append_u16(packet, 0);
    client_->send(packet + std::string(piece));
  };
  std::string packet = execution(id);
  append_u8(packet, 0);
  append_u8(packet, 1);
  append_u8(packet, kTextType);
  append_u8(packet, 0);
  send_piece("wor");
  send_piece("ld");
  EXPECT_EQ(answer(packet), "hello world");
  EXPECT_EQ(answer(packet), "error 1210");  // the value is missing now
  send_piece("moon");
  EXPECT_EQ(client_->command(numbered('\x1a', id))[0], '\0');  // COM_STMT_RESET
  EXPECT_EQ(answer(packet), "error 1210");
  for (int i = 0; i < 3; ++i) send_piece(std::string(400, 'x'));  // over max_allowed_packet
  EXPECT_EQ(answer(packet), "error 1153");
  EXPECT_EQ(answer(execution_with(id, "world")), "hello world");
}

TEST_F(PreparedTest, ACursorGivesItsRowsAsTheyAreFetched) {
  for (const uint32_t eof : {0U, kDeprecateEof}) {
    log_in(eof);
    const uint32_t id = prepare("ROWS 5");
    if (eof == 0) client_->read();
    EXPECT_EQ(client_->command(execution(id, 1)), "\x02");
    client_->read();
    client_->read();
    const std::string open(eof == 0 ? std::string("\xfe\0\0\x42\0", 5)
                                    : std::string("\xfe\0\0\x42\0\0\0", 7));
    EXPECT_EQ(client_->read(), open);
    const auto fetch = [&](uint32_t rows) {
      std::string packet = numbered('\x1c', id);
      append_u32(packet, rows);
      return packet;
    };
    client_->send(fetch(3));
    for (char i = 0; i < 3; ++i) {
      const bool null = i % 2 == 0;
      std::string row{'\0', static_cast<char>(null ? 8 : 0), i, 0, 0, 0, 0, 0, 0, 0};
      if (!null) row += "\x03odd";
      EXPECT_EQ(client_->read(), row);
    }
    EXPECT_EQ(client_->read(), open);
    EXPECT_EQ(client_->command("\x0e")[0], '\0');
    EXPECT_EQ(client_->command("\x03OK 1")[0], '\0');  // the cursor reads ahead and stays open
    client_->send(fetch(10));
    client_->read();
    client_->read();
    EXPECT_EQ(client_->read(),
              eof == 0 ? std::string("\xfe\0\0\x82\0", 5) : std::string("\xfe\0\0\x82\0\0\0", 7));
    EXPECT_EQ(client_->command(numbered('\x1a', id))[0], '\0');
    EXPECT_EQ(error_number(client_->command(fetch(1))), 1421);
  }
}

TEST_F(PreparedTest, ACursorsErrorComesWithTheRowThatIsNotThere) {
  const uint32_t id = prepare("FAIL LATE");
  EXPECT_EQ(client_->command(execution(id, 1)), "\x01");
  client_->read();
  client_->read();
  std::string fetch = numbered('\x1c', id);
  append_u32(fetch, 10);
  EXPECT_EQ(text_of(client_->command(fetch)), "FAIL LATE");
  EXPECT_EQ(error_number(client_->read()), 1366);
  EXPECT_EQ(error_number(client_->command(fetch)), 1421);
}

}  // namespace
}  // namespace millrace::serve
