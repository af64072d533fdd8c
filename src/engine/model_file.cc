#include "engine/model_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "engine/model_state.h"
#include "features/fingerprint.h"

namespace millrace::engine {
namespace {

constexpr std::string_view kModelFileMagic = "MRMODEL1";
constexpr size_t kWord = 8;

void put_word(std::string& bytes, uint64_t value) {
  for (size_t i = 0; i < kWord; ++i) bytes += static_cast<char>(value >> (8 * i));
}

uint64_t word_at(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < kWord; ++i)
    value |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  return value;
}

void put_part(std::string& bytes, std::string_view part) {
  put_word(bytes, part.size());
  bytes += part;
}

/// Takes a part off `rest`; false when it is not there as a whole.
bool take_part(std::string_view& rest, std::string_view& part) {
  if (rest.size() < kWord) return false;
  const uint64_t size = word_at(rest, 0);
  rest.remove_prefix(kWord);
  if (size > rest.size()) return false;
  part = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

struct Parts {
  std::string_view database, name, definition, snapshot;
  uint64_t created_at = 0;
};

bool split(std::string_view bytes, Parts& parts) {
  if (bytes.size() < kModelFileMagic.size() + kWord || !bytes.starts_with(kModelFileMagic))
    return false;
  const size_t end = bytes.size() - kWord;
  if (features::fingerprint(bytes.substr(0, end)) != word_at(bytes, end)) return false;
  auto rest = bytes.substr(kModelFileMagic.size(), end - kModelFileMagic.size());
  if (!take_part(rest, parts.database) || !take_part(rest, parts.name) ||
      !take_part(rest, parts.definition) || !take_part(rest, parts.snapshot))
    return false;
  if (rest.size() != kWord) return false;
  parts.created_at = word_at(rest, 0);
  return true;
}

}  // namespace

Status write_model_file(const std::string& path, const ModelDefinition& definition,
                        const store::ModelSnapshot& snapshot) {
  TRY(const auto json, to_json(definition));
  std::string bytes(kModelFileMagic);
  put_part(bytes, definition.name.database);
  put_part(bytes, definition.name.name);
  put_part(bytes, json);
  put_part(bytes, snapshot.bytes);
  put_word(bytes, static_cast<uint64_t>(snapshot.created_at));
  put_word(bytes, features::fingerprint(bytes));
  std::FILE* out = std::fopen(path.c_str(), "wxb");
  if (out == nullptr)
    return Error(errno == EEXIST ? Code::kAlreadyExists : Code::kFile,
                 "could not write file \"" + path + "\": " + std::strerror(errno));
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
  if (std::fclose(out) == 0 && written) return {};
  (void)std::remove(path.c_str());
  return Error(Code::kResourceExhausted, "could not write all of file \"" + path + "\"");
}

Result<std::shared_ptr<ModelEntry>> read_model_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Error(errno == ENOENT ? Code::kNotFound : Code::kPermission,
                 "model file \"" + path + "\" cannot be read: " + std::strerror(errno));
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  Parts parts;
  if (!split(bytes, parts))
    return Error(Code::kDataLoss, "file \"" + path + "\" is no model, or is damaged",
                 "EXPORT MODEL name INTO OUTFILE 'file' writes one.");
  TRY(auto definition, model_from_json({std::string(parts.database), std::string(parts.name)},
                                       std::string(parts.definition)));
  TRY(auto entry, ModelEntry::make(std::move(definition)));
  store::ModelSnapshot snapshot;
  snapshot.bytes = parts.snapshot;
  snapshot.created_at = static_cast<int64_t>(parts.created_at);
  TRY(auto state, published_of(*entry, snapshot));
  entry->publish(std::move(state));
  return entry;
}

}  // namespace millrace::engine
