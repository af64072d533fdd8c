// How each clause of LOAD DATA is read.
#include <array>
#include <limits>

#include "data/schema.h"
#include "sql/json_object.h"
#include "sql/keywords.h"
#include "sql/load_data.h"

namespace millrace::sql {
namespace {

constexpr int64_t kIntegerMax = std::numeric_limits<int64_t>::max();
constexpr size_t kFieldsMax = 65'536;

bool ends_assignment(const TokenReader& reader) {
  return reader.at(",") || LoadData::at_clause(reader);
}

}  // namespace

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
  TRY(into, read_json_object(reader_, what, "a JSON object in quotes"));
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
  TRY(pipeline_.partitions_max, reader_.integer("MAX_PARTITIONS_PER_BATCH", 0, kIntegerMax));
  return {};
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
  const std::string lower = to_lower(name);
  pipeline_.csv.latin1 = lower == "latin1";
  // Bytes that are not UTF-8 make their row a reject, whichever of the others is written.
  for (const std::string_view known : {"latin1", "utf8mb4", "utf8mb3", "utf8", "binary", "ascii"}) {
    if (lower == known) return {};
  }
  return reader_.error_at(position, Code::kUnsupported,
                          "character set \"" + name + "\" is not supported",
                          "Text is utf8mb4 (or utf8, ascii, binary), or latin1.");
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

}  // namespace millrace::sql
