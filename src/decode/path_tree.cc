#include "decode/path_tree.h"

#include <algorithm>

namespace millrace::decode {

std::unique_ptr<PathNode> make_path_tree(const std::vector<InputField>& fields) {
  auto root = std::make_unique<PathNode>();
  for (size_t i = 0; i < fields.size(); ++i) {
    PathNode* node = root.get();
    for (const auto& key : fields[i].path) {
      PathNode* child = node->find(key);
      if (child == nullptr) {
        node->children.push_back(std::make_unique<PathNode>());
        child = node->children.back().get();
        child->key = key;
        child->plain = key.find_first_of("\\\"") == std::string::npos;
      }
      node = child;
    }
    node->fields.push_back(i);
    if (fields[i].type.list) node->lists.push_back(i);
  }
  return root;
}

size_t longest_key(const PathNode& node) {
  size_t longest = node.key.size();
  for (const auto& child : node.children) longest = std::max(longest, longest_key(*child));
  return longest;
}

}  // namespace millrace::decode
