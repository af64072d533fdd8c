#include "sql/variables.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "data/schema.h"
#include "engine/engine_variables.h"
#include "sql/quote.h"

namespace millrace::sql {
namespace {

enum class Access : uint8_t { kSettable, kReadOnly };

struct Fact {
  std::string_view name;
  std::string_view value;  // the default
  VariableKind kind = VariableKind::kText;
  Access access = Access::kSettable;
};

constexpr auto kText = VariableKind::kText;
constexpr auto kNumber = VariableKind::kNumber;
constexpr auto kFlag = VariableKind::kFlag;

/// Sorted by name. Flags hold ON or OFF.
constexpr auto kFacts = std::to_array<Fact>({
    {"auto_increment_increment", "1", kNumber},
    {"auto_increment_offset", "1", kNumber},
    {"autocommit", "ON", kFlag},
    {"big_tables", "OFF", kFlag},
    {"bind_address", "", kText, Access::kReadOnly},
    {"character_set_client", "utf8mb4"},
    {"character_set_connection", "utf8mb4"},
    {"character_set_database", "utf8mb4"},
    {"character_set_filesystem", "binary"},
    {"character_set_results", "utf8mb4"},
    {"character_set_server", "utf8mb4"},
    {"character_set_system", "utf8mb3", kText, Access::kReadOnly},
    {"collation_connection", "utf8mb4_bin"},
    {"collation_database", "utf8mb4_bin"},
    {"collation_server", "utf8mb4_bin"},
    {"connect_timeout", "10", kNumber},
    {"default_storage_engine", "InnoDB"},
    {"default_week_format", "0", kNumber},
    {"div_precision_increment", "4", kNumber},
    {"error_count", "0", kNumber, Access::kReadOnly},
    {"foreign_key_checks", "ON", kFlag},
    {"group_concat_max_len", "1073741824", kNumber},
    {"have_openssl", "DISABLED", kText, Access::kReadOnly},
    {"have_ssl", "DISABLED", kText, Access::kReadOnly},
    {"hostname", "", kText, Access::kReadOnly},
    {"init_connect", ""},
    {"innodb_lock_wait_timeout", "50", kNumber},
    {"interactive_timeout", "28800", kNumber},
    {"last_insert_id", "0", kNumber},
    {"lc_messages", "en_US"},
    {"lc_time_names", "en_US"},
    {"license", "Apache-2.0", kText, Access::kReadOnly},
    {"local_infile", "OFF", kFlag},
    {"lock_wait_timeout", "31536000", kNumber},
    {"lower_case_file_system", "OFF", kFlag, Access::kReadOnly},
    {"lower_case_table_names", "2", kNumber, Access::kReadOnly},
    {"max_allowed_packet", "1073741824", kNumber},
    {"max_connections", "512", kNumber, Access::kReadOnly},
    {"max_execution_time", "0", kNumber},
    {"net_buffer_length", "16384", kNumber},
    {"net_read_timeout", "30", kNumber},
    {"net_write_timeout", "60", kNumber},
    {"optimizer_switch", ""},
    {"performance_schema", "OFF", kFlag, Access::kReadOnly},
    {"port", "0", kNumber, Access::kReadOnly},
    {"protocol_version", "10", kNumber, Access::kReadOnly},
    {"pseudo_thread_id", "0", kNumber, Access::kReadOnly},
    {"query_cache_size", "0", kNumber},
    {"query_cache_type", "OFF"},
    {"read_only", "OFF", kFlag, Access::kReadOnly},
    {"session_track_gtids", "OFF"},
    {"session_track_schema", "ON", kFlag},
    {"session_track_state_change", "OFF", kFlag},
    {"session_track_system_variables", ""},
    {"socket", "", kText, Access::kReadOnly},
    {"sql_auto_is_null", "OFF", kFlag},
    {"sql_big_selects", "ON", kFlag},
    {"sql_log_bin", "OFF", kFlag},
    {"sql_mode",
     "PIPES_AS_CONCAT,ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
     "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"},
    {"sql_notes", "ON", kFlag},
    {"sql_quote_show_create", "ON", kFlag},
    {"sql_safe_updates", "OFF", kFlag},
    {"sql_select_limit", "18446744073709551615", kNumber},
    {"sql_warnings", "OFF", kFlag},
    {"system_time_zone", "UTC", kText, Access::kReadOnly},
    {"time_zone", "SYSTEM"},
    {"timestamp", "0", kNumber},
    {"transaction_isolation", "REPEATABLE-READ"},
    {"transaction_read_only", "OFF", kFlag},
    {"tx_isolation", "REPEATABLE-READ"},
    {"tx_read_only", "OFF", kFlag},
    {"unique_checks", "ON", kFlag},
    {"version", "", kText, Access::kReadOnly},
    {"version_comment", "millrace", kText, Access::kReadOnly},
    {"version_compile_machine", "x86_64", kText, Access::kReadOnly},
    {"version_compile_os", "Linux", kText, Access::kReadOnly},
    {"wait_timeout", "28800", kNumber},
    {"warning_count", "0", kNumber, Access::kReadOnly},
});

/// The table above and the engine's own, by name.
const std::vector<Fact>& all_facts() {
  static const std::vector<Fact> all = [] {
    std::vector<Fact> facts(kFacts.begin(), kFacts.end());
    for (const auto& own : engine::engine_variables()) facts.push_back({own.name, "", kNumber});
    std::sort(facts.begin(), facts.end(),
              [](const Fact& a, const Fact& b) { return a.name < b.name; });
    return facts;
  }();
  return all;
}

const Fact* find(std::string_view name) {
  const auto& facts = all_facts();
  const auto found = std::find_if(facts.begin(), facts.end(),
                                  [&](const Fact& fact) { return same_name(fact.name, name); });
  return found == facts.end() ? nullptr : &*found;
}

std::optional<std::string> flag_value(std::string_view text) {
  for (const std::string_view on : {"1", "ON", "TRUE"}) {
    if (same_name(text, on)) return "ON";
  }
  for (const std::string_view off : {"0", "OFF", "FALSE"}) {
    if (same_name(text, off)) return "OFF";
  }
  return std::nullopt;
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  return wrong == std::errc() && stop == text.data() + text.size();
}

bool has_mode(std::string_view modes, std::string_view mode) {
  while (!modes.empty()) {
    const size_t comma = std::min(modes.find(','), modes.size());
    if (same_name(modes.substr(0, comma), mode)) return true;
    modes.remove_prefix(std::min(comma + 1, modes.size()));
  }
  return false;
}

}  // namespace

bool Variables::known(std::string_view name) {
  return find(name) != nullptr;
}

VariableKind Variables::kind(std::string_view name) {
  const Fact* fact = find(name);
  return fact == nullptr ? kText : fact->kind;
}

Error Variables::unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& fact : all_facts()) names.push_back(fact.name);
  return {Code::kUnknownVariable, "system variable \"" + std::string(name) + "\" does not exist",
          did_you_mean(name, names)};
}

std::optional<std::string> Variables::get(std::string_view name) const {
  if (const auto set = values_.find(to_lower(name)); set != values_.end()) return set->second;
  if (computed_) {
    if (auto value = computed_(to_lower(name))) return value;
  }
  const Fact* fact = find(name);
  return fact == nullptr ? std::nullopt : std::optional<std::string>(fact->value);
}

Result<std::string> Variables::literal(std::string_view name) const {
  const Fact* fact = find(name);
  if (fact == nullptr) return unknown(name);
  const auto value = get(name);
  if (!value) return std::string("NULL");
  if (fact->kind == kNumber) return *value;
  if (fact->kind == kFlag) return std::string(*value == "ON" ? "1" : "0");
  return quoted_text(*value);
}

Status Variables::set(std::string_view name, std::optional<std::string> value) {
  const Fact* fact = find(name);
  if (fact == nullptr) return unknown(name);
  const std::string quoted = "system variable \"" + std::string(fact->name) + "\"";
  if (fact->access == Access::kReadOnly) {
    return Error(Code::kWrongState, quoted + " is read only");
  }
  const auto wrong = [&] {
    return Error(Code::kInvalidArgument,
                 quoted + " cannot be set to " + (value ? quoted_text(*value) : "NULL"));
  };
  if (fact->kind == kFlag) {
    const auto flag = value ? flag_value(*value) : std::nullopt;
    if (!flag) return wrong();
    value = flag;
  } else if (fact->kind == kNumber && (!value || !is_number(*value))) {
    return wrong();
  } else if (!value && !fact->name.starts_with("character_set")) {
    return wrong();
  }
  values_[std::string(fact->name)] = std::move(value);
  remember();
  return {};
}

Status Variables::set_default(std::string_view name) {
  const Fact* fact = find(name);
  if (fact == nullptr) return unknown(name);
  values_.erase(std::string(fact->name));
  remember();
  return {};
}

std::vector<std::pair<std::string, std::string>> Variables::all() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& fact : all_facts()) {
    result.emplace_back(fact.name, get(fact.name).value_or(""));
  }
  return result;
}

void Variables::reset() {
  values_.clear();
  remember();
}

void Variables::remember() {
  autocommit_ = get("autocommit") == "ON";
  const std::string modes = get("sql_mode").value_or("");
  const bool ansi = has_mode(modes, "ANSI");
  lex_options_ = {.ansi_quotes = ansi || has_mode(modes, "ANSI_QUOTES"),
                  .backslash_escapes = !has_mode(modes, "NO_BACKSLASH_ESCAPES"),
                  .pipes_as_concat = ansi || has_mode(modes, "PIPES_AS_CONCAT")};
}

}  // namespace millrace::sql
