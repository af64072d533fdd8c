#include <algorithm>
#include <cstring>
#include <map>
#include <variant>

#include "decode/avro_plan.h"
#include "decode/decoder.h"
#include "decode/path_tree.h"
#include "decode/row_sink.h"
#include "decode/utf8.h"

namespace millrace::decode {
namespace {

constexpr size_t kHeaderBytes = 5;  // of Confluent's wire format

class AvroDecoder : public Decoder {
 public:
  AvroDecoder(std::unique_ptr<RowSink> sink, const AvroFormat& format,
              std::shared_ptr<const AvroSchema> schema)
      : sink_(std::move(sink)),
        paths_(make_path_tree(sink_->fields())),
        find_schema_(format.find_schema),
        stream_(format.stream),
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
  static std::string_view first_datum(const AvroPlan& plan, std::string_view data);
  bool read(const AvroPlan& plan, std::string_view datum);
  bool bad(std::string detail);

  // Each reads a value to its end. False: the row is bad.
  bool run(const AvroStep& step, AvroInput& input, int depth);
  bool run_one(const AvroStep& step, AvroInput& input, int depth);
  bool put_scalar(const AvroStep& step, AvroInput& input);
  bool put_json(const AvroStep& step, AvroInput& input, int depth);
  bool put(const AvroStep& step, const Scalar& value);
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
  const std::shared_ptr<const AvroSchema> schema_;  // null: data are read as they are written
  AvroPlan headerless_;
  std::map<int32_t, Known> known_;
  std::string json_;  // reused

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
  for (size_t i = 0; i < messages.messages.size(); ++i) {
    auto left = messages.messages[i].payload;
    do {
      TRY_OK(decode_one(messages.messages[i], left, static_cast<uint32_t>(i), rejects));
    } while (stream_ && !left.empty());
  }
  sink_->end();
  rows.keep_alive(messages.owner);
  // Symbols of enums are text of their schemas.
  if (headerless_.writer) rows.keep_alive(headerless_.writer);
  for (const auto& [id, one] : known_) {
    if (const auto* plan = std::get_if<AvroPlan>(&one)) rows.keep_alive(plan->writer);
  }
  return {};
}

/// The first datum of what is `left` of a message.
Status AvroDecoder::decode_one(const Message& message, std::string_view& left, uint32_t index,
                               std::vector<Reject>& rejects) {
  sink_failed_ = false;
  reason_ = RejectReason::kBadDocument;
  Message one = message;
  one.payload = left;
  TRY(const auto* plan, plan_of(left));
  if (plan == nullptr) {
    rejects.push_back(reject_of(one, reason_, detail_));
    left = {};
    return {};
  }
  const auto datum = stream_ ? first_datum(*plan, left) : left;
  left.remove_prefix(datum.size());
  sink_->begin_row();
  if (read(*plan, datum) && (sink_->end_row(index) || sink_failed())) return {};
  sink_->drop_row();
  one.payload.remove_suffix(left.size());
  rejects.push_back(reject_of(one, sink_failed_ ? sink_->reason() : reason_,
                              sink_failed_ ? sink_->detail() : detail_));
  return {};
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

bool AvroDecoder::run(const AvroStep& step, AvroInput& input, int depth) {
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
  for (const size_t field : step.fields) {
    const auto& type = sink_->fields()[field].type;
    const bool taken = is_text(type.kind) && (step.element || !type.list);
    if (taken) continue;
    sink_->fail(field, RejectReason::kWrongType,
                " is " + std::string(branch_name(*step.writer)) + ", and its column holds " +
                    name_of(type));
    return sink_failed();
  }
  char* const text = sink_->arena().allocate(json_.size());
  std::memcpy(text, json_.data(), json_.size());
  return put(step, Scalar::of_text(Scalar::Form::kText, {text, json_.size()}));
}

bool AvroDecoder::run_record(const AvroStep& step, AvroInput& input, int depth) {
  for (const auto& field : step.steps) {
    if (!run(*field, input, depth + 1)) return false;
  }
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
  if (format.schema.empty() && !format.find_schema)
    return Error(Code::kInvalidArgument, "cannot read Avro: there is no schema",
                 "Write SCHEMA '...', or \"schema.registry.url\" in CONFIG.");
  std::shared_ptr<const AvroSchema> schema;
  if (!format.schema.empty()) {
    TRY(schema, AvroSchema::parse(format.schema));
  }
  TRY(auto sink, RowSink::make(std::move(fields), limits));
  auto decoder = std::make_unique<AvroDecoder>(std::move(sink), format, schema);
  if (!format.find_schema) TRY_OK(decoder->plan_headerless());
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace millrace::decode
