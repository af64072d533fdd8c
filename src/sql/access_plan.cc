// The plan of a statement, as EXPLAIN (FORMAT JSON) gives it before anything is optimized away.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/schema.h"
#include "sql/access.h"
#include "sql/quote.h"
#include "sql/system_schema.h"

namespace millrace::sql {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kCatalog = "__millrace";

/// Operators that read nothing but what is below them.
constexpr auto kPlanOperators = std::to_array<std::string_view>({"CHUNK_GET",
                                                                 "COLUMN_DATA_GET",
                                                                 "COLUMN_DATA_SCAN",
                                                                 "DELIM_GET",
                                                                 "EMPTY_RESULT",
                                                                 "EXPRESSION_GET",
                                                                 "ANY_JOIN",
                                                                 "ASOF_JOIN",
                                                                 "DEPENDENT_JOIN",
                                                                 "COMPARISON_JOIN",
                                                                 "DELIM_JOIN",
                                                                 "PROJECTION",
                                                                 "FILTER",
                                                                 "AGGREGATE",
                                                                 "WINDOW",
                                                                 "UNNEST",
                                                                 "LIMIT",
                                                                 "ORDER_BY",
                                                                 "TOP_N",
                                                                 "SAMPLE",
                                                                 "JOIN",
                                                                 "CROSS_PRODUCT",
                                                                 "POSITIONAL_JOIN",
                                                                 "UNION",
                                                                 "EXCEPT",
                                                                 "INTERSECT",
                                                                 "DISTINCT",
                                                                 "DUMMY_SCAN",
                                                                 "REC_CTE",
                                                                 "CTE",
                                                                 "CTE_SCAN",
                                                                 "CTE_REF",
                                                                 "PIVOT",
                                                                 "EXPLAIN",
                                                                 "MATERIALIZED_CTE",
                                                                 "RECURSIVE_CTE",
                                                                 "LIMIT_PERCENT"});

/// Operators that change something, in the statements that say so and once.
constexpr auto kChanges =
    std::to_array<std::string_view>({"INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE_TABLE"});

template <class Words>
bool is_exactly_one_of(std::string_view name, const Words& words) {
  return std::find(words.begin(), words.end(), name) != words.end();
}

/// The parts of a name, of which each may be quoted: __millrace."my db".t
std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '"' && quoted && i + 1 < name.size() && name[i + 1] == '"') {
      parts.back() += c;
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Empty where there is none, which nothing known is called.
std::string text_of(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class PlanCheck {
 public:
  explicit PlanCheck(const PlanRules& rules) : rules_(rules) {}

  /// `shown`: below the filter of a view that shows an account its own rows only.
  Status node(const Json& plan, bool shown) {
    const std::string name = text_of(plan, "name");
    const auto info = plan.find("extra_info");
    const Json nothing = Json::object();
    const Json& extra = info == plan.end() ? nothing : *info;
    if (name == "FILTER" && extra.is_object() && extra.contains("Expressions"))
      shown = shown || extra["Expressions"].dump().find(rules_.mark) != std::string::npos;
    if (!shown) TRY_OK(check(name, extra));
    const auto children = plan.find("children");
    if (children == plan.end()) return {};
    for (const Json& child : *children) TRY_OK(node(child, shown));
    return {};
  }

 private:
  Status check(const std::string& name, const Json& extra) {
    if (name == "SEQ_SCAN") return table(text_of(extra, "Table"));
    if (is_exactly_one_of(name, kPlanOperators) || is_harmless_function(name)) return {};
    const bool may_change =
        rules_.kind != NativeKind::kQuery && rules_.kind != NativeKind::kCreateView;
    if (may_change && is_exactly_one_of(name, kChanges) && changes_++ == 0) return {};
    return admin_only(rules_.account, "\"" + to_lower(name) + "\"");
  }

  Status table(const std::string& name) {
    const auto parts = parts_of(name);
    if (parts.size() != 3) return admin_only(rules_.account, "\"" + name + "\"");
    if (parts[0] == "temp") return {};  // the session's own
    if (parts[0] != kCatalog || is_internal_schema(parts[1]))
      return admin_only(rules_.account, "\"" + name + "\"");
    if (rules_.account.may(Right::kSelect, parts[1], parts[2])) return {};
    return denied(rules_.account, Right::kSelect, {parts[1], parts[2]});
  }

  const PlanRules& rules_;
  int changes_ = 0;
};

}  // namespace

Status check_plan(const std::string& plan, const PlanRules& rules) {
  const Json nodes = Json::parse(plan, nullptr, false);
  if (!nodes.is_array() || nodes.empty())
    return admin_only(rules.account, "a statement that has no plan");
  PlanCheck check(rules);
  for (const Json& node : nodes) TRY_OK(check.node(node, false));
  return {};
}

}  // namespace millrace::sql
