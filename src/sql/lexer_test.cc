#include "sql/lexer.h"

#include <gtest/gtest.h>

#include "sql/quote.h"
#include "sql/split.h"

namespace millrace::sql {
namespace {

/// The tokens as "kind:text" with blanks between, or the error as "position: message".
std::string shown(std::string_view text, LexOptions options = {}) {
  constexpr std::string_view kKinds = "EWQSNHBVYO";
  const auto tokens = lex(text, options);
  if (!tokens) return std::to_string(tokens.error().position) + ": " + tokens.error().message;
  std::string result;
  for (const auto& token : *tokens) {
    if (token.kind == TokenKind::kEnd) break;
    result += result.empty() ? "" : " ";
    result += kKinds[static_cast<size_t>(token.kind)];
    result += ":" + std::string(raw(text, token));
  }
  return result;
}

std::string value(std::string_view text, LexOptions options = {}) {
  const auto tokens = lex(text, options);
  if (!tokens || tokens->size() != 2) return "not one token";
  return value_of(text, tokens->front(), options);
}

TEST(Lexer, TellsWordsNumbersAndOperatorsApart) {
  EXPECT_EQ(shown("SELECT a1,1a,$x,_y FROM é"),
            "W:SELECT W:a1 O:, W:1a O:, W:$x O:, W:_y W:FROM W:é");
  EXPECT_EQ(shown("1 1.5 .5 1. 1e3 1E-3 1e 1.5e+2"),
            "N:1 N:1.5 N:.5 N:1. N:1e3 N:1E-3 W:1e N:1.5e+2");
  EXPECT_EQ(
      shown("a=>b<=c<=>d<>e!=f||g::h->>i:=j"),
      "W:a O:=> W:b O:<= W:c O:<=> W:d O:<> W:e O:!= W:f O:|| W:g O::: W:h O:->> W:i O::= W:j");
  EXPECT_EQ(shown("t.a[1]{}"), "W:t O:. W:a O:[ N:1 O:] O:{ O:}");
  EXPECT_EQ(shown("-1"), "O:- N:1");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(" \t\r\n\f\v"), "");
}

TEST(Lexer, ReadsEveryKindOfString) {
  EXPECT_EQ(value("'it''s'"), "it's");
  EXPECT_EQ(value(R"('a\n\t\r\b\0\Z\\\'\"\%\_\x')"),
            std::string("a\n\t\r\b\0\x1a\\'\"\\%\\_x", 15));
  EXPECT_EQ(value(R"("say ""hi"" it's")"), "say \"hi\" it's");
  EXPECT_EQ(value("N'text'"), "text");
  EXPECT_EQ(value("n'text'"), "text");
  EXPECT_EQ(value("''"), "");
  EXPECT_EQ(value("'a\n-- b # c /* d'"), "a\n-- b # c /* d");
}

TEST(Lexer, ReadsQuotedNames) {
  EXPECT_EQ(shown("`a b`.`c``d`"), "Q:`a b` O:. Q:`c``d`");
  EXPECT_EQ(value("`c``d`"), "c`d");
  EXPECT_EQ(value(R"(`a\`)"), "a\\");
}

TEST(Lexer, FollowsSqlMode) {
  EXPECT_EQ(shown("\"a\"", {.ansi_quotes = true}), "Q:\"a\"");
  EXPECT_EQ(value(R"("a\n""b")", {.ansi_quotes = true}), "a\\n\"b");
  EXPECT_EQ(value(R"('a\n')", {.backslash_escapes = false}), "a\\n");
  EXPECT_EQ(shown(R"('a\' 'b')", {.backslash_escapes = false}), R"(S:'a\' S:'b')");
  EXPECT_EQ(value(R"(@'a\')", {.backslash_escapes = false}), "a\\");
  EXPECT_EQ(value(R"(@"a\n")", {.ansi_quotes = true}), "a\\n");
}

TEST(Lexer, ReadsHexAndBits) {
  EXPECT_EQ(value("x'4D79'"), "My");
  EXPECT_EQ(value("X'4d'"), "M");
  EXPECT_EQ(value("0x4D"), "M");
  EXPECT_EQ(value("0xABC"), "\x0A\xBC");
  EXPECT_EQ(value("x''"), "");
  EXPECT_EQ(value("b'0100110101'"), "\x01\x35");
  EXPECT_EQ(value("0b1"), "\x01");
  EXPECT_EQ(shown("0x4G 0b12 0x"), "W:0x4G W:0b12 W:0x");
  EXPECT_EQ(shown("x b"), "W:x W:b");
}

TEST(Lexer, ReadsVariables) {
  EXPECT_EQ(shown("@a @`b c` @'d' @\"e\" @f.g @@h @@global.i @"),
            "V:@a V:@`b c` V:@'d' V:@\"e\" V:@f.g Y:@@h Y:@@global.i O:@");
  EXPECT_EQ(value("@a"), "a");
  EXPECT_EQ(value("@`b c`"), "b c");
  EXPECT_EQ(value("@'d''s'"), "d's");
  EXPECT_EQ(value("@@global.i"), "global.i");
  EXPECT_EQ(value("@@`sql_mode`"), "sql_mode");
}

TEST(Lexer, PassesOverComments) {
  EXPECT_EQ(shown("a -- b\nc"), "W:a W:c");
  EXPECT_EQ(shown("a --\nc --"), "W:a W:c");
  EXPECT_EQ(shown("a--1"), "W:a O:- O:- N:1");
  EXPECT_EQ(shown("a # b\nc # d"), "W:a W:c");
  EXPECT_EQ(shown("a /* b ; ' */ c"), "W:a W:c");
  EXPECT_EQ(shown("a /**/ c"), "W:a W:c");
}

TEST(Lexer, ReadsWhatMysqlExecutes) {
  EXPECT_EQ(shown("/*!40101 SET a=1 */ b"), "W:SET W:a O:= N:1 W:b");
  EXPECT_EQ(shown("/*! a */"), "W:a");
  EXPECT_EQ(shown("/*M!100100 a */ b"), "W:b");
  EXPECT_EQ(shown("/*!100100 a */ b"), "W:b");
  EXPECT_EQ(shown("/*M!999999\\- enable the sandbox mode */ b"), "W:b");
  EXPECT_EQ(shown("/*!80000 'a */ b' */ c"), "S:'a */ b' W:c");
  EXPECT_EQ(shown("a */ b"), "W:a O:* O:/ W:b");
}

TEST(Lexer, TellsWhereSomethingIsNotFinished) {
  EXPECT_EQ(shown("SELECT 'a"), "7: unfinished string");
  EXPECT_EQ(shown("SELECT 'a\\'"), "7: unfinished string");
  EXPECT_EQ(shown("SELECT 'a\\"), "7: unfinished string");
  EXPECT_EQ(shown("SELECT 'a''"), "7: unfinished string");
  EXPECT_EQ(shown("SELECT \"a"), "7: unfinished string");
  EXPECT_EQ(shown("`a"), "0: unfinished name");
  EXPECT_EQ(shown("@`a"), "0: unfinished name");
  EXPECT_EQ(shown("a /* b"), "2: unfinished comment");
  EXPECT_EQ(shown("a /*! b"), "2: unfinished comment");
  EXPECT_EQ(shown("x'4G'"), "0: unfinished hex literal");
  EXPECT_EQ(shown("b'12'"), "0: unfinished bit literal");
  EXPECT_EQ(shown("a\x01"), "1: a control character stands outside of quotes");
  EXPECT_EQ(shown(std::string_view("a\0b", 3)), "1: a control character stands outside of quotes");
}

TEST(Split, CutsAtSemicolonsOutsideOfQuotes) {
  const auto cut = [](std::string_view text) {
    const auto pieces = split(text, {});
    if (!pieces) return "error: " + pieces.error().message;
    std::string result;
    for (const auto& piece : *pieces) {
      result += "[" + std::string(text.substr(piece.begin, piece.end - piece.begin)) + "]";
    }
    return result;
  };
  EXPECT_EQ(cut("a;b"), "[a][b]");
  EXPECT_EQ(cut("a;"), "[a]");
  EXPECT_EQ(cut(";;a;;"), "[a]");
  EXPECT_EQ(cut(""), "");
  EXPECT_EQ(cut(" ; -- x\n"), "");
  EXPECT_EQ(cut("a ';' \";\" `;` /* ; */ b; # ;\nc"), "[a ';' \";\" `;` /* ; */ b][ # ;\nc]");
  EXPECT_EQ(cut("/*!40101 SET a=1 */;b"), "[/*!40101 SET a=1 */][b]");
  EXPECT_EQ(cut("a; 'b"), "error: unfinished string");
}

TEST(Quote, WritesForTheStore) {
  EXPECT_EQ(quoted_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quoted_text("it's"), "'it''s'");
  EXPECT_EQ(quoted_text(std::string_view("a\0b", 3)), "('' || 'a' || chr(0) || 'b')");
  EXPECT_EQ(quoted_text(std::string_view("\0", 1)), "('' || chr(0))");
  EXPECT_EQ(quoted_bytes("M\n"), "from_hex('4D0A')");
}

TEST(Quote, WritesForMysql) {
  EXPECT_EQ(mysql_name("age"), "age");
  EXPECT_EQ(mysql_name("select"), "`select`");
  EXPECT_EQ(mysql_name("1a"), "`1a`");
  EXPECT_EQ(mysql_name("a`b"), "`a``b`");
  EXPECT_EQ(mysql_name(""), "``");
  const std::string all("a'b\\c\n\r\t\b\0\x1a%_\"", 13);
  EXPECT_EQ(value(mysql_text(all)), all);
}

}  // namespace
}  // namespace millrace::sql
