// Facts of the message that a row came from (its offset, its key) as columns behind the decoded
// ones: what get_kafka_pipeline_prop(), pipeline_source_file() and pipeline_batch_id() stand for in
// SET and WHERE. A Decoder around another one; costs nothing per row unless somebody asks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoder.h"

namespace millrace::decode {

enum class MessageFact : uint8_t {
  kKey,            // VARCHAR, bytes that are no UTF-8 as \xHH; NULL without a key
  kTimestamp,      // BIGINT, milliseconds since 1970; NULL when the broker gave none
  kTopic,          // VARCHAR
  kPartition,      // BIGINT
  kOffset,         // BIGINT
  kHeaders,        // VARCHAR, a JSON object; NULL when the source has none
  kFile,           // VARCHAR, the file of a source of files; NULL for others
  kBatch,          // BIGINT, the number of the batch
  kKeyBytes,       // BLOB, the key as it is: what a BLOB is given that is SET to the key alone
  kTimestampType,  // VARCHAR, CreateTime or LogAppendTime; NULL without a time
};

struct MessageFactNames {
  MessageFact fact;
  std::string_view name;    // "prop_offset": the argument of get_kafka_pipeline_prop
  std::string_view column;  // "@:offset": the column, a name that no user can give
  DataType type;
};
const std::vector<MessageFactNames>& message_facts();
/// By its column's name, case ignored.
const MessageFactNames* find_message_fact(std::string_view column);

/// `origin` is the topic.
std::unique_ptr<Decoder> with_message_columns(std::unique_ptr<Decoder> decoder,
                                              const std::vector<MessageFact>& facts,
                                              std::string origin);

}  // namespace millrace::decode
