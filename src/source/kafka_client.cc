#include "source/kafka_client.h"

#include <list>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/thread.h"

namespace millrace::source {
namespace {

constexpr std::chrono::milliseconds kEndTimeMax{5000};

/// How long a broker may hold back its answer to a request for messages while it has none; it
/// answers with messages at once. librdkafka has one such request at a time with a broker, for the
/// partitions whose queues are not full: a partition with a backlog waits for the others' nothing,
/// so for who may have a backlog the hold is short. What idle pipelines cost goes by it, so for
/// them it is longer; a topic that joins them waits for the request that is under way.
constexpr const char* kQuickHoldMs = "25";
constexpr const char* kCalmHoldMs = "500";

/// Threads that never end, kept so that nobody joins them; the process ends without them.
void leave_behind(std::jthread thread) {
  static Mutex mutex;
  static auto& threads = *std::make_unique<std::vector<std::jthread>>().release();
  Lock lock(mutex);
  threads.push_back(std::move(thread));
}

void end_client(KafkaClient* client, const std::string& brokers) {
  struct Ending {
    std::unique_ptr<KafkaClient> client;
    Mutex mutex;
    Condition changed;
    bool ended GUARDED_BY(mutex) = false;
  };
  const auto ending = std::make_shared<Ending>();
  ending->client.reset(client);
  auto thread = run_thread("kafka-end", [ending](const std::stop_token&) {
    ending->client.reset();
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
  log_warn("a Kafka client does not end and is left behind", {{"brokers", brokers}});
  leave_behind(std::move(thread));
}

KafkaConfigSpec spec_of(const KafkaOptions& options, const char* hold_ms) {
  KafkaConfigSpec spec;
  spec.brokers = options.brokers;
  spec.properties = options.properties;
  spec.defaults = {
      {"client.id", "millrace"},
      {"isolation.level", "read_committed"},
      {"check.crcs", "true"},
      {"fetch.wait.max.ms", hold_ms},
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

Result<std::shared_ptr<KafkaClient>> open_client(const KafkaOptions& options, const char* hold_ms) {
  TRY(auto config, make_kafka_config(spec_of(options, hold_ms)));
  const auto end = [brokers = options.brokers](KafkaClient* client) {
    end_client(client, brokers);
  };
  std::shared_ptr<KafkaClient> client(new KafkaClient(), end);
  client->answers.count_those_of(config.get());
  TRY(client->kafka, make_kafka_client(RD_KAFKA_CONSUMER, std::move(config), client->words));
  return client;
}

/// The clients that are shared, for as long as somebody has them.
class SharedClients {
 public:
  /// A name is had by one owner of a client at a time, who gives it back with the last copy of the
  /// pointer; an empty one by any number.
  Result<std::shared_ptr<KafkaClient>> share(const KafkaOptions& options, const char* hold_ms,
                                             const std::string& name);

 private:
  struct Shared {
    std::string hold_ms;
    std::string brokers;
    std::map<std::string, std::string> properties;
    std::weak_ptr<KafkaClient> client;
    std::set<std::string> names;
  };

  void give_back(Shared& shared, const std::string& name);

  Mutex mutex_;
  std::list<Shared> all_ GUARDED_BY(mutex_);
};

Result<std::shared_ptr<KafkaClient>> SharedClients::share(const KafkaOptions& options,
                                                          const char* hold_ms,
                                                          const std::string& name) {
  Lock lock(mutex_);
  all_.remove_if([](const Shared& shared) { return shared.client.expired(); });
  std::shared_ptr<KafkaClient> client;
  Shared* had = nullptr;
  for (auto& shared : all_) {
    if (shared.hold_ms != hold_ms || shared.brokers != options.brokers ||
        shared.properties != options.properties || shared.names.count(name) != 0)
      continue;
    client = shared.client.lock();
    had = &shared;
    if (client) break;  // else its last owner let it go just now
  }
  if (!client) {
    TRY(client, open_client(options, hold_ms));
    had = &all_.emplace_back(Shared{hold_ms, options.brokers, options.properties, client, {}});
  }
  if (name.empty()) return client;
  had->names.insert(name);
  // While somebody has the client it is in the list, at its place.
  auto* plain = client.get();
  return std::shared_ptr<KafkaClient>(plain, [this, had, name, client = std::move(client)](
                                                 KafkaClient*) { give_back(*had, name); });
}

void SharedClients::give_back(Shared& shared, const std::string& name) {
  Lock lock(mutex_);
  shared.names.erase(name);
}

/// Never destroyed: threads give back what they have until the process ends.
SharedClients& shared_clients() {
  static auto& clients = *std::make_unique<SharedClients>().release();
  return clients;
}

}  // namespace

Result<std::shared_ptr<KafkaClient>> open_client(const KafkaOptions& options) {
  return open_client(options, kQuickHoldMs);
}

Result<std::shared_ptr<KafkaClient>> share_fetching_client(const KafkaOptions& options) {
  return shared_clients().share(options, kCalmHoldMs, options.topic);
}

Result<std::shared_ptr<KafkaClient>> share_asking_client(const KafkaOptions& options) {
  return shared_clients().share(options, kQuickHoldMs, {});
}

}  // namespace millrace::source
