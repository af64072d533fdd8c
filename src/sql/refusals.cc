#include "sql/refusals.h"

#include "data/schema.h"
#include "sql/operands.h"

namespace millrace::sql {
namespace {

/// predict('model', row, version => v) and explain('model', row, class => n): the store does not
/// look at how an argument is called.
Status check_model_call(const TokenReader& reader) {
  const bool predicts = reader.at("predict");
  const std::string function = predicts ? "predict" : "explain";
  const std::string known = predicts ? "version" : "class";
  const Operands operands(reader.text(), reader.tokens());
  const size_t close = operands.closing(reader.index() + 1);
  int place = 0;
  int depth = 0;  // of braces
  for (size_t i = reader.index() + 2; i < close; ++i) {
    if (operands.is(i, "(") || operands.is(i, "[")) i = operands.closing(i);
    if (operands.is(i, "{")) ++depth;
    if (operands.is(i, "}")) --depth;
    if (depth > 0) continue;
    if (operands.is(i, ",")) ++place;
    if (!operands.is(i + 1, "=>") && !operands.is(i + 1, ":=")) continue;
    const Token& name = operands.at(i);
    if (!is_name(name)) continue;
    const std::string given = value_of(reader.text(), name, reader.options());
    if (same_name(given, known) && place == 2) continue;
    return reader.error_at(name.begin, Code::kInvalidArgument,
                           function + "() has no argument \"" + given + "\"",
                           "It is written " + function + "('model', row) or " + function +
                               "('model', row, " + known + " => " + (predicts ? "v" : "n") + ").");
  }
  return {};
}

/// ALTER TABLE t ADD a INT {FIRST | AFTER b}
bool places_a_column(const TokenReader& reader) {
  const size_t i = reader.index();
  const Operands operands(reader.text(), reader.tokens());
  if (!operands.is(0, "ALTER") || !operands.after_operand(i)) return false;
  const size_t behind = reader.at("FIRST") ? i + 1 : i + 2;
  return behind < operands.size() && operands.at(behind).kind == TokenKind::kEnd;
}

}  // namespace

Status check_refused(const TokenReader& reader) {
  if (reader.at("(", 1) && (reader.at("predict") || reader.at("explain")))
    return check_model_call(reader);
  if ((reader.at("FIRST") || reader.at("AFTER")) && places_a_column(reader))
    return reader.error_at(reader.position(), Code::kUnsupported,
                           std::string(reader.raw_at()) + " of a column is not supported",
                           "It becomes the last one without it; name the columns where their order "
                           "counts.");
  if (reader.at("INTO") && (reader.at("OUTFILE", 1) || reader.at("DUMPFILE", 1)))
    return reader.error_at(reader.position(), Code::kUnsupported,
                           "SELECT ... INTO " + std::string(reader.raw_at(1)) + " is not supported",
                           "Write COPY (SELECT ...) TO 'file' (FORMAT csv).");
  return {};
}

}  // namespace millrace::sql
