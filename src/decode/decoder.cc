#include "decode/decoder.h"

namespace millrace::decode {

std::shared_ptr<const Schema> wanted_schema(const std::vector<InputField>& fields) {
  std::vector<Field> wanted;
  for (const auto& field : fields) {
    if (field.wanted) wanted.push_back({field.name, field.type, field.nullable});
  }
  return std::make_shared<Schema>(std::move(wanted));
}

}  // namespace millrace::decode
