// A client of a schema registry: Confluent's HTTP interface, of which it needs two answers, the
// schema of an id and the schemas that this one refers to. Answers are never kept here.
// Thread-safe, for it has no state; each call connects anew and is bounded in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::source {

struct RegistryOptions {
  std::vector<std::string> urls;  // http[s]://host:port[/path]; tried in this order
  std::string username;
  std::string password;
  std::string ca_location;  // certificates of authorities; empty: the system's
  std::chrono::milliseconds timeout{5000};
};

/// From CONFIG and CREDENTIALS together: schema.registry.url, schema.registry.username and
/// .password or schema.registry.basic.auth.user.info, schema.registry.ssl.ca.location. Errors:
/// kInvalidArgument for a property of the registry's that is none, and for a URL.
Result<RegistryOptions> registry_options(const std::map<std::string, std::string>& properties);

struct RegistryAnswer {
  std::string json;
  std::vector<std::string> references;  // each after those it refers to itself
};

/// Errors: kNotFound when the registry has no such schema, or one that is not Avro; kUnavailable
/// when it does not answer; kAuthentication.
Result<RegistryAnswer> find_schema(const RegistryOptions& registry, int32_t id);

}  // namespace millrace::source
