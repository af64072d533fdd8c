// The paths of a decoder's fields as a tree: a node for each key on the way, so that a document is
// walked once whatever is read of it. Immutable, but for the guess, which belongs to the decoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoder.h"

namespace millrace::decode {

struct PathNode {
  std::string key;
  bool plain = true;           // nothing in the key is written with an escape
  std::vector<size_t> fields;  // those whose path ends here, by index among the wanted ones
  std::vector<size_t> lists;   // those of `fields` that are list columns
  std::vector<std::unique_ptr<PathNode>> children;
  /// Documents of a stream have the same keys in the same order: the child that is likely next.
  size_t guess = 0;

  /// The child of this key, or null. Keys are told apart by case.
  PathNode* find(std::string_view wanted) {
    for (size_t i = 0; i < children.size(); ++i) {
      if (children[i]->key != wanted) continue;
      guess = i + 1 < children.size() ? i + 1 : 0;
      return children[i].get();
    }
    return nullptr;
  }
};

/// `fields` are the wanted ones.
std::unique_ptr<PathNode> make_path_tree(const std::vector<InputField>& fields);
/// Bytes of the longest key.
size_t longest_key(const PathNode& node);

}  // namespace millrace::decode
