#include "data/schema.h"
#include "store/store.h"

namespace millrace::store {

const TableColumn* TableInfo::find(std::string_view name) const {
  for (const auto& column : columns) {
    if (same_name(column.name, name)) return &column;
  }
  return nullptr;
}

}  // namespace millrace::store
