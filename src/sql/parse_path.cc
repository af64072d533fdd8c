// The paths of FORMAT JSON and FORMAT AVRO in the column list: `<- key::key DEFAULT literal`.
#include "data/schema.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

Status parse_default(TokenReader& reader, engine::FieldDefinition& field) {
  using Form = decode::Literal::Form;
  const bool negative = reader.accept("-");
  const Token& token = reader.peek();
  if (token.kind == TokenKind::kNumber) {
    field.default_value = decode::Literal{Form::kNumber, (negative ? "-" : "") + reader.value()};
  } else if (negative) {
    return reader.error("a number");
  } else if (token.kind == TokenKind::kString) {
    field.default_value = decode::Literal{Form::kText, reader.value()};
  } else if (reader.at("TRUE") || reader.at("FALSE")) {
    field.default_value = decode::Literal{Form::kBool, to_lower(reader.raw_at())};
  } else if (reader.at("NULL")) {
    field.default_value = decode::Literal{};
  } else {
    return reader.error("a literal");
  }
  reader.skip();
  return {};
}

}  // namespace

/// key::key, with a leading %:: or without; % alone is the whole document.
Status parse_path(TokenReader& reader, engine::FieldDefinition& field) {
  if (!reader.accept("%") || reader.accept("::")) {
    do {
      if (!is_name(reader.peek()) && reader.peek().kind != TokenKind::kString)
        return reader.error("a key of the document");
      field.path.push_back(reader.value());
      reader.skip();
    } while (reader.accept("::"));
  }
  if (reader.accept("DEFAULT")) return parse_default(reader, field);
  return {};
}

}  // namespace millrace::sql
