// What the end-to-end benchmark needs of Kafka at full speed: rows like the speed-dating example's
// (dating_rows.h) into a topic, and the yardstick, how fast plain librdkafka takes them out again.
// Each verb prints one JSON object on stdout.
//   kafka_bench fill    BROKERS TOPIC ROWS PARTITIONS FORMAT   as fast as the broker takes them;
//                                                              csv, json or avro
//   kafka_bench drain   BROKERS TOPIC PARTITIONS               all rows, by batches, doing nothing
//   kafka_bench trickle BROKERS TOPIC ROWS ROWS_PER_SECOND     one by one, with the time of sending
//   kafka_bench receive BROKERS TOPIC ROWS                     how old those are when they arrive
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "dating_rows.h"

namespace {

using millrace::bench::draw_row;
using millrace::bench::RowFormat;
using millrace::bench::write_row;

constexpr int kTimeoutMs = 60'000;

int64_t monotonic_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "kafka_bench: %s\n", what.c_str());
  std::exit(1);
}

int64_t number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    fail("\"" + std::string(text) + "\" is not a number above 0");
  }
  return number;
}

struct HandleFree {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleFree>;
using Topic = std::unique_ptr<rd_kafka_topic_t, HandleFree>;
using Queue = std::unique_ptr<rd_kafka_queue_t, HandleFree>;
using Properties = std::vector<std::pair<const char*, const char*>>;

Handle connect(rd_kafka_type_t type, const char* brokers, const Properties& properties) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(error);
  };
  set("bootstrap.servers", brokers);
  for (const auto& [name, value] : properties) set(name, value);
  Handle handle(rd_kafka_new(type, conf, error, sizeof error));
  if (!handle) fail(error);
  return handle;
}

Topic topic_of(const Handle& handle, const char* name) {
  Topic topic(rd_kafka_topic_new(handle.get(), name, nullptr));
  if (!topic) fail(rd_kafka_err2str(rd_kafka_last_error()));
  return topic;
}

void produce(const Handle& handle, const Topic& topic, int32_t partition, std::string& line) {
  while (rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, line.data(), line.size(),
                          nullptr, 0, nullptr) != 0) {
    const auto error = rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(error));
    rd_kafka_poll(handle.get(), 50);
  }
}

void flush(const Handle& handle) {
  const auto error = rd_kafka_flush(handle.get(), kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
}

RowFormat format_of(std::string_view name) {
  if (name == "csv") return RowFormat::kCsv;
  if (name == "json") return RowFormat::kJson;
  if (name == "avro") return RowFormat::kAvro;
  fail("\"" + std::string(name) + "\" is none of csv, json and avro");
}

void fill(const char* brokers, const char* name, int64_t rows, int64_t partitions,
          RowFormat format) {
  const auto handle = connect(RD_KAFKA_PRODUCER, brokers,
                              {{"linger.ms", "20"},
                               {"batch.size", "1000000"},
                               {"enable.idempotence", "true"},
                               {"queue.buffering.max.messages", "500000"}});
  const auto topic = topic_of(handle, name);
  std::mt19937 random(7);
  std::string line;
  int64_t bytes = 0;
  const int64_t begin = monotonic_micros();
  for (int64_t row = 0; row < rows; ++row) {
    write_row(draw_row(row, 0, random), format, line);
    bytes += static_cast<int64_t>(line.size());
    produce(handle, topic, static_cast<int32_t>(row % partitions), line);
    if (row % 4096 == 0) rd_kafka_poll(handle.get(), 0);
  }
  flush(handle);
  std::printf("{\"rows\": %lld, \"bytes\": %lld, \"seconds\": %.6f}\n",
              static_cast<long long>(rows), static_cast<long long>(bytes),
              static_cast<double>(monotonic_micros() - begin) / 1e6);
}

/// Begins at the first offset of each partition, all into one queue.
Queue consume_all(const Handle& handle, const Topic& topic, int64_t partitions) {
  Queue queue(rd_kafka_queue_new(handle.get()));
  for (int32_t i = 0; i < partitions; ++i) {
    if (rd_kafka_consume_start_queue(topic.get(), i, RD_KAFKA_OFFSET_BEGINNING, queue.get()) != 0) {
      fail(rd_kafka_err2str(rd_kafka_last_error()));
    }
  }
  return queue;
}

void drain(const char* brokers, const char* name, int64_t partitions) {
  // What millrace's own source sets to be quick, and none of what it checks besides.
  const auto handle = connect(RD_KAFKA_CONSUMER, brokers,
                              {{"group.id", "bench"},
                               {"enable.auto.commit", "false"},
                               {"queued.min.messages", "200000"},
                               {"queued.max.messages.kbytes", "32768"},
                               {"fetch.message.max.bytes", "4194304"}});
  const auto topic = topic_of(handle, name);
  int64_t wanted = 0;
  for (int32_t i = 0; i < partitions; ++i) {
    int64_t low = 0;
    int64_t high = 0;
    const auto error =
        rd_kafka_query_watermark_offsets(handle.get(), name, i, &low, &high, kTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
    wanted += high - low;
  }
  std::vector<rd_kafka_message_t*> messages(10'000);
  int64_t rows = 0;
  int64_t bytes = 0;
  const int64_t begin = monotonic_micros();
  const auto queue = consume_all(handle, topic, partitions);
  while (rows < wanted) {
    const auto count =
        rd_kafka_consume_batch_queue(queue.get(), 1000, messages.data(), messages.size());
    if (count < 0) fail(rd_kafka_err2str(rd_kafka_last_error()));
    if (count == 0 && monotonic_micros() - begin > kTimeoutMs * 1000LL) fail("rows are missing");
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = messages[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++rows;
        bytes += static_cast<int64_t>(message->len);
      }
      rd_kafka_message_destroy(message);
    }
  }
  std::printf("{\"rows\": %lld, \"bytes\": %lld, \"seconds\": %.6f}\n",
              static_cast<long long>(rows), static_cast<long long>(bytes),
              static_cast<double>(monotonic_micros() - begin) / 1e6);
  for (int32_t i = 0; i < partitions; ++i) rd_kafka_consume_stop(topic.get(), i);
}

void trickle(const char* brokers, const char* name, int64_t rows, int64_t rate) {
  const auto handle = connect(RD_KAFKA_PRODUCER, brokers, {{"linger.ms", "0"}});
  const auto topic = topic_of(handle, name);
  std::mt19937 random(11);
  std::string line;
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t row = 0; row < rows; ++row) {
    // tidy: allow sleep: a row a millisecond is what this verb is for
    std::this_thread::sleep_until(begin + std::chrono::microseconds(row * 1'000'000 / rate));
    write_row(draw_row(row, monotonic_micros(), random), RowFormat::kCsv, line);
    produce(handle, topic, 0, line);
    rd_kafka_poll(handle.get(), 0);
  }
  flush(handle);
  std::printf("{\"rows\": %lld}\n", static_cast<long long>(rows));
}

void receive(const char* brokers, const char* name, int64_t rows) {
  const auto handle =
      connect(RD_KAFKA_CONSUMER, brokers, {{"group.id", "bench"}, {"enable.auto.commit", "false"}});
  const auto topic = topic_of(handle, name);
  const auto queue = consume_all(handle, topic, 1);
  std::printf("ready\n");
  std::fflush(stdout);
  std::vector<double> ages;
  int64_t heard = monotonic_micros();
  while (static_cast<int64_t>(ages.size()) < rows) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue.get(), 1000);
    const int64_t now = monotonic_micros();
    if (message == nullptr) {
      if (now - heard > kTimeoutMs * 1000LL) fail("rows are missing");
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      heard = now;
      const std::string_view line(static_cast<const char*>(message->payload), message->len);
      const size_t sent = line.find(',') + 1;
      ages.push_back(
          static_cast<double>(now - number_of(line.substr(sent, line.find(',', sent) - sent))) /
          1e3);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consume_stop(topic.get(), 0);
  std::printf("{\"ages_ms\": [");
  for (size_t i = 0; i < ages.size(); ++i) std::printf("%s%.3f", i == 0 ? "" : ", ", ages[i]);
  std::printf("]}\n");
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "fill" && count == 7) {
    fill(arguments[2], arguments[3], number_of(arguments[4]), number_of(arguments[5]),
         format_of(arguments[6]));
  } else if (verb == "drain" && count == 5) {
    drain(arguments[2], arguments[3], number_of(arguments[4]));
  } else if (verb == "trickle" && count == 6) {
    trickle(arguments[2], arguments[3], number_of(arguments[4]), number_of(arguments[5]));
  } else if (verb == "receive" && count == 5) {
    receive(arguments[2], arguments[3], number_of(arguments[4]));
  } else {
    fail("usage: kafka_bench fill|drain|trickle|receive BROKERS TOPIC ...; see its first lines");
  }
  return 0;
}
