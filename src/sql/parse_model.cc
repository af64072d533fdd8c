// CREATE MODEL and DROP MODEL: the tree of arguments. What the names mean is checked by features/
// and estimator/, through the engine.
#include "data/utf8.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

/// Deeper nesting than any feature column needs, and shallower than the stack.
constexpr int kDepthMax = 32;
constexpr size_t kItemsMax = 1 << 20;

Result<Argument> parse_value(TokenReader& reader, int depth);

/// name => value, or a value. Behind the last item stands `close`, which is taken.
Result<std::vector<Argument>> parse_items(TokenReader& reader, std::string_view close, int depth) {
  std::vector<Argument> items;
  if (reader.accept(close)) return items;
  do {
    if (reader.at(close)) break;  // a comma may stand behind the last one, as in Python
    std::string name;
    if (is_name(reader.peek()) && reader.at("=>", 1)) {
      name = reader.value();
      reader.seek(reader.index() + 2);
    } else if (is_name(reader.peek()) && (reader.at("=", 1) || reader.at(":", 1))) {
      reader.skip();
      Error error = reader.error("=>");
      error.hint = "An argument is written name => value.";
      return error;
    }
    TRY(Argument item, parse_value(reader, depth));
    item.name = std::move(name);
    items.push_back(std::move(item));
    if (items.size() > kItemsMax) {
      return reader.error_at(reader.position(), Code::kResourceExhausted,
                             "a list has at most " + std::to_string(kItemsMax) + " items");
    }
  } while (reader.accept(","));
  if (!reader.accept(close)) return reader.error("\",\" or \"" + std::string(close) + "\"");
  return items;
}

Result<Argument> parse_number(TokenReader& reader) {
  Argument result;
  result.position = reader.position();
  result.form = Argument::Form::kNumber;
  if (reader.at("-") || reader.at("+")) {
    if (reader.at("-")) result.text = "-";
    reader.skip();
  }
  if (reader.peek().kind != TokenKind::kNumber) return reader.error("a number");
  result.text += reader.raw_at();
  reader.skip();
  return result;
}

Result<Argument> parse_word(TokenReader& reader, int depth) {
  Argument result;
  result.position = reader.position();
  const bool bare = reader.peek().kind == TokenKind::kWord;
  if (bare && (reader.at("TRUE") || reader.at("FALSE"))) {
    result.form = Argument::Form::kBool;
    result.text = reader.at("TRUE") ? "true" : "false";
    reader.skip();
    return result;
  }
  if (bare && (reader.at("NULL") || reader.at("NONE"))) {
    result.form = Argument::Form::kNull;
    reader.skip();
    return result;
  }
  TRY(result.text, reader.name("a value"));
  if (!reader.accept("(")) {
    result.form = Argument::Form::kName;
    return result;
  }
  result.form = Argument::Form::kCall;
  TRY(result.items, parse_items(reader, ")", depth + 1));
  return result;
}

Result<Argument> parse_value(TokenReader& reader, int depth) {
  if (depth > kDepthMax) {
    return reader.error_at(reader.position(), Code::kInvalidArgument,
                           "arguments are nested more than " + std::to_string(kDepthMax) + " deep");
  }
  const Token& token = reader.peek();
  if (token.kind == TokenKind::kNumber || reader.at("-") || reader.at("+")) {
    return parse_number(reader);
  }
  if (is_name(token)) return parse_word(reader, depth);
  Argument result;
  result.position = reader.position();
  if (token.kind == TokenKind::kString) {
    result.form = Argument::Form::kString;
    TRY(result.text, reader.string("a string"));
    return result;
  }
  if (reader.accept("[")) {
    result.form = Argument::Form::kList;
    TRY(result.items, parse_items(reader, "]", depth + 1));
    return result;
  }
  return reader.error("a value");
}

}  // namespace

Result<Argument> parse_call(TokenReader& reader) {
  if (!is_name(reader.peek())) return reader.error("an estimator");
  if (!reader.at("(", 1)) {
    reader.skip();
    return reader.error("\"(\"");
  }
  return parse_word(reader, 0);
}

Result<Argument> parse_argument(TokenReader& reader) {
  return parse_value(reader, 0);
}

Status check_utf8(const TokenReader& reader) {
  if (is_utf8(reader.text())) return {};
  size_t wrong = 0;  // the first token that is not
  for (const auto& token : reader.tokens()) {
    if (!is_utf8(raw(reader.text(), token))) break;
    ++wrong;
  }
  const auto& tokens = reader.tokens();
  return reader.error_at(wrong < tokens.size() ? tokens[wrong].begin : 0, Code::kInvalidArgument,
                         "the statement is not UTF-8");
}

Result<engine::Existing> parse_existing(TokenReader& reader, bool or_replace) {
  const int64_t position = reader.position();
  if (!reader.accept({"IF", "NOT", "EXISTS"})) {
    return or_replace ? engine::Existing::kReplace : engine::Existing::kFail;
  }
  if (or_replace) {
    return reader.error_at(position, Code::kSyntax,
                           "OR REPLACE and IF NOT EXISTS cannot stand together");
  }
  return engine::Existing::kKeep;
}

engine::Absent parse_absent(TokenReader& reader) {
  return reader.accept({"IF", "EXISTS"}) ? engine::Absent::kIgnore : engine::Absent::kFail;
}

Result<Statement> parse_create_model(TokenReader& reader, const std::string& database,
                                     bool or_replace) {
  TRY_OK(check_utf8(reader));
  CreateModel result;
  TRY(result.existing, parse_existing(reader, or_replace));
  TRY(result.model.name, reader.object_name("the model's name", database));
  if (reader.at("FROM")) return reader.unsupported("CREATE MODEL ... FROM SAVED_MODEL");
  TRY_OK(reader.expect("AS"));
  TRY(result.model.estimator, parse_call(reader));
  TRY_OK(reader.expect_end());
  return result;
}

Result<Statement> parse_drop_model(TokenReader& reader, const std::string& database) {
  DropModel result;
  result.absent = parse_absent(reader);
  TRY(result.name, reader.object_name("the model's name", database));
  TRY_OK(reader.expect_end());
  return result;
}

}  // namespace millrace::sql
