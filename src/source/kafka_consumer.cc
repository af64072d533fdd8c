#include "source/kafka_consumer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace millrace::source {
namespace {

void on_queue_event(rd_kafka_t*, void* opaque) {
  static_cast<WakeUp*>(opaque)->signal();
}

Result<TopicOfClient> topic_of(std::shared_ptr<KafkaClient> client, const std::string& topic) {
  TopicOfClient of;
  of.client = std::move(client);
  of.topic.reset(rd_kafka_topic_new(of.kafka(), topic.c_str(), nullptr));
  if (of.topic) return of;
  return Error(Code::kInvalidArgument, "cannot read Kafka topic \"" + topic +
                                           "\": " + rd_kafka_err2str(rd_kafka_last_error()));
}

KafkaOwned<rd_kafka_queue_t> complaints_of(const TopicOfClient& of) {
  return KafkaOwned<rd_kafka_queue_t>(rd_kafka_queue_get_main(of.kafka()));
}

}  // namespace

WakeUp::WakeUp() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_ >= 0, "the system has an eventfd left");
}

WakeUp::~WakeUp() {
  close(event_);
}

void WakeUp::signal() {
  const uint64_t one = 1;
  // It can only fail when 2^64 - 2 signals wait, and then one is there to be seen.
  (void)!write(event_, &one, sizeof one);
}

void WakeUp::wait(std::chrono::milliseconds time) {
  pollfd event{event_, POLLIN, 0};
  const auto bounded = std::clamp<int64_t>(time.count(), 0, 60'000);
  if (poll(&event, 1, static_cast<int>(bounded)) <= 0) return;
  uint64_t signals = 0;
  (void)!read(event_, &signals, sizeof signals);
}

void WakeUp::listen_to(rd_kafka_queue_t* queue) {
  rd_kafka_queue_cb_event_enable(queue, on_queue_event, this);
}

void WakeUp::listen_no_more_to(rd_kafka_queue_t* queue) {
  rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
}

KafkaConsumer::~KafkaConsumer() {
  // What is left of a client after its end (kafka_client.h) must not wake who is gone.
  if (fetching.client) WakeUp::listen_no_more_to(complaints_of(fetching).get());
}

Result<std::shared_ptr<KafkaConsumer>> open_consumer(const KafkaOptions& options, Pace pace) {
  auto consumer = std::make_shared<KafkaConsumer>();
  consumer->brokers = options.brokers;
  consumer->topic_name = options.topic;
  if (pace == Pace::kCalm) {
    TRY(auto fetching, share_fetching_client(options));
    TRY(consumer->fetching, topic_of(std::move(fetching), options.topic));
    TRY(auto asking, share_asking_client(options));
    TRY(consumer->asking, topic_of(std::move(asking), options.topic));
    return consumer;
  }
  TRY(auto client, open_client(options));
  TRY(consumer->fetching, topic_of(client, options.topic));
  TRY(consumer->asking, topic_of(client, options.topic));
  // The error callback, which rd_kafka_poll calls, has something to say. Of a client that others
  // share each hears when it looks next.
  consumer->wake.listen_to(complaints_of(consumer->fetching).get());
  return consumer;
}

}  // namespace millrace::source
