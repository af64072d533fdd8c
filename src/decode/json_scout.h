// The quick reader of JSON: goes ahead over a document's own bytes, without a copy and without a
// list of its structure, and puts the values that paths lead to. It decides documents as streams
// have them by the million (keys without escapes in the order of the last one, numbers, short text,
// objects, arrays); what it does not know for certain it leaves to the careful reader in
// json_decoder.cc, above all everything that is wrong. What both decide, they decide alike. Belongs
// to one decoder, on its thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode/path_tree.h"
#include "decode/row_sink.h"

namespace millrace::decode {

/// What may stand between the parts of a document (RFC 8259).
inline bool is_json_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

class JsonScout {
 public:
  JsonScout(RowSink& sink, PathNode& root) : sink_(sink), root_(root) { order_of(&root_); }

  /// True: the document is an object, well formed to its end, and its values are put. False: it is
  /// not decided, and the row must be begun anew.
  bool read(std::string_view document);
  /// Whether to go ahead at all: not while most documents end undecided.
  bool is_wanted();

 private:
  static constexpr int kDepthMax = 64;
  /// After so many undecided documents in a row only every kRestWanted-th is tried.
  static constexpr uint32_t kUndecidedMax = 16;
  static constexpr uint32_t kRestWanted = 64;

  /// A key as an object had it, wanted or not.
  struct Key {
    alignas(16) std::array<char, 16> head{};  // it and its closing quote, as far as there is room
    uint32_t mask = 0;  // a bit for each byte of both; 0: they are longer than the head
    std::string text;
    PathNode* child = nullptr;
  };
  /// The keys of the objects at one place, in the order of the documents. Those of the next
  /// document are likely the same.
  struct Order {
    static constexpr size_t kKeysMax = 256;
    PathNode* node = nullptr;  // null: of an object that no path leads into
    std::vector<Key> keys;
    size_t next = 0;  // the one that is likely next
  };

  bool walk(std::string_view document);
  Order& order_of(PathNode* node);
  static PathNode* child_of(Order& order, std::string_view key);

  // Each reads what begins at `at`, which is before end_, and returns where it ends, or null when
  // it does not decide.
  const char* read_object(const char* at, Order& order, int depth);
  const char* read_key(const char* at, Order& order, PathNode*& child);
  const char* read_value(const char* at, PathNode* node, int depth);
  const char* put_short_whole(const char* at, size_t field);
  const char* read_array(const char* at, PathNode* node, int depth);
  const char* read_element(const char* at, const PathNode& node);
  const char* read_scalar(const char* at, Scalar& scalar) const;
  const char* read_word(const char* at, std::string_view word) const;
  const char* read_text(const char* at, std::string_view& text) const;
  const char* read_number(const char* at, Scalar& scalar) const;

  Scalar as_field_takes(size_t field, const Scalar& scalar) const;
  bool put(const PathNode& node, const Scalar& scalar);

  RowSink& sink_;
  PathNode& root_;
  std::vector<std::unique_ptr<Order>> orders_;  // the root's first
  const char* end_ = nullptr;  // behind a closing brace: blanks and numbers end there at the latest
  uint32_t undecided_ = 0;     // in a row
};

}  // namespace millrace::decode
