#include "sql/audit.h"

namespace millrace::sql {
namespace {

constexpr size_t kStatementBytesMax = 4096;

template <class... Kinds>
bool is_any_of(const Statement& statement) {
  return (std::holds_alternative<Kinds>(statement) || ...);
}

}  // namespace

std::string_view audit_kind(const Statement& statement, bool changes_schema) {
  if (is_any_of<CreateUser, AlterUser, DropUser, GrantRights, SetPassword, CreateToken, DropToken>(
          statement))
    return "users";
  const bool defines =
      is_any_of<CreateModel, DropModel, AlterModel, RestoreModel, ExportModel, CreatePipeline,
                DropPipeline, AlterPipeline, RunPipeline, DetachPipeline, ExtractPipeline,
                CreateDatabase, DropDatabase, CreateTable>(statement);
  return defines || changes_schema ? "ddl" : "";
}

std::string without_values(std::string_view text, std::span<const Token> tokens) {
  std::string result;
  size_t end = 0;
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kEnd) break;
    if (result.size() > kStatementBytesMax) return result + " ...";
    if (token.begin > end && !result.empty()) result += ' ';
    const bool value = token.kind == TokenKind::kString || token.kind == TokenKind::kHex ||
                       token.kind == TokenKind::kBits;
    result += value ? std::string_view("'?'") : raw(text, token).substr(0, kStatementBytesMax);
    end = token.end;
  }
  return result;
}

}  // namespace millrace::sql
