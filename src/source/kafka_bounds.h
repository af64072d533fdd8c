// Where the partitions of a topic begin and end.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/kafka_handle.h"
#include "source/source.h"

namespace millrace::source {

/// Of the partitions `numbers`, which the metadata told of, in their order; the end is what the
/// consumer's isolation.level lets it read up to. Each leader is asked twice, for all it leads, and
/// again until it knows its partitions or the time is up. Errors: kMissingTopic of a partition that
/// stays unknown, kUnavailable, kAuthentication.
Result<std::vector<PartitionBounds>> kafka_bounds(rd_kafka_t* kafka, rd_kafka_topic_t* topic,
                                                  const std::vector<int32_t>& numbers,
                                                  const std::string& brokers, BrokerWords& words,
                                                  std::chrono::milliseconds time_max);

}  // namespace millrace::source
