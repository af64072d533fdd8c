#include "decode/avro_paths.h"

#include <string>

namespace millrace::decode {
namespace {

/// A walk along one path. It remembers the type at which it came furthest.
class Walk {
 public:
  explicit Walk(const std::vector<std::string>& path) : path_(path) {}

  bool leads(const AvroType& type, size_t key);
  Error error() const;

 private:
  bool leads_from(const AvroType& type, size_t key);

  const std::vector<std::string>& path_;
  const AvroType* furthest_ = nullptr;
  size_t key_ = 0;
};

/// What a union holds stands in its place.
bool Walk::leads(const AvroType& type, size_t key) {
  if (key == path_.size()) return true;
  if (type.kind != AvroKind::kUnion) return leads_from(type, key);
  for (const auto* branch : type.branches) {
    if (leads_from(*branch, key)) return true;
  }
  return false;
}

/// A key is a record's field, a map's key, or the name of the type itself: a union's branch.
bool Walk::leads_from(const AvroType& type, size_t key) {
  const auto& name = path_[key];
  if (type.kind == AvroKind::kMap && leads(*type.items, key + 1)) return true;
  for (const auto& field : type.fields) {
    if (field.name == name && leads(*field.type, key + 1)) return true;
  }
  const auto branch = branch_name(type);
  if ((name == branch || name == simple_name(branch)) &&
      (key + 1 == path_.size() || leads_from(type, key + 1)))
    return true;
  // Of a union's branches, the record tells more than null does.
  const bool further =
      furthest_ == nullptr || key > key_ || (key == key_ && furthest_->fields.empty());
  if (further) {
    furthest_ = &type;
    key_ = key;
  }
  return false;
}

Error Walk::error() const {
  std::string path;
  for (const auto& key : path_) path += (path.empty() ? "" : "::") + key;
  std::string there = "the Avro schema has no path \"" + path + "\": ";
  std::vector<std::string_view> names;
  if (furthest_->kind != AvroKind::kRecord) {
    there += (key_ == 0 ? "it" : "\"" + path_[key_ - 1] + "\"") + " is " +
             std::string(branch_name(*furthest_));
  } else {
    there += "record \"" + furthest_->name + "\" has ";
    for (const auto& field : furthest_->fields) {
      there += (names.empty() ? "" : ", ") + field.name;
      names.push_back(field.name);
    }
    if (names.empty()) there += "no fields";
  }
  auto hint = did_you_mean(path_[key_], names);
  if (!hint.empty()) hint += " ";
  return Error(Code::kInvalidArgument, there,
               hint + "With DEFAULT a column has that value where there is no such field.");
}

}  // namespace

Status check_avro_paths(const AvroType& root, const std::vector<InputField>& fields) {
  for (const auto& field : fields) {
    Walk walk(field.path);
    if (!field.default_value && !walk.leads(root, 0)) return walk.error();
  }
  return {};
}

}  // namespace millrace::decode
