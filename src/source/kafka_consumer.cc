#include "source/kafka_consumer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/thread.h"

namespace millrace::source {
namespace {

constexpr std::chrono::milliseconds kEndTimeMax{5000};

void on_queue_event(rd_kafka_t*, void* opaque) {
  static_cast<WakeUp*>(opaque)->signal();
}

/// Threads that never end, kept so that nobody joins them; the process ends without them.
void leave_behind(std::jthread thread) {
  static Mutex mutex;
  static auto& threads = *std::make_unique<std::vector<std::jthread>>().release();
  Lock lock(mutex);
  threads.push_back(std::move(thread));
}

void end_consumer(KafkaConsumer* consumer) {
  struct Ending {
    std::unique_ptr<KafkaConsumer> consumer;
    Mutex mutex;
    Condition changed;
    bool ended GUARDED_BY(mutex) = false;
  };
  const auto ending = std::make_shared<Ending>();
  ending->consumer.reset(consumer);
  const std::string topic = consumer->topic_name;
  auto thread = run_thread("kafka-end", [ending](const std::stop_token&) {
    ending->consumer.reset();
    Lock lock(ending->mutex);
    ending->ended = true;
    ending->changed.notify_all();
  });
  {
    Lock lock(ending->mutex);
    bool in_time = true;
    while (!ending->ended && in_time) {
      in_time = ending->changed.wait_for(ending->mutex, kEndTimeMax);
    }
    if (ending->ended) return;
  }
  log_warn("a Kafka client does not end and is left behind", {{"topic", topic}});
  leave_behind(std::move(thread));
}

KafkaConfigSpec spec_of(const KafkaOptions& options, Pace pace) {
  KafkaConfigSpec spec;
  spec.brokers = options.brokers;
  spec.properties = options.properties;
  spec.defaults = {
      {"client.id", "millrace"},
      {"isolation.level", "read_committed"},
      {"check.crcs", "true"},
      {"fetch.wait.max.ms", pace == Pace::kQuick ? "25" : "2000"},
      {"fetch.error.backoff.ms", "50"},
      // What one answer brings of a partition; the first rows wait for the whole of the first one.
      {"fetch.message.max.bytes", "1048576"},
      // Of each partition: enough for the time of a fetch. More would only go through memory that
      // no cache holds, and it counts once for every partition of every pipeline.
      {"queued.min.messages", "200000"},
      {"queued.max.messages.kbytes", "4096"},
      // How soon a full queue is looked at again.
      {"fetch.queue.backoff.ms", "2"},
      {"reconnect.backoff.max.ms", "1000"},
      // Twice as long as librdkafka waits before it connects to a second broker, which each start
      // does: the first one is that of the address it was given.
      {"reconnect.backoff.ms", "20"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      {"enable.metrics.push", "false"},
  };
  spec.owned = {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"allow.auto.create.topics", "false"},
      // An offset that is gone is an error to be told, never a reason to begin somewhere else.
      {"auto.offset.reset", "error"},
  };
  return spec;
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

Result<std::shared_ptr<KafkaConsumer>> open_consumer(const KafkaOptions& options, Pace pace) {
  TRY(auto config, make_kafka_config(spec_of(options, pace)));
  std::shared_ptr<KafkaConsumer> consumer(new KafkaConsumer(), end_consumer);
  consumer->brokers = options.brokers;
  consumer->topic_name = options.topic;
  consumer->answers.count_those_of(config.get());
  TRY(consumer->kafka, make_kafka_client(RD_KAFKA_CONSUMER, std::move(config), consumer->words));
  // The error callback, which rd_kafka_poll calls, has something to say.
  const KafkaOwned<rd_kafka_queue_t> complaints(rd_kafka_queue_get_main(consumer->kafka.get()));
  consumer->wake.listen_to(complaints.get());
  consumer->topic.reset(rd_kafka_topic_new(consumer->kafka.get(), options.topic.c_str(), nullptr));
  if (consumer->topic) return consumer;
  return Error(Code::kInvalidArgument, "cannot read Kafka topic \"" + options.topic +
                                           "\": " + rd_kafka_err2str(rd_kafka_last_error()));
}

}  // namespace millrace::source
