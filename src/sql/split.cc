#include "sql/split.h"

namespace millrace::sql {

Result<std::vector<Piece>> split(std::string_view text, LexOptions options) {
  if (text.size() > kTextBytesMax) {
    return Error(Code::kResourceExhausted, "the text is longer than 1 GiB");
  }
  std::vector<Piece> pieces;
  Lexer lexer(text, options);
  size_t begin = 0;
  bool empty = true;
  while (true) {
    TRY(const Token token, lexer.next());
    const bool last = token.kind == TokenKind::kEnd;
    if (last || (token.kind == TokenKind::kOperator && raw(text, token) == ";")) {
      if (!empty) pieces.push_back({begin, token.begin});
      if (last) return pieces;
      begin = token.end;
      empty = true;
    } else {
      empty = false;
    }
  }
}

}  // namespace millrace::sql
