#include "store/duckdb_error.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "data/schema.h"

namespace millrace::store {
namespace {

struct ExceptionKind {
  std::string_view name;  // DuckDB's exception type
  Code code;
};

// DuckDB's exception types by name (src/common/exception.cpp there), since a failed prepare tells
// no more than this name.
constexpr std::array<ExceptionKind, 35> kExceptionKinds{{
    {"Parser", Code::kSyntax},
    {"Syntax", Code::kSyntax},
    {"Binder", Code::kInvalidArgument},
    {"Planner", Code::kInvalidArgument},
    {"Catalog", Code::kNotFound},
    {"Expression", Code::kInvalidArgument},
    {"Conversion", Code::kTypeMismatch},
    {"Mismatch Type", Code::kTypeMismatch},
    {"Invalid type", Code::kTypeMismatch},
    {"Unknown Type", Code::kTypeMismatch},
    {"Out of Range", Code::kTypeMismatch},
    {"Decimal", Code::kTypeMismatch},
    {"Divide by Zero", Code::kTypeMismatch},
    {"Invalid Input", Code::kTypeMismatch},
    {"Object Size", Code::kTypeMismatch},
    {"Executor", Code::kTypeMismatch},
    {"Constraint", Code::kConstraint},
    {"Index", Code::kConstraint},
    {"Not implemented", Code::kUnsupported},
    {"Missing Extension", Code::kUnsupported},
    {"Extension Autoloading", Code::kUnsupported},
    {"Settings", Code::kInvalidArgument},
    {"Invalid Configuration", Code::kInvalidArgument},
    {"Parameter Not Resolved", Code::kInvalidArgument},
    {"Parameter Not Allowed", Code::kInvalidArgument},
    {"Dependency", Code::kWrongState},
    {"Permission", Code::kPermission},
    {"INTERRUPT", Code::kCancelled},
    {"Out of Memory", Code::kResourceExhausted},
    {"Sequence", Code::kTypeMismatch},
    {"IO", Code::kUnavailable},
    {"HTTP", Code::kUnavailable},
    {"Network", Code::kUnavailable},
    {"Serialization", Code::kDataLoss},
    {"Connection", Code::kUnavailable},
}};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// What can only be told from the words. A user's own text may be quoted in a message, so each is
/// looked for only in the kinds of errors that say it.
Code code_of(std::string_view kind, std::string_view subtype, std::string_view message) {
  const bool names = kind == "Catalog" || kind == "Binder";
  if (names && subtype == "COLUMN_NOT_FOUND") return Code::kUnknownColumn;
  if (names && contains(message, "does not exist")) return Code::kNotFound;
  if (kind == "Catalog" && contains(message, "already exists")) return Code::kAlreadyExists;
  if (kind == "Catalog" && contains(message, "write-write conflict")) return Code::kConflict;
  if (names && contains(message, "system catalog")) return Code::kPermission;
  if (kind == "TransactionContext") {
    // Anything else about a transaction is two of them that met.
    const bool state = contains(message, "is aborted") || contains(message, "no transaction") ||
                       contains(message, "within a transaction");
    return state ? Code::kWrongState : Code::kConflict;
  }
  if (kind == "IO" || kind == "FATAL") {
    const bool full = contains(message, "No space left") || contains(message, "File too large") ||
                      contains(message, "Disk quota");
    if (full) return Code::kResourceExhausted;
    if (contains(message, "orrupt") || contains(message, "checksum")) return Code::kDataLoss;
  }
  if (kind == "Conversion" && contains(message, "Unimplemented")) return Code::kUnsupported;
  for (const auto& one : kExceptionKinds) {
    if (same_name(one.name, kind)) return one.code;
  }
  return Code::kInternal;
}

/// Of DuckDB's inside, or of its own pages.
constexpr auto kOwnWords = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"STRING_LITERAL", "a text"},
    {"INTEGER_LITERAL", "a number"},
    {". If this is an unexpected constraint violation, please refer to our foreign key limitations "
     "in the documentation",
     ""},
});

/// DuckDB's sentence as a message of ours: one line, no full stop, a small letter first unless the
/// first word is a name (all capitals, or quoted).
std::string in_our_words(std::string_view text) {
  std::string message(text.substr(0, text.find('\n')));
  for (const auto& [theirs, ours] : kOwnWords) {
    for (auto at = message.find(theirs); at != std::string::npos; at = message.find(theirs, at))
      message.replace(at, theirs.size(), ours);
  }
  while (!message.empty() && (message.back() == '!' || message.back() == '.' ||
                              message.back() == ' ' || message.back() == ':'))
    message.pop_back();
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool sentence = message.size() > 1 && is_capital(message[0]) && !is_capital(message[1]);
  if (sentence) message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

/// The lines after the first: a detail, without the "LINE 1: ... ^" excerpt.
std::string rest_of(std::string_view text) {
  std::string rest;
  for (auto at = text.find('\n'); at != std::string_view::npos;) {
    const auto next = text.find('\n', at + 1);
    const auto line = text.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
    at = next;
    if (line.empty()) continue;
    if (line.starts_with("LINE ")) break;
    // Candidates stand behind tabs, dozens of them.
    const bool named =
        line.starts_with("Candidate") || line.starts_with("\t") || line.starts_with("Did you mean");
    if (named) continue;
    rest += (rest.empty() ? "" : " ") + std::string(line);
  }
  return rest;
}

/// A name of the store's inside, which nobody meant.
bool is_inner(std::string_view candidate) {
  candidate.remove_prefix(
      candidate.rfind('.') == std::string_view::npos ? 0 : candidate.rfind('.') + 1);
  if (candidate.starts_with('"')) candidate.remove_prefix(1);
  return candidate.starts_with("pg_") || candidate.starts_with("duckdb_") ||
         candidate.starts_with("sqlite_") || candidate.starts_with("pragma_");
}

std::string hint_of(std::string_view name, std::string_view candidates, std::string_view message) {
  if (!candidates.empty()) {
    std::vector<std::string_view> known;
    for (size_t at = 0; at <= candidates.size();) {
      const auto end = std::min(candidates.find(',', at), candidates.size());
      auto word = candidates.substr(at, end - at);
      while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
      if (!word.empty() && !is_inner(word)) known.push_back(word);
      at = end + 1;
    }
    // The store ranks its candidates; ours only says whether the first is near enough to suggest.
    auto hint = did_you_mean(name, known);
    if (hint.empty() && !known.empty() && contains(message, "Did you mean"))
      hint = "Did you mean " + std::string(known.front()) + "?";
    return hint;
  }
  const auto at = message.find("Did you mean");
  if (at == std::string_view::npos) return {};
  const auto hint = message.substr(at, message.find('\n', at) - at);
  const auto quote = hint.find('"');
  const bool inner = quote != std::string_view::npos && is_inner(hint.substr(quote + 1));
  return inner ? std::string() : std::string(hint);
}

Code next(Code code) {
  return static_cast<Code>(static_cast<uint8_t>(code) + 1);
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Not JSON at its start: that DuckDB would take for an error of its own.
constexpr std::string_view kCarried = "an error of millrace: ";

std::optional<Error> carried_error(std::string_view text) {
  const auto at = text.find(kCarried);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + kCarried.size());
  const auto inner = nlohmann::json::parse(text.substr(0, text.find('\n')), nullptr, false);
  if (!inner.is_object()) return std::nullopt;
  Error error;
  const std::string code = text_of(inner, "code");
  for (auto one = Code::kSyntax; one < Code::kInternal; one = next(one)) {
    if (facts(one).name == code) error.code = one;
  }
  error.message = text_of(inner, "message");
  error.detail = text_of(inner, "detail");
  error.hint = text_of(inner, "hint");
  return error;
}

Error error_of_json(const nlohmann::json& object) {
  const std::string kind = text_of(object, "exception_type");
  const std::string text = text_of(object, "exception_message");
  if (auto ours = carried_error(text)) return std::move(*ours);
  const std::string subtype = text_of(object, "error_subtype");
  const std::string name = text_of(object, "name");
  Error error(code_of(kind, subtype, text), in_our_words(text));
  error.detail = rest_of(text);
  error.hint = hint_of(name, text_of(object, "candidates"), text);
  if (subtype == "COLUMN_NOT_FOUND" && !name.empty())
    error.message = "column \"" + name + "\" does not exist";
  const std::string type = text_of(object, "type");
  if (subtype == "MISSING_ENTRY" && !name.empty() && !type.empty())
    error.message = to_lower(type) + " \"" + name + "\" does not exist";
  const std::string position = text_of(object, "position");
  int64_t at = -1;
  const auto parsed = std::from_chars(position.data(), position.data() + position.size(), at);
  if (parsed.ec == std::errc()) error.position = at;
  return error;
}

}  // namespace

Error error_of(const char* text) {
  return error_of(std::string_view(text ? text : "unknown error"));
}

std::string carried(const Error& error) {
  const nlohmann::json inner{{"code", facts(error.code).name},
                             {"message", error.message},
                             {"detail", error.detail},
                             {"hint", error.hint}};
  // A name in a message may be any bytes: what is no UTF-8 is replaced.
  return std::string(kCarried) +
         inner.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Error error_of(std::string_view text) {
  const auto brace = text.find("{\"exception_type\"");
  if (brace != std::string_view::npos) {
    const auto object = nlohmann::json::parse(text.substr(brace), nullptr, false);
    if (object.is_object()) return error_of_json(object);
  }
  if (auto ours = carried_error(text)) return std::move(*ours);
  std::string_view kind = "Invalid Input";
  const auto prefix = text.find(" Error: ");
  if (prefix != std::string_view::npos && prefix < 32) {
    kind = text.substr(0, prefix);
    text.remove_prefix(prefix + 8);
  }
  Error error(code_of(kind, {}, text), in_our_words(text));
  error.detail = rest_of(text);
  error.hint = hint_of({}, {}, text);
  return error;
}

bool is_of_rows(const Error& error) {
  return error.code == Code::kTypeMismatch || error.code == Code::kConstraint ||
         error.code == Code::kCorruptRow;
}

}  // namespace millrace::store
