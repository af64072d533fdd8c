// The expressions of SET and WHERE in CREATE PIPELINE: a run of tokens, its text in MySQL's words
// for SHOW CREATE, the same as the store's SQL, and the names that it reads.
#include <algorithm>

#include "data/schema.h"
#include "decode/message_columns.h"
#include "sql/keywords.h"
#include "sql/parse.h"
#include "sql/quote.h"
#include "sql/translate.h"

namespace millrace::sql {
namespace {

constexpr size_t kTokensMax = 100'000;

/// Bare and quoted names that may be columns, and @variables. A superset: the names of types and
/// units cannot always be told from columns.
std::vector<std::string> names_read(std::string_view text, std::span<const Token> tokens,
                                    LexOptions options) {
  std::vector<std::string> reads;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const auto next = i + 1 < tokens.size() ? raw(text, tokens[i + 1]) : std::string_view();
    const auto before = i > 0 ? raw(text, tokens[i - 1]) : std::string_view();
    std::string name;
    if (token.kind == TokenKind::kVariable) {
      name = "@" + value_of(text, token, options);
    } else if (is_name(token)) {
      if (token.kind == TokenKind::kWord && is_reserved(raw(text, token))) continue;
      // A function, a member, a type, or a unit behind its number. Behind a bare word it may be a
      // column all the same: a MOD b.
      if (next == "(" || before == "." || before == "::") continue;
      if (i > 0 && tokens[i - 1].kind == TokenKind::kWord) {
        if (same_name(before, "AS")) continue;
      } else if (i > 0 && ends_operand(text, tokens[i - 1])) {
        continue;
      }
      if (i + 1 < tokens.size() && tokens[i + 1].kind == TokenKind::kString) continue;
      name = value_of(text, token, options);
    } else {
      continue;
    }
    if (std::find(reads.begin(), reads.end(), name) == reads.end()) reads.push_back(name);
  }
  return reads;
}

/// Whether a blank goes between token i and the one before: where there was one, or a comment; and
/// where the two could become one when they are written anew: || may become OR, two minus signs
/// before a line's end begin a comment, and N before a string is a part of it.
bool is_apart(std::string_view text, std::span<const Token> tokens, size_t i) {
  if (i == 0) return false;
  const Token& before = tokens[i - 1];
  return tokens[i].begin != before.end || raw(text, tokens[i]) == "||" ||
         raw(text, before) == "||" || (raw(text, tokens[i]) == "-" && raw(text, before) == "-") ||
         (tokens[i].kind == TokenKind::kString && before.kind == TokenKind::kWord);
}

/// The tokens as MySQL's default lexis writes them, whatever sql_mode they were read in.
std::string text_of(std::string_view text, std::span<const Token> tokens, LexOptions options) {
  std::string result;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is_apart(text, tokens, i)) result += ' ';
    switch (tokens[i].kind) {
      case TokenKind::kString:
        result += mysql_text(value_of(text, tokens[i], options));
        break;
      case TokenKind::kQuotedName:
        result += backticked(value_of(text, tokens[i], options));
        break;
      default: {
        const auto token = raw(text, tokens[i]);
        result += token == "||" && !options.pipes_as_concat ? "OR" : token;
      }
    }
  }
  return result;
}

/// The facts of messages that functions stand for, as the columns that hold them.
Result<std::string> with_message_facts(const TokenReader& reader, std::span<const Token> tokens) {
  const auto text = reader.text();
  const auto is = [&](size_t i, std::string_view word) {
    return i < tokens.size() && same_name(raw(text, tokens[i]), word);
  };
  std::string rewritten;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is_apart(text, tokens, i)) rewritten += ' ';
    const bool called = is(i + 1, "(") && is(i + 2, ")");
    if (called && (is(i, "pipeline_source_file") || is(i, "pipeline_batch_id"))) {
      rewritten += is(i, "pipeline_batch_id") ? "@`:batch`" : "@`:file`";
      i += 2;
      continue;
    }
    if (!is(i, "get_kafka_pipeline_prop") || !is(i + 1, "(")) {
      rewritten += raw(text, tokens[i]);
      continue;
    }
    const bool one =
        i + 3 < tokens.size() && tokens[i + 2].kind == TokenKind::kString && is(i + 3, ")");
    const std::string name = one ? to_lower(value_of(text, tokens[i + 2], reader.options())) : "";
    std::vector<std::string_view> known;
    std::string_view column;
    for (const auto& fact : decode::message_facts()) {
      if (!fact.name.starts_with("prop_")) continue;
      known.push_back(fact.name);
      if (fact.name == name || fact.name == "prop_" + name) column = fact.column;
    }
    if (column.empty())
      return reader.error_at(tokens[i].begin, Code::kInvalidArgument,
                             "get_kafka_pipeline_prop knows no \"" + name + "\"",
                             one ? did_you_mean(name, known)
                                 : "It is written get_kafka_pipeline_prop('prop_offset').");
    rewritten += "@`" + std::string(column.substr(1)) + "`";
    i += 3;
  }
  return rewritten;
}

}  // namespace

Result<engine::Expression> parse_expression(TokenReader& reader, bool (*ends)(const TokenReader&),
                                            ExpressionOf of) {
  const size_t begin = reader.index();
  int depth = 0;
  for (; !reader.done(); reader.skip()) {
    if (depth == 0 && ends(reader)) break;
    if (reader.at("(") || reader.at("[") || reader.at("{")) ++depth;
    if (reader.at(")") || reader.at("]") || reader.at("}")) --depth;
    if (depth < 0) return reader.error("an expression");
    if (reader.index() - begin > kTokensMax) {
      return reader.error_at(reader.position(), Code::kResourceExhausted,
                             "an expression has at most " + std::to_string(kTokensMax) + " tokens");
    }
  }
  if (depth > 0) return reader.error("\")\"");
  if (reader.index() == begin) return reader.error("an expression");
  const auto tokens = reader.tokens().subspan(begin, reader.index() - begin);
  engine::Expression result;
  result.text = text_of(reader.text(), tokens, reader.options());
  TRY(const std::string rewritten, with_message_facts(reader, tokens));
  TRY(auto read, lex(rewritten, reader.options()));
  read.pop_back();  // the end
  TRY(Translation translation,
      translate(rewritten, read,
                {.lex = reader.options(), .updates_duplicate = of == ExpressionOf::kDuplicate}));
  result.sql = std::move(translation.sql);
  result.reads = names_read(rewritten, read, reader.options());
  return result;
}

}  // namespace millrace::sql
