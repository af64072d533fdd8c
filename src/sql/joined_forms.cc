#include "sql/joined_forms.h"

#include <optional>
#include <utility>

#include "data/schema.h"
#include "sql/keywords.h"
#include "sql/operands.h"

namespace millrace::sql {
namespace {

/// A table behind UPDATE, FROM or USING: as it is written, and what it is called there.
struct Reference {
  std::string table;
  std::string name;
};

class Joined {
 public:
  explicit Joined(TokenReader& reader) : reader_(reader), at_(reader.text(), reader.tokens()) {}

  std::vector<std::string> update();
  std::vector<std::string> remove();

 private:
  std::string between(size_t begin, size_t end) const {
    if (begin >= end) return {};
    return std::string(
        reader_.text().substr(at_.at(begin).begin, at_.at(end - 1).end - at_.at(begin).begin));
  }
  std::string value(size_t i) const {
    return value_of(reader_.text(), at_.at(i), reader_.options());
  }
  /// The first of these words from `i` on that stands in no parentheses; the statement's end.
  size_t find(size_t i, std::initializer_list<std::string_view> words) const;
  bool is_joined(size_t begin, size_t end) const;
  std::vector<Reference> references(size_t begin, size_t end) const;
  std::optional<Reference> target(const std::vector<Reference>& references,
                                  const std::string& name) const;
  std::string rows(size_t from, size_t from_end, size_t where) const;

  TokenReader& reader_;
  const Operands at_;
};

size_t Joined::find(size_t i, std::initializer_list<std::string_view> words) const {
  for (; at_.at(i).kind != TokenKind::kEnd; ++i) {
    if (at_.is(i, "(")) i = at_.closing(i);
    if (at_.is_any(i, words)) return i;
  }
  return i;
}

bool Joined::is_joined(size_t begin, size_t end) const {
  return find(begin, {",", "JOIN"}) < end;
}

/// `t`, `d.t`, `t AS a` and `t a`, behind the begin, a comma and JOIN.
std::vector<Reference> Joined::references(size_t begin, size_t end) const {
  std::vector<Reference> found;
  for (size_t i = begin; i < end; i = find(i, {",", "JOIN"}) + 1) {
    if (!is_name(at_.at(i))) continue;
    const size_t table = i++;
    if (at_.is(i, ".")) i += 2;
    Reference reference{between(table, i), value(i - 1)};
    if (at_.is(i, "AS")) ++i;
    const bool bare = at_.at(i).kind == TokenKind::kWord;
    const bool clause = bare && (is_reserved(at_.raw_at(i)) || at_.is(i, "USE") ||
                                 at_.is(i, "FORCE") || at_.is(i, "IGNORE"));
    if (i < end && is_name(at_.at(i)) && !clause) reference.name = value(i);
    found.push_back(std::move(reference));
  }
  return found;
}

std::optional<Reference> Joined::target(const std::vector<Reference>& references,
                                        const std::string& name) const {
  for (const auto& reference : references)
    if (same_name(reference.name, name)) return reference;
  return std::nullopt;
}

/// FROM ... [WHERE ...] of the query that chooses the rows.
std::string Joined::rows(size_t from, size_t from_end, size_t where) const {
  const size_t end = at_.size() - 1;
  return " FROM " + between(from, from_end) + (where < end ? " " + between(where, end) : "");
}

/// Of several rows that are joined to one, one counts.
std::vector<std::string> Joined::update() {
  const size_t set = find(1, {"SET"});
  const size_t where = find(set, {"WHERE"});
  if (at_.at(set).kind == TokenKind::kEnd || !is_joined(1, set)) return {};
  if (at_.at(find(set, {"ORDER", "LIMIT"})).kind != TokenKind::kEnd) return {};
  const auto tables = references(1, set);
  if (tables.empty()) return {};
  std::string name;  // of the table that is changed
  std::string assigned;
  std::string values;
  for (size_t i = set + 1; i < where; ++i) {
    const size_t end = std::min(find(i, {","}), where);
    const size_t equals = at_.is(i + 1, ".") ? i + 3 : i + 1;
    if (!is_name(at_.at(equals - 1)) || !at_.is(equals, "=")) return {};
    const std::string of = equals == i + 1 ? tables.front().name : value(i);
    if (!name.empty() && !same_name(name, of)) return {};
    name = of;
    const std::string column = "value_" + std::to_string(i);
    assigned +=
        (assigned.empty() ? "" : ", ") + between(equals - 1, equals) + " = chosen." + column;
    values += ", (" + between(equals + 1, end) + ") AS " + column;
    i = end;
  }
  const auto changed = target(tables, name);
  if (!changed) return {};
  return {"UPDATE " + changed->table + " AS changed SET " + assigned +
          " FROM (SELECT DISTINCT ON (" + "chosen_row) `" + changed->name +
          "`.rowid AS chosen_row" + values + rows(1, set, where) +
          ") AS chosen WHERE changed.rowid = chosen.chosen_row"};
}

/// DELETE t FROM ..., DELETE FROM t USING ..., with t or t.*
std::vector<std::string> Joined::remove() {
  const bool behind = at_.is(1, "FROM");
  const size_t named = behind ? 2 : 1;
  if (!is_name(at_.at(named))) return {};
  size_t from = named + 1;
  if (at_.is(from, ".") && at_.is(from + 1, "*")) from += 2;
  if (!at_.is(from, behind ? "USING" : "FROM")) return {};
  const size_t where = find(from, {"WHERE"});
  const auto changed = target(references(from + 1, where), value(named));
  if (!changed) return {};
  return {"DELETE FROM " + changed->table + " WHERE rowid IN (SELECT `" + changed->name +
          "`.rowid" + rows(from + 1, where, where) + ")"};
}

}  // namespace

std::vector<std::string> joined_forms(TokenReader& reader) {
  Joined joined(reader);
  return reader.at("UPDATE") ? joined.update() : joined.remove();
}

}  // namespace millrace::sql
