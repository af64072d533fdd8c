#include "engine/reject_forwarder.h"

#include <charconv>

namespace millrace::engine {

Result<int64_t> RejectForwarder::forwarded() const {
  TRY(const auto kept, store_.setting(setting()));
  int64_t batch = 0;
  if (kept) (void)std::from_chars(kept->data(), kept->data() + kept->size(), batch);
  return batch;
}

Status RejectForwarder::send(const store::KeptRejects& kept) {
  const std::string& topic = kept.topic.empty() ? definition_.source.topic : kept.topic;
  for (const auto& reject : kept.rejects) {
    TRY_OK(producer_->send(definition_.rejects.topic, -1, {}, reject.bytes,
                           {{"pipeline", definition_.name.database + "." + definition_.name.name},
                            {"batch", std::to_string(kept.batch_id)},
                            {"topic", topic},
                            {"partition", std::to_string(reject.partition)},
                            {"offset", std::to_string(reject.offset)},
                            {"reason", std::string(name_of(reject.reason))},
                            {"detail", reject.detail}}));
  }
  return producer_->flush();
}

Status RejectForwarder::forward(int64_t last_batch_id) {
  if (definition_.rejects.kind != RejectsDefinition::Kind::kKafka) return {};
  if (forwarded_ < 0) {
    TRY(forwarded_, forwarded());
  }
  while (forwarded_ < last_batch_id && !stop_.stop_requested()) {
    TRY(const auto kept, store_.next_rejects(pipeline_id_, forwarded_, last_batch_id));
    if (!kept) {
      forwarded_ = last_batch_id;
      return {};
    }
    if (!producer_) {
      source::ProducerOptions options;
      options.brokers = definition_.rejects.brokers;
      options.properties = definition_.source.credentials;
      options.stop = stop_;
      for (const auto& [key, value] : definition_.source.config) {
        const bool shared =
            key.starts_with("security.") || key.starts_with("sasl.") || key.starts_with("ssl.");
        if (shared) options.properties[key] = value;
      }
      // A broker that is away must not hold the pipeline up for long.
      options.properties["message.timeout.ms"] = "5000";
      std::erase_if(options.properties,
                    [](const auto& one) { return one.first.starts_with("schema.registry."); });
      TRY(producer_, source::Producer::open(options));
    }
    if (auto sent = send(*kept); !sent)
      return sent.error().code == Code::kCancelled ? Status() : std::move(sent);
    TRY_OK(store_.set_setting(setting(), std::to_string(kept->batch_id)));
    forwarded_ = kept->batch_id;
  }
  return {};
}

}  // namespace millrace::engine
