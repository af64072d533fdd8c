#include <algorithm>
#include <cstring>
#include <map>
#include <variant>

#include "data/avro_container.h"
#include "data/utf8.h"
#include "decode/avro_codec.h"
#include "decode/avro_paths.h"
#include "decode/avro_plan.h"
#include "decode/decoder.h"
#include "decode/path_tree.h"
#include "decode/row_sink.h"

namespace millrace::decode {
namespace {

constexpr size_t kHeaderBytes = 5;  // of Confluent's wire format
/// Schemas of files that are known from batch to batch: a folder has a few.
constexpr size_t kKnownFilesMax = 16;

class AvroDecoder : public Decoder {
 public:
  AvroDecoder(std::unique_ptr<RowSink> sink, const AvroFormat& format,
              std::shared_ptr<const AvroSchema> schema)
      : sink_(std::move(sink)),
        paths_(make_path_tree(sink_->fields())),
        find_schema_(format.find_schema),
        stream_(format.stream),
        container_(format.container),
        schema_(std::move(schema)) {}

  const std::shared_ptr<const Schema>& schema() const override { return sink_->schema(); }
  Status decode(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects) override;

  /// The plan of messages without a header.
  Status plan_headerless() {
    TRY(headerless_, make_avro_plan(schema_, schema_, *paths_, sink_->fields()));
    return {};
  }

 private:
  /// A plan, or why there is none: then the messages are rejects.
  using Known = std::variant<AvroPlan, std::string>;

  Result<const AvroPlan*> plan_of(std::string_view& payload);
  Result<const Known*> known(int32_t id);
  Result<Known> look_up(int32_t id) const;
  Status decode_one(const Message& message, std::string_view& left, uint32_t index,
                    std::vector<Reject>& rejects);
  void decode_container(const Message& message, uint32_t index, std::vector<Reject>& rejects);
  void decode_datum(const AvroPlan& plan, const Message& message, std::string_view begin,
                    std::string_view& left, uint32_t index, std::vector<Reject>& rejects);
  void reject(const Message& message, std::string_view bytes, std::vector<Reject>& rejects) const;
  const Known& known_file(std::string_view schema);
  static std::string_view first_datum(const AvroPlan& plan, std::string_view data);
  bool read(const AvroPlan& plan, std::string_view datum);
  bool bad(std::string detail);

  // Each reads a value to its end. False: the row is bad.
  bool run(const AvroStep& step, AvroInput& input, int depth);
  bool run_one(const AvroStep& step, AvroInput& input, int depth);
  bool put_scalar(const AvroStep& step, AvroInput& input);
  bool put_json(const AvroStep& step, AvroInput& input, int depth);
  bool put(const AvroStep& step, const Scalar& value);
  bool run_quick(const AvroStep& step, AvroInput& input);
  bool run_record(const AvroStep& step, AvroInput& input, int depth);
  bool run_union(const AvroStep& step, AvroInput& input, int depth);
  bool run_list(const AvroStep& step, AvroInput& input, int depth);
  bool run_map(const AvroStep& step, AvroInput& input, int depth);
  bool sink_failed() {
    sink_failed_ = true;
    return false;
  }

  std::unique_ptr<RowSink> sink_;
  std::unique_ptr<PathNode> paths_;
  const FindSchema find_schema_;
  const bool stream_;
  const bool container_;
  const std::shared_ptr<const AvroSchema> schema_;  // null: data are read as they are written
  AvroPlan headerless_;
  std::map<int32_t, Known> known_;
  std::map<std::string, Known, std::less<>> known_files_;     // by the writer's schema
  std::vector<std::shared_ptr<const std::string>> inflated_;  // of the batch at work
  std::string json_;                                          // reused

  // Of the message at work.
  bool sink_failed_ = false;
  RejectReason reason_ = RejectReason::kBadDocument;
  std::string detail_;
};

Status AvroDecoder::decode(const MessageBatch& messages, Batch& rows,
                           std::vector<Reject>& rejects) {
  // An id that was not in the registry may be there by now.
  std::erase_if(known_, [](const auto& one) { return one.second.index() == 1; });
  sink_->begin(rows, messages.messages.size());
  inflated_.clear();
  if (known_files_.size() > kKnownFilesMax) known_files_.clear();
  for (size_t i = 0; i < messages.messages.size(); ++i) {
    const auto& message = messages.messages[i];
    const auto index = static_cast<uint32_t>(i);
    if (container_) {
      decode_container(message, index, rejects);
      continue;
    }
    auto left = message.payload;
    do {
      TRY_OK(decode_one(message, left, index, rejects));
    } while (stream_ && !left.empty());
  }
  sink_->end();
  rows.keep_alive(messages.owner);
  for (auto& block : inflated_) rows.keep_alive(std::move(block));
  // Symbols of enums are text of their schemas.
  if (headerless_.writer) rows.keep_alive(headerless_.writer);
  for (const auto& [id, one] : known_) {
    if (const auto* plan = std::get_if<AvroPlan>(&one)) rows.keep_alive(plan->writer);
  }
  for (const auto& [schema, one] : known_files_) {
    if (const auto* plan = std::get_if<AvroPlan>(&one)) rows.keep_alive(plan->writer);
  }
  return {};
}

/// The first datum of what is `left` of a message.
Status AvroDecoder::decode_one(const Message& message, std::string_view& left, uint32_t index,
                               std::vector<Reject>& rejects) {
  reason_ = RejectReason::kBadDocument;
  const auto begin = left;
  TRY(const auto* plan, plan_of(left));
  if (plan != nullptr) {
    decode_datum(*plan, message, begin, left, index, rejects);
    return {};
  }
  sink_failed_ = false;
  reject(message, begin, rejects);
  left = {};
  return {};
}

/// `begin` is where the datum's reject begins, with its header.
void AvroDecoder::decode_datum(const AvroPlan& plan, const Message& message, std::string_view begin,
                               std::string_view& left, uint32_t index,
                               std::vector<Reject>& rejects) {
  sink_failed_ = false;
  reason_ = RejectReason::kBadDocument;
  const auto datum = stream_ || container_ ? first_datum(plan, left) : left;
  left.remove_prefix(datum.size());
  sink_->begin_row();
  if (read(plan, datum) && (sink_->end_row(index) || sink_failed())) return;
  sink_->drop_row();
  reject(message, begin.substr(0, begin.size() - left.size()), rejects);
}

void AvroDecoder::reject(const Message& message, std::string_view bytes,
                         std::vector<Reject>& rejects) const {
  Message one = message;
  one.payload = bytes;
  rejects.push_back(reject_of(one, sink_failed_ ? sink_->reason() : reason_,
                              sink_failed_ ? sink_->detail() : detail_));
}

/// The plan of files of a writer's schema, or why there is none.
const AvroDecoder::Known& AvroDecoder::known_file(std::string_view schema) {
  const auto at = known_files_.find(schema);
  if (at != known_files_.end()) return at->second;
  const auto make = [&]() -> Result<AvroPlan> {
    TRY(auto writer, AvroSchema::parse(std::string(schema)));
    return make_avro_plan(writer, schema_ ? schema_ : writer, *paths_, sink_->fields());
  };
  auto plan = make();
  return known_files_
      .emplace(std::string(schema), plan ? Known(std::move(*plan)) : Known(plan.error().message))
      .first->second;
}

/// Block behind block; what cannot be read ends the file.
void AvroDecoder::decode_container(const Message& message, uint32_t index,
                                   std::vector<Reject>& rejects) {
  sink_failed_ = false;
  reason_ = RejectReason::kBadDocument;
  AvroContainerHeader header;
  const auto refuse = [&](std::string why) {
    bad(std::move(why));
    sink_failed_ = false;
    reject(message, message.payload, rejects);
  };
  if (read_avro_header(message.payload, header) != AvroFrame::kWhole)
    return refuse("not an Avro container file");
  const auto& known = known_file(header.schema);
  const auto* plan = std::get_if<AvroPlan>(&known);
  if (plan == nullptr) return refuse("the file's schema: " + std::get<std::string>(known));
  auto rest = message.payload.substr(header.size);
  while (!rest.empty()) {
    AvroContainerBlock block;
    if (read_avro_block(rest, header.mark, block) != AvroFrame::kWhole)
      return refuse("a block of the file is damaged or cut");
    rest.remove_prefix(block.size);
    auto data = block.data;
    if (!header.codec.empty() && header.codec != "null") {
      auto plain = std::make_shared<std::string>();
      std::string why;
      if (!inflate_avro(header.codec, data, *plain, why)) return refuse(std::move(why));
      data = *plain;
      inflated_.push_back(std::move(plain));
    }
    int64_t found = 0;
    size_t rejected = rejects.size();
    for (; found < block.count && !data.empty(); ++found) {
      rejected = rejects.size();
      decode_datum(*plan, message, data, data, index, rejects);
    }
    if (!data.empty()) return refuse("a block of the file has bytes behind its data");
    // One that was bad has taken the rest of the block with it, and is a reject already.
    if (found < block.count && rejected == rejects.size())
      return refuse("a block of the file has fewer data than it says");
  }
}

/// All of `data` when it does not begin with a datum.
std::string_view AvroDecoder::first_datum(const AvroPlan& plan, std::string_view data) {
  AvroInput input{data};
  skip_avro(*plan.step->writer, input, 0);
  return input.failed || input.at == 0 ? data : data.substr(0, input.at);
}

bool AvroDecoder::bad(std::string detail) {
  detail_ = std::move(detail);
  return false;
}

/// Null for a message that no plan reads; `payload` becomes the datum.
Result<const AvroPlan*> AvroDecoder::plan_of(std::string_view& payload) {
  const AvroPlan* none = nullptr;
  if (payload.empty()) {
    reason_ = RejectReason::kTooFewFields;
    bad("the message is empty");
    return none;
  }
  if (!find_schema_) return &headerless_;
  if (payload.size() < kHeaderBytes || payload[0] != '\0') {
    bad("the message does not begin with a zero byte and the id of a schema");
    return none;
  }
  uint32_t id = 0;
  for (size_t i = 1; i < kHeaderBytes; ++i) id = id << 8 | static_cast<uint8_t>(payload[i]);
  payload.remove_prefix(kHeaderBytes);
  TRY(const auto* found, known(static_cast<int32_t>(id)));
  if (const auto* plan = std::get_if<AvroPlan>(found)) return plan;
  bad(std::get<std::string>(*found));
  return none;
}

Result<const AvroDecoder::Known*> AvroDecoder::known(int32_t id) {
  if (const auto at = known_.find(id); at != known_.end()) return &at->second;
  TRY(auto made, look_up(id));
  return &known_.emplace(id, std::move(made)).first->second;
}

Result<AvroDecoder::Known> AvroDecoder::look_up(int32_t id) const {
  const std::string which = "schema " + std::to_string(id);
  const auto no_plan = [&](const Error& error) { return Known(which + ": " + error.message); };
  const auto found = find_schema_(id);
  if (!found && found.error().code == Code::kNotFound) return no_plan(found.error());
  if (!found) return found.error();
  auto writer = AvroSchema::parse(found->json, found->references);
  if (!writer) return no_plan(writer.error());
  auto plan = make_avro_plan(*writer, schema_ ? schema_ : *writer, *paths_, sink_->fields());
  if (!plan) return no_plan(plan.error());
  return Known(std::move(*plan));
}

bool AvroDecoder::read(const AvroPlan& plan, std::string_view datum) {
  AvroInput input{datum};
  if (!run(*plan.step, input, 0)) {
    if (!input.failed) return false;
    sink_failed_ = false;  // what was put was read from beyond the end
  }
  if (input.failed)
    return bad("not Avro by its schema: it ends or goes wrong near byte " +
               std::to_string(input.at));
  if (input.left() > 0)
    return bad("not Avro by its schema: there are " + std::to_string(input.left()) +
               " bytes behind the datum");
  return true;
}

/// Reads a number that step.quick tells of. False says only that run() must look.
bool AvroDecoder::run_quick(const AvroStep& step, AvroInput& input) {
  using Quick = AvroStep::Quick;
  const size_t begin = input.at;
  bool put = false;
  if (step.quick == Quick::kInt || step.quick == Quick::kLong) {
    const auto number = Scalar::signed_whole(input.whole()).whole;
    put = !input.failed && sink_->put_quick(step.fields[0], number);
  } else {
    const double real =
        step.quick == Quick::kFloat ? static_cast<double>(input.single()) : input.real();
    put = !input.failed && sink_->put_quick(step.fields[0], real);
  }
  if (put) return true;
  input.failed = false;
  input.at = begin;
  return false;
}

bool AvroDecoder::run(const AvroStep& step, AvroInput& input, int depth) {
  if (step.quick != AvroStep::Quick::kNo && step.again.empty() && !input.failed &&
      run_quick(step, input))
    return true;
  const size_t begin = input.at;
  if (depth > kAvroDepthMax) input.failed = true;
  if (input.failed || !run_one(step, input, depth)) return false;
  for (const auto& again : step.again) {
    input.at = begin;
    if (!run_one(*again, input, depth)) return false;
  }
  return !input.failed;
}

bool AvroDecoder::run_one(const AvroStep& step, AvroInput& input, int depth) {
  switch (step.op) {
    case AvroStep::Op::kSkip:
      skip_avro(*step.writer, input, depth);
      return !input.failed;
    case AvroStep::Op::kScalar:
      return put_scalar(step, input);
    case AvroStep::Op::kJson:
      return put_json(step, input, depth);
    case AvroStep::Op::kRecord:
      return run_record(step, input, depth);
    case AvroStep::Op::kUnion:
      return run_union(step, input, depth);
    case AvroStep::Op::kList:
      return run_list(step, input, depth);
    case AvroStep::Op::kMap:
      return run_map(step, input, depth);
    case AvroStep::Op::kFail:
      return bad(step.failure);
  }
  return false;
}

bool AvroDecoder::put(const AvroStep& step, const Scalar& value) {
  for (const size_t field : step.fields) {
    if (!(step.element ? sink_->put_element(field, value) : sink_->put(field, value)))
      return sink_failed();
  }
  return true;
}

bool AvroDecoder::put_scalar(const AvroStep& step, AvroInput& input) {
  Scalar value = read_avro_scalar(step.scalar, step.meaning, input, sink_->arena());
  if (input.failed) return false;
  if (!step.symbols.empty()) {
    const auto at = std::find(step.scalar.symbols.begin(), step.scalar.symbols.end(), value.text);
    const auto& symbol = step.symbols[static_cast<size_t>(at - step.scalar.symbols.begin())];
    if (symbol.empty()) return bad("the reader's enum has no symbol \"" + shown(value.text) + "\"");
    value.text = symbol;
  }
  return put(step, value);
}

bool AvroDecoder::put_json(const AvroStep& step, AvroInput& input, int depth) {
  json_.clear();
  append_avro_json(*step.writer, input, json_, depth);
  if (input.failed) return false;
  const auto json = sink_->arena().copied(json_);
  for (const size_t field : step.fields) {
    const auto& type = sink_->fields()[field].type;
    const bool taken = !is_text(type.kind) || (type.list && !step.element)
                           ? sink_->fail(field, RejectReason::kWrongType,
                                         " is " + std::string(branch_name(*step.writer)) +
                                             ", and its column holds " + name_of(type))
                       : step.element ? sink_->put_document_element(field, json)
                                      : sink_->put_document(field, json);
    if (!taken) return sink_failed();
  }
  return true;
}

bool AvroDecoder::run_record(const AvroStep& step, AvroInput& input, int depth) {
  for (const auto& field : step.steps) {
    if (field->op == AvroStep::Op::kSkip) {
      skip_avro(*field->writer, input, depth + 1);
    } else if (!run(*field, input, depth + 1)) {
      return false;
    }
  }
  if (input.failed) return false;
  for (const auto& fallback : step.defaults) {
    AvroInput bytes{fallback.bytes};
    if (!run(*fallback.step, bytes, depth + 1)) return false;
  }
  return true;
}

bool AvroDecoder::run_union(const AvroStep& step, AvroInput& input, int depth) {
  const int64_t index = input.whole();
  if (index < 0 || static_cast<size_t>(index) >= step.steps.size()) input.failed = true;
  return !input.failed && run(*step.steps[static_cast<size_t>(index)], input, depth + 1);
}

bool AvroDecoder::run_list(const AvroStep& step, AvroInput& input, int depth) {
  for (const size_t field : step.fields) {
    if (!sink_->begin_list(field)) return sink_failed();
  }
  return for_each_item(input, [&] { return run(*step.steps[0], input, depth + 1); });
}

bool AvroDecoder::run_map(const AvroStep& step, AvroInput& input, int depth) {
  return for_each_item(input, [&] {
    const auto key = input.text();
    for (size_t i = 0; i < step.keys.size(); ++i) {
      if (step.keys[i] == key) return run(*step.steps[i], input, depth + 1);
    }
    skip_avro(*step.writer->items, input, depth + 1);
    return !input.failed;
  });
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_avro_decoder(const AvroFormat& format,
                                                   std::vector<InputField> fields,
                                                   const DecodeLimits& limits) {
  if (fields.empty())
    return Error(Code::kInvalidArgument, "cannot read Avro: there are no fields",
                 "Name columns and paths in a list: (id <- id, city <- address::city).");
  if (format.schema.empty() && !format.find_schema && !format.container)
    return Error(Code::kInvalidArgument, "cannot read Avro: there is no schema",
                 "Write SCHEMA '...', or \"schema.registry.url\" in CONFIG.");
  std::shared_ptr<const AvroSchema> schema;
  if (!format.schema.empty()) {
    TRY(schema, AvroSchema::parse(format.schema));
    if (format.paths_checked) TRY_OK(check_avro_paths(schema->root(), fields));
  }
  TRY(auto sink, RowSink::make(std::move(fields), limits));
  auto decoder = std::make_unique<AvroDecoder>(std::move(sink), format, schema);
  if (!format.find_schema && !format.container) TRY_OK(decoder->plan_headerless());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace millrace::decode
