#include "demo/house.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "source/source.h"

namespace millrace::demo {
namespace {

/// One partition: a topic's couples are learned in the order in which they were sent.
constexpr int32_t kPartitions = 1;
constexpr int kNamesTriedMax = 1000;

}  // namespace

Result<std::unique_ptr<House>> House::open(const HouseOptions& options) {
  auto house = std::unique_ptr<House>(new House());
  if (options.kafka.empty()) {
    TRY(house->broker_, source::DemoBroker::start());
    house->broker_address_ = house->broker_->address();
  } else {
    house->broker_address_ = options.kafka;
  }
  TRY(house->producer_, source::Producer::open({house->broker_address_, {}}));
  TRY_OK(house->open_folder(options.data_dir));
  TRY_OK(house->open_server(options));
  return house;
}

House::~House() {
  if (const auto closed = close(); !closed)
    log_error("could not close the demo's server", {{"why", closed.error().to_string()}});
}

Status House::open_folder(const std::string& wanted) {
  if (!wanted.empty()) {
    data_dir_ = wanted;
    return {};
  }
  std::error_code failed;
  auto pattern = (std::filesystem::temp_directory_path(failed) / "millrace-demo-XXXXXX").string();
  if (failed || mkdtemp(pattern.data()) == nullptr)
    return Error(Code::kUnavailable,
                 "could not make a temporary folder for the demo's data: " +
                     std::string(failed ? failed.message().c_str() : std::strerror(errno)),
                 "Name one with --data-dir.");
  data_dir_ = pattern;
  folder_is_ours_ = true;
  return {};
}

/// The address itself if it can be had, else one of its host's free ones.
Result<serve::Address> House::free_address(const std::string& wanted, const std::string& what) {
  TRY(auto address, serve::parse_address(wanted));
  if (address.port == 0) return address;
  const auto listener = serve::Listener::open(address);
  if (listener) return address;
  if (listener.error().code != Code::kUnavailable) return listener.error();
  remarks_.push_back(address.to_string() + " is taken: " + what + " gets a free port instead");
  address.port = 0;
  return address;
}

Status House::open_server(const HouseOptions& options) {
  serve::InstanceOptions instance;
  instance.store.directory = data_dir_;
  TRY(instance.server.mysql_listen, free_address(options.mysql_listen, "the MySQL side"));
  TRY(instance.server.http_listen, free_address(options.http_listen, "HTTP"));
  auto opened = serve::Instance::open(instance);
  if (!opened) return std::move(opened).error().within("could not start the demo's server");
  instance_ = std::move(*opened);
  return {};
}

Result<bool> House::holds_data(const std::string& topic) const {
  source::KafkaOptions options;
  options.brokers = broker_address_;
  options.topic = topic;
  TRY(const auto reader, source::open_kafka(options));
  const auto partitions = reader->partitions();
  if (!partitions && partitions.error().code == Code::kMissingTopic) return false;
  if (!partitions) return partitions.error();
  for (const auto& partition : *partitions) {
    // What was deleted counts too: the numbers of its messages are used up.
    if (partition.latest_offset > 0) return true;
  }
  return false;
}

Status House::make_topic(const std::string& topic) {
  if (broker_) TRY_OK(broker_->create_topic(topic, kPartitions));
  return producer_->create_topic(topic, kPartitions);
}

Result<Topics> House::make_topics() {
  const Topics plain;
  for (int number = 1; number <= kNamesTriedMax; ++number) {
    const std::string suffix = number == 1 ? "" : "_" + std::to_string(number);
    const Topics topics{plain.training + suffix, plain.classification + suffix,
                        plain.people + suffix};
    std::string taken;
    for (const auto& topic : {topics.training, topics.classification, topics.people}) {
      if (broker_ || !taken.empty()) break;
      TRY(const bool holds, holds_data(topic));
      if (holds) taken = topic;
    }
    if (number == 1 && !taken.empty())
      remarks_.push_back("topic \"" + taken + "\" holds data already: new names are used");
    if (!taken.empty()) continue;
    for (const auto& topic : {topics.training, topics.classification, topics.people})
      TRY_OK(make_topic(topic));
    return topics;
  }
  return Error(Code::kResourceExhausted, "topics \"training\" to \"training_" +
                                             std::to_string(kNamesTriedMax) + "\" all hold data");
}

Status House::close() {
  Status stopped;
  if (instance_) stopped = instance_->stop();
  instance_.reset();
  if (folder_is_ours_) {
    std::error_code ignored;  // a temporary folder that stays is no harm
    std::filesystem::remove_all(data_dir_, ignored);
    folder_is_ours_ = false;
  }
  return stopped;
}

}  // namespace millrace::demo
