#include "sql/load_data.h"

#include <algorithm>
#include <array>

#include "sql/keywords.h"

namespace millrace::sql {

/// A clause begins with one or two words; an empty second word stands for any token, "0" for a
/// number, and "*" for the begin of the next clause.
struct LoadData::Clause {
  std::string_view first, second;
  std::string_view group;  // clauses of which only one may be there
  Status (LoadData::*parse)();
};

std::span<const LoadData::Clause> LoadData::clauses() {
  static constexpr auto kClauses = std::to_array<Clause>({
      {"CONFIG", "", "CONFIG", &LoadData::config},
      {"CREDENTIALS", "", "CREDENTIALS", &LoadData::credentials},
      {"BATCH_INTERVAL", "", "BATCH_INTERVAL", &LoadData::batch_interval},
      {"MAX_OFFSETS_PER_BATCH_PARTITION", "", "MAX_OFFSETS_PER_BATCH_PARTITION",
       &LoadData::offsets_per_batch},
      {"MAX_PARTITIONS_PER_BATCH", "", "MAX_PARTITIONS_PER_BATCH", &LoadData::partitions_per_batch},
      {"MAX_RETRIES_PER_BATCH_PARTITION", "", "MAX_RETRIES_PER_BATCH_PARTITION",
       &LoadData::retries},
      {"RESOURCE", "POOL", "RESOURCE POOL", &LoadData::resource_pool},
      {"ENABLE", "OUT_OF_ORDER", "OUT_OF_ORDER OPTIMIZATION", &LoadData::out_of_order},
      {"DISABLE", "OUT_OF_ORDER", "OUT_OF_ORDER OPTIMIZATION", &LoadData::out_of_order},
      {"STOP_ON_ERROR", "", "STOP_ON_ERROR", &LoadData::stop_on_error},
      {"TRAIN", "MODEL", "TRAIN, CLASSIFY or PREDICT", &LoadData::train},
      {"CLASSIFY", "WITH", "TRAIN, CLASSIFY or PREDICT", &LoadData::classify},
      {"PREDICT", "WITH", "TRAIN, CLASSIFY or PREDICT", &LoadData::classify},
      {"WITH", "TRANSFORM", "WITH TRANSFORM", &LoadData::transform},
      {"INTO", "TABLE", "INTO", &LoadData::into},
      {"INTO", "PROCEDURE", "INTO", &LoadData::into},
      {"FORMAT", "CSV", "FORMAT", &LoadData::format},
      {"FORMAT", "JSON", "FORMAT", &LoadData::format},
      {"FORMAT", "AVRO", "FORMAT", &LoadData::format},
      {"FORMAT", "PARQUET", "FORMAT", &LoadData::format},
      {"SCHEMA", "", "SCHEMA", &LoadData::schema},
      {"FIELDS", "TERMINATED", "FIELDS", &LoadData::fields},
      {"FIELDS", "OPTIONALLY", "FIELDS", &LoadData::fields},
      {"FIELDS", "ENCLOSED", "FIELDS", &LoadData::fields},
      {"FIELDS", "ESCAPED", "FIELDS", &LoadData::fields},
      {"COLUMNS", "TERMINATED", "FIELDS", &LoadData::fields},
      {"COLUMNS", "OPTIONALLY", "FIELDS", &LoadData::fields},
      {"COLUMNS", "ENCLOSED", "FIELDS", &LoadData::fields},
      {"COLUMNS", "ESCAPED", "FIELDS", &LoadData::fields},
      {"LINES", "STARTING", "LINES", &LoadData::lines},
      {"LINES", "TERMINATED", "LINES", &LoadData::lines},
      {"IGNORE", "0", "IGNORE LINES", &LoadData::ignore_lines},
      {"NULL", "DEFINED", "NULL DEFINED BY", &LoadData::null_defined},
      {"CHARACTER", "SET", "CHARACTER SET", &LoadData::character_set},
      {"SKIP", "ALL", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::skip_errors},
      {"SKIP", "CONSTRAINT", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::skip_errors},
      {"SKIP", "DUPLICATE", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::skip_errors},
      {"SKIP", "PARSER", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::skip_errors},
      {"REPLACE", "*", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::replace},
      {"IGNORE", "*", "REPLACE, IGNORE or SKIP ... ERRORS", &LoadData::ignore},
      {"SET", "", "SET", &LoadData::set},
      {"WHERE", "", "WHERE", &LoadData::where},
      {"REJECTS", "INTO", "REJECTS INTO", &LoadData::rejects},
      {"ON", "DUPLICATE", "ON DUPLICATE KEY UPDATE", &LoadData::on_duplicate},
  });
  return kClauses;
}

std::vector<std::string> LoadData::clauses_written() const {
  std::vector<std::string> groups;
  for (const Clause* seen : seen_) groups.emplace_back(seen->group);
  if (list_at_ >= 0) groups.emplace_back(with_paths_ ? kPathList : kColumnList);
  return groups;
}

const LoadData::Clause* LoadData::find_clause(const TokenReader& reader, size_t ahead) {
  for (const auto& clause : clauses()) {
    if (!reader.at(clause.first, ahead)) continue;
    if (clause.second.empty() || reader.at(clause.second, ahead + 1)) return &clause;
    if (clause.second == "0" && reader.peek(ahead + 1).kind == TokenKind::kNumber) return &clause;
    if (clause.second == "*" && at_clause(reader, ahead + 1)) return &clause;
  }
  return nullptr;
}

bool LoadData::at_clause(const TokenReader& reader, size_t ahead) {
  const Clause* clause = find_clause(reader, ahead);
  if (clause == nullptr) return false;
  // A column may be called config: the clause has its value behind it.
  if (!clause->second.empty() || clause->first == "SET" || clause->first == "WHERE") return true;
  const TokenKind next = reader.peek(ahead + 1).kind;
  return next == TokenKind::kString || next == TokenKind::kNumber || reader.at("ON", ahead + 1) ||
         reader.at("OFF", ahead + 1);
}

Error LoadData::twice(const Clause& clause) const {
  return reader_.error_at(reader_.position(), Code::kSyntax,
                          "clause " + std::string(clause.group) + " is written twice");
}

/// The first word may be right and the second wrong: INTO TABEL.
Error LoadData::unknown_clause() {
  std::vector<std::string_view> firsts, seconds;
  std::string_view first;
  for (const auto& known : clauses()) {
    firsts.push_back(known.first);
    if (!reader_.at(known.first)) continue;
    first = known.first;
    seconds.push_back(known.second);
  }
  if (seconds.empty()) return reader_.error("a clause of LOAD DATA", firsts);
  reader_.skip();
  const bool words = std::none_of(seconds.begin(), seconds.end(), [](std::string_view word) {
    return word.empty() || word == "*" || word == "0";
  });
  std::string expected = "the rest of clause " + std::string(first);
  if (words) {
    expected.clear();
    for (size_t i = 0; i < seconds.size(); ++i)
      expected += (i == 0 ? "" : i + 1 == seconds.size() ? " or " : ", ") + std::string(seconds[i]);
  }
  return reader_.error(expected, seconds);
}

Status LoadData::clause() {
  if (reader_.at("(")) return column_list();
  const Clause* clause = find_clause(reader_);
  if (clause == nullptr) return unknown_clause();
  for (const Clause* seen : seen_) {
    if (seen->group == clause->group) return twice(*clause);
  }
  seen_.push_back(clause);
  seen_at_.push_back(reader_.position());
  return (this->*clause->parse)();
}

/// Where the clause of that group stands; the statement's begin when it is not there.
int64_t LoadData::place_of(std::string_view group) const {
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i]->group == group) return seen_at_[i];
  }
  return 0;
}

/// What the clauses say together: FORMAT may stand before or behind the column list.
Status LoadData::check_together() {
  const bool csv = pipeline_.format == engine::FormatKind::kCsv;
  const auto wrong = [this](int64_t place, const std::string& what, const std::string& hint) {
    return reader_.error_at(place, Code::kInvalidArgument, what, hint);
  };
  if (!pipeline_.avro_schema.empty() && pipeline_.format != engine::FormatKind::kAvro)
    return wrong(place_of("SCHEMA"), "clause SCHEMA belongs to FORMAT AVRO", "");
  for (const std::string_view group : {"FIELDS", "LINES", "IGNORE LINES", "NULL DEFINED BY"}) {
    if (place_of(group) != 0 && !csv)
      return wrong(place_of(group), "clause " + std::string(group) + " belongs to FORMAT CSV", "");
  }
  if (pipeline_.csv.latin1 && !csv)
    return wrong(place_of("CHARACTER SET"), "CHARACTER SET latin1 belongs to FORMAT CSV",
                 "JSON and Avro are UTF-8.");
  if (with_paths_ && csv)
    return wrong(list_at_,
                 "a path (<-) stands in the column list without FORMAT JSON or FORMAT AVRO",
                 "Write FORMAT JSON before the column list.");
  if (pipeline_.duplicates != store::Duplicates::kRefuse &&
      pipeline_.step == engine::StepKind::kTrain)
    return wrong(place_of("TRAIN, CLASSIFY or PREDICT"),
                 "TRAIN MODEL keeps one row in its table, which it replaces itself", "");
  if (pipeline_.skipped != engine::SkippedErrors::kNone && !pipeline_.stop_on_error)
    warnings_.emplace_back(
        "IGNORE and SKIP ... ERRORS have no effect without STOP_ON_ERROR ON: a bad row goes to "
        "millrace.rejects and stops nothing");
  if (without_paths_ && !csv)
    return wrong(list_at_, "an entry of the column list has no path",
                 "FORMAT JSON and FORMAT AVRO take (column <- key::key, ...).");
  return {};
}

/// SET BATCH_INTERVAL 1 and its like are no clauses of LOAD DATA: SET a = 1 is.
bool at_changed_clause(const TokenReader& reader) {
  if (reader.at("SET")) return reader.at("=", 2);
  return reader.at("(") || LoadData::at_clause(reader);
}

Status parse_load_data(TokenReader& reader, const std::string& database, LoadDataOf of,
                       CreatePipeline& result) {
  LoadData load_data(reader, database, result.pipeline, result.warnings);
  TRY_OK(of == LoadDataOf::kPipeline ? load_data.pipeline()
         : of == LoadDataOf::kFile   ? load_data.clauses_to_end()
         : of == LoadDataOf::kSource ? load_data.source_here()
                                     : load_data.clauses_here());
  result.clauses = load_data.clauses_written();
  return {};
}

}  // namespace millrace::sql
