#include <algorithm>
#include <array>

#include "source/kafka_handle.h"

namespace millrace::source {
namespace {

struct Refusal {
  std::string_view property;
  std::string_view why;
};

// What a user may not set in CONFIG, besides what a caller owns: these name code or commands that
// librdkafka would run within the server.
constexpr std::array<Refusal, 6> kRefused{{
    {"bootstrap.servers", "The brokers stand in LOAD DATA KAFKA 'host:port/topic'."},
    {"metadata.broker.list", "The brokers stand in LOAD DATA KAFKA 'host:port/topic'."},
    {"plugin.library.paths", "It would load a library into the server."},
    {"ssl.engine.location", "It would load a library into the server."},
    {"sasl.kerberos.kinit.cmd", "It would run a command on the server."},
    {"builtin.features", "It tells what the library can do and is not to be set."},
}};

// The engine's own keys that may stand beside librdkafka's in CONFIG (reference/pipelines.md); the
// engine reads them, librdkafka never sees them.
bool is_engine_key(std::string_view property) {
  return property == "kafka_version" || property == "auto.offset.reset" ||
         property.substr(0, 16) == "schema.registry.";
}

std::vector<std::string> known_properties() {
  std::vector<std::string> names;
  const auto add = [&](const char** dumped, size_t size) {
    for (size_t i = 0; i + 1 < size; i += 2) names.emplace_back(dumped[i]);
    rd_kafka_conf_dump_free(dumped, size);
  };
  size_t count = 0;
  const KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  const char** pairs = rd_kafka_conf_dump(conf.get(), &count);
  add(pairs, count);
  rd_kafka_topic_conf_t* topic = rd_kafka_topic_conf_new();
  pairs = rd_kafka_topic_conf_dump(topic, &count);
  add(pairs, count);
  rd_kafka_topic_conf_destroy(topic);
  // Properties without a default are not in the dump; these are the ones people mistype.
  for (const char* name :
       {"sasl.username", "sasl.password", "sasl.mechanism", "ssl.ca.location", "ssl.ca.pem",
        "ssl.certificate.location", "ssl.key.location", "ssl.key.password", "client.rack", "debug",
        "ssl.keystore.location", "ssl.keystore.password", "sasl.oauthbearer.config"}) {
    names.emplace_back(name);
  }
  // Callbacks and pointers are no properties of a text.
  std::erase_if(names, [](const std::string& name) {
    return name.find("_cb") != std::string::npos || name == "opaque" || name == "interceptors" ||
           name == "default_topic_conf";
  });
  return names;
}

Error unknown_property(const std::string& property) {
  const auto names = known_properties();
  const std::vector<std::string_view> views(names.begin(), names.end());
  return Error(Code::kInvalidArgument, "Kafka property \"" + property + "\" does not exist",
               did_you_mean(property, views));
}

Status set_property(rd_kafka_conf_t* conf, const std::string& property, const std::string& value) {
  std::array<char, 512> why{};
  switch (rd_kafka_conf_set(conf, property.c_str(), value.c_str(), why.data(), why.size())) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN:
      return unknown_property(property);
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  Error error(Code::kInvalidArgument, "cannot set Kafka property \"" + property + "\"");
  error.detail = std::string(why.data()) + ".";
  return error;
}

Status check_allowed(const KafkaConfigSpec& spec, const std::string& property) {
  for (const auto& refusal : kRefused) {
    if (refusal.property == property)
      return Error(Code::kInvalidArgument, "Kafka property \"" + property + "\" cannot be set",
                   std::string(refusal.why));
  }
  for (const auto& [name, value] : spec.owned) {
    if (property == name)
      return Error(Code::kInvalidArgument,
                   "Kafka property \"" + property + "\" belongs to the engine and cannot be set",
                   "Leave it out; the engine keeps positions and groups itself.");
  }
  return {};
}

/// It quotes what it cannot read of sasl.oauthbearer.config, which may hold a secret.
void on_error(rd_kafka_t*, int error, const char* why, void* opaque) {
  constexpr std::string_view kConfig = "sasl.oauthbearer.config";
  std::string_view words = why;
  if (const auto at = words.find(kConfig); at != std::string_view::npos)
    words = words.substr(0, at + kConfig.size());
  static_cast<BrokerWords*>(opaque)->heard(static_cast<rd_kafka_resp_err_t>(error),
                                           std::string(words));
}

// librdkafka reports every failed connection both to the error callback and to its log. Errors are
// returned where they matter, so the log would only say them twice.
void on_log(const rd_kafka_t*, int, const char*, const char*) {}

}  // namespace

Result<KafkaOwned<rd_kafka_conf_t>> make_kafka_config(const KafkaConfigSpec& spec) {
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : spec.defaults) TRY_OK(set_property(conf.get(), name, value));
  for (const auto& [name, value] : spec.properties) {
    if (is_engine_key(name)) continue;
    TRY_OK(check_allowed(spec, name));
    TRY_OK(set_property(conf.get(), name, value));
  }
  for (const auto& [name, value] : spec.owned) TRY_OK(set_property(conf.get(), name, value));
  if (spec.brokers.empty())
    return Error(Code::kInvalidArgument, "cannot reach Kafka without the address of a broker",
                 "Write LOAD DATA KAFKA 'host:port/topic'.");
  TRY_OK(set_property(conf.get(), "bootstrap.servers", spec.brokers));
  return conf;
}

Result<KafkaOwned<rd_kafka_t>> make_kafka_client(rd_kafka_type_t type,
                                                 KafkaOwned<rd_kafka_conf_t> config,
                                                 BrokerWords& words) {
  rd_kafka_conf_set_opaque(config.get(), &words);
  rd_kafka_conf_set_error_cb(config.get(), on_error);
  rd_kafka_conf_set_log_cb(config.get(), on_log);
  std::array<char, 512> why{};
  KafkaOwned<rd_kafka_t> kafka(rd_kafka_new(type, config.get(), why.data(), why.size()));
  if (!kafka) {
    Error error(Code::kInvalidArgument, "cannot make a Kafka client from these properties");
    error.detail = std::string(why.data()) + ".";
    return error;
  }
  (void)config.release();  // the client owns it from here on
  return kafka;
}

}  // namespace millrace::source
