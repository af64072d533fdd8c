// Mutations of the statements of tests/corpus: whatever comes of them, the lexer, the parsers, the
// translation and the write check return, and every error points into the text; a definition that
// was read is printed as a statement that means the same.
#include <array>
#include <span>

#include "base/fuzz_test.h"
#include "data/schema.h"
#include "sql/insert_target.h"
#include "sql/keywords.h"
#include "sql/other_forms.h"
#include "sql/print.h"
#include "sql/reading_test.h"
#include "sql/split.h"
#include "sql/statement_corpus_test.h"
#include "sql/system_schema.h"
#include "sql/translate.h"

namespace millrace::sql {
namespace {

constexpr int64_t kRounds = 60'000;

const std::string& any_statement(Random& random) {
  return statement_corpus()[below(random, statement_corpus().size())];
}

/// A few tokens of one of the statements, as they stand there: a clause, or half of one.
std::string any_tokens(Random& random) {
  const std::string& statement = any_statement(random);
  const auto tokens = lex(statement, {});
  if (!tokens || tokens->size() < 2) return statement;
  const size_t first = below(random, tokens->size() - 1);
  const size_t last = std::min(first + below(random, 6), tokens->size() - 2);
  return " " +
         statement.substr((*tokens)[first].begin, (*tokens)[last].end - (*tokens)[first].begin) +
         " ";
}

/// Where tokens end and begin, so that what is put there leaves the others whole.
size_t any_token_end(Random& random, const std::string& text) {
  const auto tokens = lex(text, {});
  return tokens ? (*tokens)[below(random, tokens->size())].begin : below(random, text.size() + 1);
}

/// Of tokens: what comes of it is often a statement still.
void change_tokens(Random& random, std::string& text) {
  const size_t at = any_token_end(random, text);
  switch (random() % 3) {
    case 0:
      text.insert(at, any_tokens(random));
      break;
    case 1: {
      const size_t end = std::max(at, any_token_end(random, text));
      text.erase(at, std::min<size_t>(end - at, 60));
      break;
    }
    default:
      text.replace(at, std::min<size_t>(below(random, 12), text.size() - at), any_tokens(random));
  }
}

/// Any text within quotes or backticks, which are doubled in it.
std::string quoted(Random& random, char quote) {
  static const std::vector<std::string> kParts{
      "a",        "B ", "'", "\"", "`",  "\\\\", "\\n", "\\'", "%",   "_",   "::", "\n",
      "\xc3\xa9", "{",  "1", ",",  "--", "/*",   ";",   "h/t", "\\0", "\\Z", ""};
  std::string text(1, quote);
  for (size_t parts = random() % 4; parts > 0; --parts) {
    for (const char c : kParts[below(random, kParts.size())])
      text += std::string(c == quote ? 2 : 1, c);
  }
  return text + quote;
}

/// A string, a number or a name becomes another: what comes of it is a statement nearly always.
void change_contents(Random& random, std::string& text) {
  const auto tokens = lex(text, {});
  if (!tokens) return;
  const Token token = (*tokens)[below(random, tokens->size())];
  const auto old = raw(text, token);
  std::string with;
  if (token.kind == TokenKind::kString) {
    with = quoted(random, random() % 4 == 0 ? '"' : '\'');
  } else if (token.kind == TokenKind::kNumber) {
    static const std::vector<std::string> kNumbers{
        "0",   "1",    "00",   "65536", "9223372036854775807",
        "1.5", "1e99", "1e-9", ".5",    "99999999999999999999"};
    with = kNumbers[below(random, kNumbers.size())];
  } else if (token.kind == TokenKind::kQuotedName ||
             (token.kind == TokenKind::kWord && old.size() < 3 && !is_reserved(old))) {
    static const std::vector<std::string> kNames{"none", "config", "set",   "ignore", "x", "`none`",
                                                 "True", "`null`", "lines", "`a.b`",  "é"};
    with = random() % 2 == 0 ? quoted(random, '`') : kNames[below(random, kNames.size())];
  } else {
    return;
  }
  text.replace(token.begin, old.size(), with);
}

/// What comes of it is seldom more than noise.
void change_bytes(Random& random, std::string& text) {
  static const FuzzMaterial kMaterial{
      {"'",  "\"", "`",    "(",   ")",     "[",    "]",  ",",     ";",    "@",
       "@@", "=>", "/*",   "*/",  "/*!",   "--",   "#",  ".",     "\\",   "0x",
       "x'", "b'", "NULL", "SET", "WHERE", "INTO", "AS", "MODEL", "\xff", "\xc3"},
      statement_corpus()};
  millrace::change_bytes(random, text, kMaterial);
}

std::string mutated(Random& random) {
  std::string text = any_statement(random);
  const auto change = std::array{change_contents, change_tokens, change_bytes}[random() % 3];
  for (size_t changes = 1 + below(random, 5); changes > 0; --changes) change(random, text);
  return text;
}

void expect_inside(const Error& error, std::string_view text, std::string_view of) {
  EXPECT_FALSE(error.message.empty()) << text;
  EXPECT_GE(error.position, -1) << of << ": " << text;
  EXPECT_LE(error.position, static_cast<int64_t>(text.size())) << of << ": " << text;
}

/// Without what SHOW CREATE keeps to itself.
engine::PipelineDefinition shown(engine::PipelineDefinition pipeline) {
  pipeline.source.credentials.clear();
  std::erase_if(pipeline.source.config,
                [](const auto& property) { return engine::looks_secret(property.first); });
  return pipeline;
}
engine::ModelDefinition shown(engine::ModelDefinition model) {
  return model;
}

/// What SHOW CREATE prints is read as the very same definition, and printed as the very same text.
template <class Definition, class Create, class Member>
void expect_fixed_point(const Definition& definition, std::string_view text, Member member) {
  const std::string printed = print(definition);
  const auto again = read(printed, definition.name.database);
  ASSERT_TRUE(again) << text << "\n" << printed << "\n" << again.error().to_string();
  const auto* create = std::get_if<Create>(&*again);
  ASSERT_NE(create, nullptr) << text << "\n" << printed;
  EXPECT_EQ(print(create->*member), printed) << text;
  const auto before = to_json(shown(definition));
  const auto after = to_json(create->*member);
  ASSERT_TRUE(before && after) << text;
  EXPECT_EQ(*before, *after) << text << "\n" << printed;
}

bool is_ours(std::string_view text, std::span<const Token> tokens) {
  for (size_t i = 0; i < std::min<size_t>(tokens.size(), 4); ++i) {
    const auto word = raw(text, tokens[i]);
    if (same_name(word, "PIPELINE") || same_name(word, "PIPELINES") || same_name(word, "MODEL"))
      return true;
  }
  return false;
}

/// How many statements came out well.
struct Tally {
  size_t pipelines = 0;
  size_t models = 0;
};

void try_statement(std::string_view text, Tally& tally) {
  const auto tokens = lex(text, {});
  if (!tokens) return expect_inside(tokens.error(), text, "lexer");
  TokenReader reader(text, *tokens, {});
  const auto statement = parse(reader, "db");
  if (!statement) {
    expect_inside(statement.error(), text, "parser");
    EXPECT_TRUE(!is_ours(text, *tokens) || statement.error().position >= 0)
        << text << "\n"
        << statement.error().to_string();
  } else if (const auto* model = std::get_if<CreateModel>(&*statement)) {
    ++tally.models;
    expect_fixed_point<engine::ModelDefinition, CreateModel>(model->model, text,
                                                             &CreateModel::model);
  } else if (const auto* pipeline = std::get_if<CreatePipeline>(&*statement)) {
    ++tally.pipelines;
    expect_fixed_point<engine::PipelineDefinition, CreatePipeline>(pipeline->pipeline, text,
                                                                   &CreatePipeline::pipeline);
  }
  for (const auto& form : other_forms(text, *tokens, {})) (void)lex(form, {});
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

TEST(Fuzz, EveryStatementOfTheCorpusIsRead) {
  Tally tally;
  for (const auto& statement : statement_corpus()) {
    const auto result = read(statement);
    EXPECT_TRUE(result) << statement << "\n" << (result ? "" : result.error().to_string());
    try_statement(statement, tally);
  }
  EXPECT_GT(tally.pipelines, 15U);
  EXPECT_GT(tally.models, 2U);
}

TEST(Fuzz, NothingThatIsWrittenCrashesTheReaders) {
  Random random(20261124);
  Tally tally;
  FuzzRounds rounds(kRounds);
  for (; rounds.go_on() && !testing::Test::HasFailure(); rounds.count()) {
    const std::string text = mutated(random);
    const auto pieces = split(text, {});
    if (!pieces) {
      expect_inside(pieces.error(), text, "split");
      continue;
    }
    for (const auto& piece : *pieces) {
      try_statement(std::string_view(text).substr(piece.begin, piece.end - piece.begin), tally);
    }
  }
  if (testing::Test::HasFailure()) return;
  // Enough of them still say something, or the mutations would try the first word alone.
  EXPECT_GT(tally.pipelines, static_cast<size_t>(rounds.done()) / 50);
  EXPECT_GT(tally.models, static_cast<size_t>(rounds.done()) / 500);
}

TEST(Fuzz, EveryPrefixOfAStatementReturns) {
  Tally tally;
  for (const auto& statement : statement_corpus()) {
    for (size_t end = 0; end <= statement.size(); ++end)
      try_statement(std::string_view(statement).substr(0, end), tally);
  }
}

}  // namespace
}  // namespace millrace::sql
