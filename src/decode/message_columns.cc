#include "decode/message_columns.h"

#include <cstring>

#include "data/utf8.h"
#include "decode/text_arena.h"

namespace millrace::decode {
namespace {

std::shared_ptr<const Schema> with_facts(const Schema& schema,
                                         const std::vector<MessageFact>& facts) {
  auto fields = schema.fields();
  for (const auto fact : facts) {
    const auto& names = message_facts()[static_cast<size_t>(fact)];
    fields.push_back({std::string(names.column), names.type, true});
  }
  return std::make_shared<Schema>(std::move(fields));
}

class MessageColumns : public Decoder {
 public:
  MessageColumns(std::unique_ptr<Decoder> decoder, const std::vector<MessageFact>& facts,
                 std::string origin)
      : decoder_(std::move(decoder)),
        facts_(facts),
        origin_(std::make_shared<const std::string>(std::move(origin))),
        schema_(with_facts(*decoder_->schema(), facts_)),
        decoded_(decoder_->schema()) {}

  const std::shared_ptr<const Schema>& schema() const override { return schema_; }

  std::span<const std::string_view> lines() const override { return decoder_->lines(); }

  Status decode(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects) override {
    TRY_OK(decoder_->decode(messages, decoded_, rejects));
    rows.take_leading(decoded_);
    renew(arena_);
    const size_t first = decoder_->schema()->size();
    for (size_t i = 0; i < facts_.size(); ++i) fill(facts_[i], messages, rows, first + i);
    rows.keep_alive(arena_);
    rows.keep_alive(origin_);
    return {};
  }

 private:
  void fill(MessageFact fact, const MessageBatch& messages, Batch& rows, size_t index);
  void fill_text(MessageFact fact, const MessageBatch& messages, size_t message, Column& column,
                 size_t row);
  std::string_view copied(std::string_view text) {
    char* const to = arena_->allocate(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  const std::unique_ptr<Decoder> decoder_;
  const std::vector<MessageFact> facts_;
  const std::shared_ptr<const std::string> origin_;
  const std::shared_ptr<const Schema> schema_;
  Batch decoded_;
  std::shared_ptr<TextArena> arena_ = std::make_shared<TextArena>();
};

void MessageColumns::fill(MessageFact fact, const MessageBatch& messages, Batch& rows,
                          size_t index) {
  auto& column = rows.column(index);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const size_t at = rows.message_of_row()[row];
    const auto& message = messages.messages[at];
    switch (fact) {
      case MessageFact::kTimestamp:
        if (message.timestamp_ms >= 0) column.set(row, message.timestamp_ms);
        break;
      case MessageFact::kPartition:
        column.set(row, int64_t{message.partition});
        break;
      case MessageFact::kOffset:
        column.set(row, message.offset);
        break;
      case MessageFact::kBatch:
        column.set(row, messages.batch_id);
        break;
      default:
        fill_text(fact, messages, at, column, row);
    }
  }
}

void MessageColumns::fill_text(MessageFact fact, const MessageBatch& messages, size_t message,
                               Column& column, size_t row) {
  if (fact == MessageFact::kTopic) {
    column.set(row, std::string_view(*origin_));
  } else if (fact == MessageFact::kKey || fact == MessageFact::kKeyBytes) {
    const auto key = messages.messages[message].key;
    if (key.data() == nullptr) return;
    const bool as_it_is = fact == MessageFact::kKeyBytes || is_utf8(key);
    column.set(row, as_it_is ? key : copied(as_utf8(key)));
  } else if (fact == MessageFact::kHeaders && messages.headers) {
    column.set(row, copied(messages.headers(message)));
  } else if (fact == MessageFact::kTimestampType && messages.timestamp_type) {
    const auto type = messages.timestamp_type(message);
    if (!type.empty()) column.set(row, type);
  } else if (fact == MessageFact::kFile && messages.file) {
    column.set(row, copied(messages.file(message)));
  }
}

}  // namespace

const std::vector<MessageFactNames>& message_facts() {
  static const std::vector<MessageFactNames> facts{
      {MessageFact::kKey, "prop_key", "@:key", {Kind::kVarchar}},
      {MessageFact::kTimestamp, "prop_timestamp", "@:timestamp", {Kind::kInt64}},
      {MessageFact::kTopic, "prop_topicname", "@:topicname", {Kind::kVarchar}},
      {MessageFact::kPartition, "prop_partition", "@:partition", {Kind::kInt64}},
      {MessageFact::kOffset, "prop_offset", "@:offset", {Kind::kInt64}},
      {MessageFact::kHeaders, "prop_headers", "@:headers", {Kind::kVarchar}},
      {MessageFact::kFile, "source_file", "@:file", {Kind::kVarchar}},
      {MessageFact::kBatch, "batch_id", "@:batch", {Kind::kInt64}},
      {MessageFact::kKeyBytes, "key_bytes", "@:key_bytes", {Kind::kBlob}},
      {MessageFact::kTimestampType, "prop_timestamp_type", "@:timestamp_type", {Kind::kVarchar}},
  };
  return facts;
}

const MessageFactNames* find_message_fact(std::string_view column) {
  for (const auto& fact : message_facts()) {
    if (same_name(fact.column, column)) return &fact;
  }
  return nullptr;
}

std::unique_ptr<Decoder> with_message_columns(std::unique_ptr<Decoder> decoder,
                                              const std::vector<MessageFact>& facts,
                                              std::string origin) {
  if (facts.empty()) return decoder;
  return std::make_unique<MessageColumns>(std::move(decoder), facts, std::move(origin));
}

}  // namespace millrace::decode
