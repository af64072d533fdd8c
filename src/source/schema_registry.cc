#include "source/schema_registry.h"

#include <httplib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace millrace::source {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kPrefix = "schema.registry.";
constexpr size_t kReferencesMax = 1000;
constexpr size_t kAnswerBytesMax = 16 << 20;

struct Url {
  std::string origin;  // http://host:port
  std::string path;    // without a slash at its end
};

Url split_url(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t slash = std::min(url.find('/', host), url.size());
  Url parts{url.substr(0, slash), url.substr(slash)};
  while (parts.path.ends_with('/')) parts.path.pop_back();
  return parts;
}

Error refused(const std::string& url, const httplib::Response& response) {
  const std::string status = std::to_string(response.status);
  if (response.status == 401 || response.status == 403)
    return Error(Code::kAuthentication,
                 "schema registry \"" + url + "\" refused the user: status " + status,
                 "Write schema.registry.username in CONFIG and .password in CREDENTIALS.");
  return Error(Code::kUnavailable, "schema registry \"" + url + "\" answered status " + status);
}

Result<Json> get_from(const RegistryOptions& registry, const std::string& url,
                      const std::string& path) {
  const auto parts = split_url(url);
  httplib::Client client(parts.origin);
  client.set_connection_timeout(registry.timeout);
  client.set_read_timeout(registry.timeout);
  client.set_follow_location(true);
  if (!registry.username.empty()) client.set_basic_auth(registry.username, registry.password);
  if (!registry.ca_location.empty()) client.set_ca_cert_path(registry.ca_location);
  const auto result =
      client.Get(parts.path + path, {{"Accept", "application/vnd.schemaregistry.v1+json"}});
  if (!result)
    return Error(Code::kUnavailable, "schema registry \"" + url + "\" cannot be reached: " +
                                         httplib::to_string(result.error()));
  if (result->status == 404) return Error(Code::kNotFound, "the registry has no such schema");
  if (result->status != 200) return refused(url, *result);
  if (result->body.size() > kAnswerBytesMax)
    return Error(Code::kNotFound, "the registry's schema is larger than 16 MiB");
  Json json = Json::parse(result->body, nullptr, false);
  if (!json.is_object())
    return Error(Code::kUnavailable, "schema registry \"" + url + "\" answered no JSON object");
  return json;
}

/// The first registry that answers; what one says of a schema, the others would say too.
Result<Json> get(const RegistryOptions& registry, const std::string& path) {
  Result<Json> answer = Error(Code::kUnavailable, "there is no schema registry");
  for (const auto& url : registry.urls) {
    try {
      answer = get_from(registry, url, path);
    } catch (const std::exception& e) {
      answer = Error(Code::kUnavailable, "schema registry \"" + url + "\" failed: " + e.what());
    }
    if (answer || answer.error().code != Code::kUnavailable) break;
  }
  return answer;
}

std::string text_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::string escaped(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<uint8_t>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

/// The schemas that `json` refers to, theirs first.
Status add_references(const RegistryOptions& registry, const Json& json,
                      std::set<std::string>& seen, RegistryAnswer& answer) {
  const auto references = json.find("references");
  if (references == json.end() || !references->is_array()) return {};
  for (const auto& reference : *references) {
    const auto subject = text_of(reference, "subject");
    const auto version = reference.find("version");
    if (subject.empty() || version == reference.end() || !version->is_number_integer())
      return Error(Code::kNotFound, "a reference of the schema names no subject and version");
    const std::string path =
        "/subjects/" + escaped(subject) + "/versions/" + std::to_string(version->get<int64_t>());
    if (!seen.insert(path).second) continue;
    if (seen.size() > kReferencesMax)
      return Error(Code::kNotFound, "the schema refers to more than 1000 others");
    TRY(const Json found, get(registry, path));
    TRY_OK(add_references(registry, found, seen, answer));
    answer.references.push_back(text_of(found, "schema"));
  }
  return {};
}

Status read_urls(const std::string& text, std::vector<std::string>& urls) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string url = text.substr(begin, end - begin);
    begin = end + 1;
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return Error(Code::kInvalidArgument,
                   "schema.registry.url \"" + url + "\" is no address of a schema registry",
                   "It is written http://host:port or https://host:port.");
    const std::string host = url.substr(0, url.find('/', url.find("://") + 3));
    if (host.find('@') != std::string::npos)
      return Error(Code::kInvalidArgument,
                   "schema.registry.url names a user, and would be shown with the password",
                   "Write schema.registry.username in CONFIG and schema.registry.password in "
                   "CREDENTIALS.");
    urls.push_back(std::move(url));
  }
  return {};
}

}  // namespace

Result<RegistryOptions> registry_options(const std::map<std::string, std::string>& properties) {
  RegistryOptions options;
  static const std::vector<std::string_view> known{
      "schema.registry.url", "schema.registry.username", "schema.registry.password",
      "schema.registry.basic.auth.user.info", "schema.registry.ssl.ca.location"};
  for (const auto& [key, value] : properties) {
    if (!key.starts_with(kPrefix)) continue;
    if (key == known[0]) {
      TRY_OK(read_urls(value, options.urls));
    } else if (key == known[1]) {
      options.username = value;
    } else if (key == known[2]) {
      options.password = value;
    } else if (key == known[3]) {
      const size_t colon = std::min(value.find(':'), value.size());
      options.username = value.substr(0, colon);
      options.password = value.substr(std::min(colon + 1, value.size()));
    } else if (key == known[4]) {
      options.ca_location = value;
    } else {
      return Error(Code::kInvalidArgument, "property \"" + key + "\" does not exist",
                   did_you_mean(key, known));
    }
  }
  return options;
}

Result<RegistryAnswer> find_schema(const RegistryOptions& registry, int32_t id) {
  TRY(const Json json, get(registry, "/schemas/ids/" + std::to_string(id)));
  const auto type = text_of(json, "schemaType");
  if (!type.empty() && type != "AVRO")
    return Error(Code::kNotFound, "the registry's schema is " + type + ", not Avro");
  RegistryAnswer answer;
  answer.json = text_of(json, "schema");
  std::set<std::string> seen;
  TRY_OK(add_references(registry, json, seen, answer));
  return answer;
}

}  // namespace millrace::source
