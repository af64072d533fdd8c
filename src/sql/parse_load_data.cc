// The clauses of LOAD DATA, of pipelines and of files: one table of clauses, which may stand in any
// order, each at most once.
#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "data/schema.h"
#include "sql/json_object.h"
#include "sql/keywords.h"
#include "sql/parse.h"

namespace millrace::sql {
namespace {

constexpr int64_t kIntegerMax = std::numeric_limits<int64_t>::max();
constexpr size_t kFieldsMax = 65'536;

class LoadData {
 public:
  LoadData(TokenReader& reader, const std::string& database, engine::PipelineDefinition& pipeline,
           std::vector<std::string>& warnings)
      : reader_(reader), database_(database), pipeline_(pipeline), warnings_(warnings) {}

  Status pipeline() {
    TRY_OK(reader_.expect({"LOAD", "DATA"}));
    TRY_OK(source());
    return clauses_to_end();
  }

  Status clauses_to_end() {
    while (!reader_.done()) TRY_OK(clause());
    if (pipeline_.table.name.empty()) return reader_.error("INTO TABLE", {"INTO"});
    return check_together();
  }

  Status clauses_here() {
    while (at_changed_clause(reader_)) TRY_OK(clause());
    if (with_paths_ && without_paths_)
      return reader_.error_at(list_at_, Code::kSyntax, "an entry of the column list has no path");
    return {};
  }

  std::vector<std::string> clauses_written() const;

  /// True where a clause begins: where SET and WHERE end.
  static bool at_clause(const TokenReader& reader, size_t ahead = 0);

 private:
  struct Clause;
  static std::span<const Clause> clauses();
  static const Clause* find_clause(const TokenReader& reader, size_t ahead = 0);
  Status clause();
  Error unknown_clause();
  Error twice(const Clause& clause) const;

  Status source();
  Status endpoint(std::string& brokers, std::string& topic);
  Status config();
  Status credentials();
  Status batch_interval();
  Status offsets_per_batch();
  Status partitions_per_batch();
  Status retries();
  Status resource_pool();
  Status out_of_order();
  Status stop_on_error();
  Status train();
  Status classify();
  Status into();
  Status format();
  Status fields();
  Status lines();
  Status ignore_lines();
  Status null_defined();
  Status character_set();
  Status column_list();
  Status schema();
  Status check_together();
  int64_t place_of(std::string_view group) const;
  Status set();
  Status where();
  Status transform();
  Status on_duplicate();
  Status rejects();
  Status replace();
  Status ignore();
  Status assignments(std::vector<engine::SetDefinition>& into, ExpressionOf of);
  Status skip_errors();

  Status step(engine::StepKind kind);
  Status object(std::string_view what, std::map<std::string, std::string>& into);
  Status no_effect(std::string_view what) {
    warnings_.push_back(std::string(what) + " has no effect in millrace");
    return {};
  }

  TokenReader& reader_;
  const std::string& database_;
  engine::PipelineDefinition& pipeline_;
  std::vector<std::string>& warnings_;
  std::vector<const Clause*> seen_;
  std::vector<int64_t> seen_at_;  // the position of each
  int64_t list_at_ = -1;          // of the column list
  bool with_paths_ = false;       // an entry of the column list has a path
  bool without_paths_ = false;
};

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

Status LoadData::source() {
  if (reader_.accept("FS")) {
    pipeline_.source.kind = engine::SourceKind::kFiles;
    TRY(pipeline_.source.topic, reader_.string("'path or pattern'"));
    if (pipeline_.source.topic.empty()) return reader_.error("a path");
    return {};
  }
  for (const std::string_view other : {"S3", "AZURE", "GCS", "HDFS", "LINK", "MYSQL"}) {
    if (reader_.at(other)) return reader_.unsupported("LOAD DATA " + std::string(other));
  }
  if (!reader_.accept("KAFKA")) return reader_.error("KAFKA or FS", {"KAFKA", "FS"});
  return endpoint(pipeline_.source.brokers, pipeline_.source.topic);
}

Status LoadData::endpoint(std::string& brokers, std::string& topic) {
  const int64_t position = reader_.position();
  TRY(const std::string text, reader_.string("'brokers/topic'"));
  const size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos) {
    return reader_.error_at(position, Code::kInvalidArgument,
                            "\"" + text + "\" names no brokers and topic",
                            "It is written 'host:port,host:port/topic'.");
  }
  brokers = text.substr(0, slash);
  topic = text.substr(slash + 1);
  return {};
}

Status LoadData::object(std::string_view what, std::map<std::string, std::string>& into) {
  reader_.skip();
  const int64_t position = reader_.position();
  TRY(const std::string json, reader_.string("a JSON object in quotes"));
  auto object = parse_json_object(json);
  if (!object) {
    Error error = std::move(object).error().within(what);
    error.position = position;
    return error;
  }
  into = std::move(*object);
  return {};
}

Status LoadData::config() {
  const int64_t position = reader_.peek(1).begin;
  TRY_OK(object("CONFIG", pipeline_.source.config));
  constexpr std::array<std::string_view, 4> kResets{"earliest", "smallest", "latest", "largest"};
  const auto reset = pipeline_.source.config.find("auto.offset.reset");
  if (reset == pipeline_.source.config.end() || is_one_of(reset->second, kResets)) return {};
  return reader_.error_at(position, Code::kInvalidArgument,
                          "CONFIG: auto.offset.reset cannot be \"" + reset->second + "\"",
                          "It is earliest or latest.");
}

Status LoadData::credentials() {
  return object("CREDENTIALS", pipeline_.source.credentials);
}

Status LoadData::batch_interval() {
  reader_.skip();
  TRY(pipeline_.batch_interval_ms,
      reader_.integer("BATCH_INTERVAL", 0, engine::kBatchIntervalMsMax));
  return {};
}

Status LoadData::offsets_per_batch() {
  reader_.skip();
  TRY(pipeline_.offsets_per_partition_max,
      reader_.integer("MAX_OFFSETS_PER_BATCH_PARTITION", 1, engine::kOffsetsPerPartitionMax));
  return {};
}

Status LoadData::partitions_per_batch() {
  reader_.skip();
  TRY([[maybe_unused]] const int64_t ignored,
      reader_.integer("MAX_PARTITIONS_PER_BATCH", 0, kIntegerMax));
  return no_effect("MAX_PARTITIONS_PER_BATCH");
}

Status LoadData::retries() {
  reader_.skip();
  TRY(pipeline_.retries_max, reader_.integer("MAX_RETRIES_PER_BATCH_PARTITION", 0, kIntegerMax));
  return {};
}

Status LoadData::resource_pool() {
  TRY_OK(reader_.expect({"RESOURCE", "POOL"}));
  TRY([[maybe_unused]] const std::string ignored, reader_.name("a resource pool"));
  return no_effect("RESOURCE POOL");
}

Status LoadData::out_of_order() {
  reader_.skip();
  TRY_OK(reader_.expect({"OUT_OF_ORDER", "OPTIMIZATION"}));
  return no_effect("OUT_OF_ORDER OPTIMIZATION");
}

Status LoadData::stop_on_error() {
  reader_.skip();
  if (!reader_.at("ON") && !reader_.at("OFF")) return reader_.error("ON or OFF", {"ON", "OFF"});
  pipeline_.stop_on_error = reader_.at("ON");
  reader_.skip();
  return {};
}

Status LoadData::step(engine::StepKind kind) {
  pipeline_.step = kind;
  TRY(pipeline_.model, reader_.object_name("the model's name", database_));
  return {};
}

Status LoadData::train() {
  TRY_OK(reader_.expect({"TRAIN", "MODEL"}));
  return step(engine::StepKind::kTrain);
}

Status LoadData::classify() {
  reader_.skip();
  TRY_OK(reader_.expect({"WITH", "MODEL"}));
  return step(engine::StepKind::kClassify);
}

Status LoadData::into() {
  reader_.skip();
  if (reader_.at("PROCEDURE")) return reader_.unsupported("INTO PROCEDURE");
  TRY_OK(reader_.expect("TABLE"));
  TRY(pipeline_.table, reader_.object_name("the table's name", database_));
  return {};
}

Status LoadData::format() {
  if (reader_.accept({"FORMAT", "CSV"})) return {};
  if (reader_.accept({"FORMAT", "JSON"})) {
    pipeline_.format = engine::FormatKind::kJson;
    return {};
  }
  if (!reader_.accept({"FORMAT", "AVRO"}))
    return reader_.unsupported("clause FORMAT " + std::string(reader_.raw_at(1)));
  pipeline_.format = engine::FormatKind::kAvro;
  if (!reader_.accept({"SCHEMA", "REGISTRY"})) return {};
  TRY(std::string address, reader_.string("the address of a schema registry"));
  if (address.find("://") == std::string::npos) address = "http://" + address;
  pipeline_.source.config["schema.registry.url"] = std::move(address);
  return {};
}

Status LoadData::schema() {
  reader_.skip();
  TRY(pipeline_.avro_schema, reader_.string("a schema as JSON"));
  return {};
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

Status LoadData::fields() {
  return parse_csv_fields(reader_, pipeline_.csv);
}

Status LoadData::lines() {
  return parse_csv_lines(reader_, pipeline_.csv);
}

Status LoadData::ignore_lines() {
  reader_.skip();
  TRY(pipeline_.csv.ignore_lines, reader_.integer("the number of lines", 0, 1'000'000));
  if (!reader_.accept("LINES") && !reader_.accept("ROWS")) return reader_.error("LINES", {"LINES"});
  return {};
}

Status LoadData::null_defined() {
  return parse_csv_null(reader_, pipeline_.csv);
}

Status LoadData::character_set() {
  TRY_OK(reader_.expect({"CHARACTER", "SET"}));
  const int64_t position = reader_.position();
  const bool quoted = reader_.peek().kind == TokenKind::kString;
  TRY(const std::string name,
      quoted ? reader_.string("a character set") : reader_.name("a character set"));
  if (!to_lower(name).starts_with("utf8")) {
    return reader_.error_at(position, Code::kUnsupported,
                            "character set \"" + name + "\" is not supported",
                            "Messages are read as UTF-8.");
  }
  return {};
}

Status LoadData::skip_errors() {
  using engine::SkippedErrors;
  reader_.skip();
  if (reader_.accept("ALL")) {
    pipeline_.skipped = SkippedErrors::kAll;
  } else if (reader_.accept("CONSTRAINT")) {
    pipeline_.skipped = SkippedErrors::kConstraint;
  } else if (reader_.accept({"DUPLICATE", "KEY"})) {
    pipeline_.skipped = SkippedErrors::kDuplicateKey;
  } else {
    TRY_OK(reader_.expect("PARSER"));
    pipeline_.skipped = SkippedErrors::kParser;
  }
  return reader_.expect("ERRORS");
}

Status LoadData::ignore() {
  reader_.skip();
  pipeline_.skipped = engine::SkippedErrors::kIgnore;
  return {};
}

/// REJECTS INTO {TABLE t | KAFKA 'brokers/topic'}
Status LoadData::rejects() {
  using Kind = engine::RejectsDefinition::Kind;
  TRY_OK(reader_.expect({"REJECTS", "INTO"}));
  if (reader_.accept("TABLE")) {
    pipeline_.rejects.kind = Kind::kTable;
    TRY(pipeline_.rejects.table, reader_.object_name("the table's name", database_));
    return {};
  }
  if (!reader_.accept("KAFKA")) return reader_.error("TABLE or KAFKA", {"TABLE", "KAFKA"});
  pipeline_.rejects.kind = Kind::kKafka;
  return endpoint(pipeline_.rejects.brokers, pipeline_.rejects.topic);
}

Status LoadData::replace() {
  if (pipeline_.duplicates == store::Duplicates::kUpdate)
    return reader_.error_at(reader_.position(), Code::kInvalidArgument,
                            "REPLACE and ON DUPLICATE KEY UPDATE cannot stand together");
  reader_.skip();
  pipeline_.duplicates = store::Duplicates::kReplace;
  return {};
}

Status LoadData::transform() {
  TRY_OK(reader_.expect({"WITH", "TRANSFORM"}));
  TRY(auto source, parse_transform(reader_));
  pipeline_.transform = engine::TransformDefinition{std::move(source), {}};
  return {};
}

Status LoadData::on_duplicate() {
  TRY_OK(reader_.expect({"ON", "DUPLICATE", "KEY", "UPDATE"}));
  if (pipeline_.duplicates == store::Duplicates::kReplace)
    return reader_.error_at(reader_.position(), Code::kInvalidArgument,
                            "REPLACE and ON DUPLICATE KEY UPDATE cannot stand together");
  pipeline_.duplicates = store::Duplicates::kUpdate;
  return assignments(pipeline_.on_duplicate, ExpressionOf::kDuplicate);
}

Status LoadData::column_list() {
  if (!pipeline_.fields.empty()) {
    return reader_.error_at(reader_.position(), Code::kSyntax, "the column list is written twice");
  }
  list_at_ = reader_.position();
  reader_.skip();
  do {
    engine::FieldDefinition field;
    field.variable = reader_.peek().kind == TokenKind::kVariable;
    if (field.variable) {
      field.name = reader_.value();
      reader_.skip();
    } else {
      TRY(field.name, reader_.name("a column or @variable"));
    }
    const bool with_path = reader_.accept("<-");
    (with_path ? with_paths_ : without_paths_) = true;
    if (with_path) TRY_OK(parse_path(reader_, field));
    pipeline_.fields.push_back(std::move(field));
    if (pipeline_.fields.size() > kFieldsMax) {
      return reader_.error_at(
          reader_.position(), Code::kResourceExhausted,
          "the column list has more than " + std::to_string(kFieldsMax) + " entries");
    }
  } while (reader_.accept(","));
  return reader_.expect(")");
}

bool ends_assignment(const TokenReader& reader) {
  return reader.at(",") || LoadData::at_clause(reader);
}

Status LoadData::set() {
  reader_.skip();
  return assignments(pipeline_.set, ExpressionOf::kRow);
}

Status LoadData::assignments(std::vector<engine::SetDefinition>& into, ExpressionOf of) {
  do {
    engine::SetDefinition assignment;
    const int64_t position = reader_.position();
    TRY(assignment.column, reader_.name("a column"));
    TRY_OK(reader_.expect("="));
    TRY(assignment.value, parse_expression(reader_, ends_assignment, of));
    for (const auto& other : into) {
      if (!same_name(other.column, assignment.column)) continue;
      return reader_.error_at(position, Code::kInvalidArgument,
                              "column \"" + assignment.column + "\" is SET twice");
    }
    into.push_back(std::move(assignment));
  } while (reader_.accept(","));
  return {};
}

Status LoadData::where() {
  reader_.skip();
  TRY(pipeline_.where,
      parse_expression(reader_, [](const TokenReader& at) { return at_clause(at); }));
  return {};
}

}  // namespace

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
                                     : load_data.clauses_here());
  result.clauses = load_data.clauses_written();
  return {};
}

}  // namespace millrace::sql
