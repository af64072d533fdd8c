#include "base/error.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/check.h"

namespace millrace {
namespace {

constexpr std::array<CodeFacts, 29> kFacts{{
    {Code::kSyntax, "syntax", "42000", 1064, 400, Blame::kUser, false},
    {Code::kInvalidArgument, "invalid-argument", "42000", 1210, 400, Blame::kUser, false},
    {Code::kNotFound, "not-found", "42S02", 1146, 404, Blame::kUser, false},
    {Code::kMissingTopic, "missing-topic", "42S02", 1146, 404, Blame::kWorld, false},
    {Code::kUnknownDatabase, "unknown-database", "42000", 1049, 404, Blame::kUser, false},
    {Code::kUnknownColumn, "unknown-column", "42S22", 1054, 404, Blame::kUser, false},
    {Code::kUnknownVariable, "unknown-variable", "HY000", 1193, 404, Blame::kUser, false},
    {Code::kAlreadyExists, "already-exists", "42S01", 1050, 409, Blame::kUser, false},
    {Code::kTypeMismatch, "type-mismatch", "22018", 1366, 400, Blame::kUser, false},
    {Code::kOutOfRange, "out-of-range", "22003", 1690, 422, Blame::kUser, false},
    {Code::kConstraint, "constraint", "23000", 1062, 409, Blame::kUser, false},
    {Code::kUnsupported, "unsupported", "0A000", 1235, 501, Blame::kUser, false},
    {Code::kAuthentication, "authentication", "28000", 1045, 401, Blame::kUser, false},
    {Code::kPermission, "permission", "42000", 1142, 403, Blame::kUser, false},
    {Code::kDatabasePermission, "database-permission", "42000", 1044, 403, Blame::kUser, false},
    {Code::kAdminPermission, "admin-permission", "42000", 1227, 403, Blame::kUser, false},
    {Code::kAccount, "account", "HY000", 1396, 409, Blame::kUser, false},
    {Code::kLimit, "limit", "42000", 1226, 429, Blame::kUser, false},
    {Code::kFile, "file", "HY000", 1, 422, Blame::kUser, false},
    {Code::kWrongState, "wrong-state", "HY000", 1192, 409, Blame::kUser, false},
    {Code::kCancelled, "cancelled", "70100", 1317, 499, Blame::kUser, false},
    {Code::kUnavailable, "unavailable", "08S01", 1158, 503, Blame::kWorld, true},
    {Code::kTimeout, "timeout", "HY000", 1205, 504, Blame::kWorld, true},
    {Code::kResourceExhausted, "resource-exhausted", "53000", 1021, 507, Blame::kWorld, true},
    {Code::kConflict, "conflict", "40001", 1213, 409, Blame::kWorld, true},
    {Code::kDataLoss, "data-loss", "HY000", 1030, 500, Blame::kWorld, false},
    {Code::kCorruptRow, "corrupt-row", "22000", 1366, 422, Blame::kUser, false},
    {Code::kTransform, "transform", "HY000", 1296, 502, Blame::kUser, true},
    {Code::kInternal, "internal", "XX000", 1105, 500, Blame::kOurs, false},
}};

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Levenshtein's distance with transpositions counted as one, case ignored.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

const CodeFacts& facts(Code code) {
  const auto& row = kFacts[static_cast<size_t>(code)];
  CHECK(row.code == code, "the code table is in the order of the enum");
  return row;
}

std::string Error::to_string() const {
  std::string text = message;
  for (const std::string* part : {&detail, &hint}) {
    if (part->empty()) continue;
    text += text.empty() || text.back() == '.' || text.back() == '?' ? " " : ". ";
    text += *part;
  }
  return text;
}

Error Error::within(std::string_view context) && {
  message = std::string(context) + ": " + message;
  return std::move(*this);
}

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : known) {
    const size_t longer = std::max(word.size(), candidate.size());
    const size_t shorter = std::min(word.size(), candidate.size());
    // Never nearer than that; without it a word of a megabyte would take seconds.
    if (longer - shorter >= best_distance) continue;
    const size_t distance = edit_distance(word, candidate);
    // Words that share nothing are not near, however short.
    if (distance < best_distance && distance < longer) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto near = nearest_word(word, known);
  return near.empty() ? std::string() : "Did you mean " + std::string(near) + "?";
}

std::string did_you_mean_or_all(std::string_view word, const std::vector<std::string_view>& known) {
  std::string hint = did_you_mean(word, known);
  if (!hint.empty() || known.empty()) return hint;
  hint = known.size() == 1 ? "There is only" : "There are";
  for (size_t i = 0; i < known.size(); ++i) {
    hint += i == 0 ? " " : (i + 1 == known.size() ? " and " : ", ");
    hint += known[i];
  }
  return hint + ".";
}

}  // namespace millrace
