// Mutations of valid statements: whatever comes of them, the lexer, the parsers, the translation
// and the write check return, and every error points into the text.
#include <random>

#include "sql/insert_target.h"
#include "sql/print.h"
#include "sql/reading_test.h"
#include "sql/split.h"
#include "sql/system_schema.h"
#include "sql/translate.h"

namespace millrace::sql {
namespace {

constexpr int kRounds = 20'000;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds{
      "CREATE OR REPLACE MODEL a.m AS LinearClassifier(label => match, feature_columns => "
      "[numeric_column(x), crossed_column([r, `s t`], 64)], optimizer => Ftrl(learning_rate => "
      "-0.2e3), b => NULL, c => TRUE, d => 'it''s')",
      "CREATE PIPELINE IF NOT EXISTS p AS LOAD DATA KAFKA 'h:1/t' CONFIG '{\"a\": \"b\"}' "
      "BATCH_INTERVAL 5 TRAIN MODEL m INTO TABLE t FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY "
      "'\"' LINES STARTING BY '' TERMINATED BY '\\n' IGNORE 1 LINES NULL DEFINED BY '' (a, @b) SET "
      "c = f(@b, [1]) + 2, d = CASE a WHEN 1 THEN 2 END WHERE a <=> `b` AND c LIKE 'x\\_'",
      "START PIPELINE IF NOT RUNNING p; STOP ALL PIPELINES; DROP MODEL IF EXISTS m",
      "CREATE TABLE IF NOT EXISTS d.t (id BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, "
      "a VARCHAR(5) CHARACTER SET utf8 DEFAULT _utf8'x' COMMENT 'y', b DECIMAL(5,2)[], KEY k (a(3) "
      "DESC), CONSTRAINT c FOREIGN KEY (a) REFERENCES u (v) ON DELETE RESTRICT) ENGINE=InnoDB "
      "AUTO_INCREMENT=5",
      "SET NAMES utf8 COLLATE 'x', @a = (1, 2), @@session.sql_mode := CONCAT(@@x, ','), GLOBAL y = "
      "DEFAULT; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
      "SHOW FULL COLUMNS FROM `t` FROM d LIKE 'x%'; SHOW VARIABLES WHERE Variable_name = 'a'; DESC "
      "t",
      "/*!40101 SELECT */ COUNT(*) \"n\", a DIV b, MOD(a, 2) FROM DUAL WHERE x'4D' = 0b01 LIMIT 5, "
      "10",
      "INSERT IGNORE t VALUE (1, N'a' 'b') ON DUPLICATE KEY UPDATE a = VALUES(a) -- x\n# y\n",
      "INSERT INTO t (a, at) VALUES (NULL, 0), (f(1), ?) AS n ON DUPLICATE KEY UPDATE a = n.a",
      "SELECT a AS b, LOCATE('x', c) FROM t HAVING b IN (?, 2) ORDER BY c LIMIT ?, ?",
      "EXPLAIN (ANALYZE) DROP TABLE a, millrace.b; PREPARE p AS UPDATE ONLY t SET a = 1",
      "TRAIN MODEL m ON SELECT 1; EVALUATE MODEL a.m VERSION 3 ON WITH x AS (SELECT 1) FROM x",
      "ALTER MODEL m SET learning_rate = 0.1, linear_optimizer.beta => 1; RESTORE MODEL m TO "
      "VERSION 3; CHECK MODEL m",
      "ALTER USER 'root'@'%' IDENTIFIED WITH caching_sha2_password BY 'x'; KILL QUERY 5"};
  return kSeeds;
}

std::string mutated(std::mt19937& random) {
  const auto below = [&](size_t n) { return n == 0 ? size_t{0} : random() % n; };
  static const std::vector<std::string> kPieces{
      "'",  "\"", "`",    "(",   ")",     "[",    "]",  ",",     ";",    "@",
      "@@", "=>", "/*",   "*/",  "/*!",   "--",   "#",  ".",     "\\",   "0x",
      "x'", "b'", "NULL", "SET", "WHERE", "INTO", "AS", "MODEL", "\xff", "\xc3"};
  std::string text = seeds()[below(seeds().size())];
  for (size_t changes = 1 + below(6); changes > 0; --changes) {
    const size_t at = below(text.size() + 1);
    switch (random() % 5) {
      case 0:
        text.erase(at, below(8));
        break;
      case 1:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 2:
        text.resize(at);
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      default: {
        const std::string& other = seeds()[below(seeds().size())];
        text.insert(at, other.substr(below(other.size()), below(40)));
      }
    }
  }
  return text;
}

void expect_inside(const Error& error, std::string_view text, std::string_view of) {
  EXPECT_FALSE(error.message.empty()) << text;
  EXPECT_GE(error.position, -1) << of << ": " << text;
  EXPECT_LE(error.position, static_cast<int64_t>(text.size())) << of << ": " << text;
}

void try_statement(std::string_view text) {
  const auto tokens = lex(text, {});
  if (!tokens) return expect_inside(tokens.error(), text, "lexer");
  TokenReader reader(text, *tokens, {});
  const auto statement = parse(reader, "db");
  if (!statement) {
    expect_inside(statement.error(), text, "parser");
  } else if (const auto* model = std::get_if<CreateModel>(&*statement)) {
    EXPECT_TRUE(read(print(model->model))) << text << "\n" << print(model->model);
  } else if (const auto* pipeline = std::get_if<CreatePipeline>(&*statement)) {
    EXPECT_TRUE(read(print(pipeline->pipeline))) << text << "\n" << print(pipeline->pipeline);
  }
  const auto written = check_writes(text, *tokens, {}, "db");
  if (!written) expect_inside(written.error(), text, "write check");
  const SessionFacts facts;
  const Variables variables([](std::string_view) { return std::nullopt; });
  std::vector<size_t> empty;
  if (const auto target = insert_target(text, *tokens, {}))
    empty = empty_values(text, *tokens, {}, *target, 0);
  const auto translation = translate(text, *tokens,
                                     {.lex = {},
                                      .facts = &facts,
                                      .variables = &variables,
                                      .names_items = true,
                                      .marks = Marks::kNumbered,
                                      .defaults = empty});
  if (!translation) return expect_inside(translation.error(), text, "translation");
  for (size_t i = 0; i <= translation->sql.size(); i += 7) {
    EXPECT_LE(translation->position_of(static_cast<int64_t>(i)), static_cast<int64_t>(text.size()));
  }
}

TEST(Fuzz, NothingThatIsWrittenCrashesTheReaders) {
  std::mt19937 random(20261124);
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    const std::string text = mutated(random);
    const auto pieces = split(text, {});
    if (!pieces) {
      expect_inside(pieces.error(), text, "split");
      continue;
    }
    for (const auto& piece : *pieces) {
      try_statement(std::string_view(text).substr(piece.begin, piece.end - piece.begin));
    }
  }
}

TEST(Fuzz, EveryPrefixOfAStatementReturns) {
  for (const auto& seed : seeds()) {
    for (size_t end = 0; end <= seed.size(); ++end)
      try_statement(std::string_view(seed).substr(0, end));
  }
}

}  // namespace
}  // namespace millrace::sql
