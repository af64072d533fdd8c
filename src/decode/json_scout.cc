#include "decode/json_scout.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "data/utf8.h"
#include "decode/number.h"

namespace millrace::decode {
namespace {

constexpr ptrdiff_t kScoutBlock = 16;
constexpr size_t kQuickDigitsMax = 18;  // no such number is too large for 64 bits
constexpr uint64_t kHighs = 0xF0F0F0F0F0F0F0F0;
constexpr uint64_t kSixes = 0x0606060606060606;

const char* behind_blanks(const char* at) {
  while (static_cast<uint8_t>(*at) <= ' ' && is_json_blank(*at)) ++at;
  return at;
}

/// What stands behind the whole digits of a number.
const char* read_fraction(const char* at) {
  const auto digits = [&at] {
    const char* const first = at;
    while (is_digit(*at)) ++at;
    return at > first;
  };
  if (*at == '.' && (++at, !digits())) return nullptr;
  if ((*at | 0x20) != 'e') return at;
  ++at;
  at += *at == '-' || *at == '+';
  return digits() ? at : nullptr;
}

struct Digits {
  uint32_t magnitude;
  uint32_t count;
};

/// Those that eight bytes begin with, all at once: no loop that ends here or there.
Digits leading_digits(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const uint64_t others =
      ((word & kHighs) ^ detail::kZeros) | (((word + kSixes) & kHighs) ^ detail::kZeros);
  if (others == 0) return {detail::digits_to_number(word), 8};
  const auto count = static_cast<uint32_t>(__builtin_ctzll(others)) / 8;
  if (count == 0) return {0, 0};
  const uint32_t shift = 64 - count * 8;
  return {
      detail::digits_to_number((word << shift) | (detail::kZeros & ((uint64_t{1} << shift) - 1))),
      count};
}

/// A bit for each of 16 bytes.
uint32_t bits(__m128i bytes) {
  return static_cast<uint32_t>(_mm_movemask_epi8(bytes));
}

}  // namespace

bool JsonScout::is_wanted() {
  return undecided_ < kUndecidedMax || ++undecided_ % kRestWanted == 0;
}

bool JsonScout::read(std::string_view document) {
  const bool decided = walk(document);
  undecided_ = decided ? 0 : undecided_ + 1;
  return decided;
}

bool JsonScout::walk(std::string_view document) {
  while (!document.empty() && is_json_blank(document.back())) document.remove_suffix(1);
  if (document.size() < 2 || document.back() != '}') return false;
  if (!root_.fields.empty()) return false;  // the document itself is wanted
  end_ = document.data() + document.size();
  const char* const at = behind_blanks(document.data());
  return *at == '{' && read_object(at, *orders_.front(), 0) == end_;
}

JsonScout::Order& JsonScout::order_of(PathNode* node) {
  for (const auto& order : orders_) {
    if (order->node == node) return *order;
  }
  orders_.push_back(std::make_unique<Order>());
  orders_.back()->node = node;
  return *orders_.back();
}

const char* JsonScout::read_object(const char* at, Order& order, int depth) {
  if (depth == kDepthMax) return nullptr;
  order.next = 0;
  at = behind_blanks(at + 1);
  if (*at == '}') return at + 1;
  while (true) {
    PathNode* child = nullptr;
    if ((at = read_key(at, order, child)) == nullptr || at == end_) return nullptr;
    at = behind_blanks(at);
    if (*at != ':') return nullptr;
    at = read_value(behind_blanks(at + 1), child, depth);
    if (at == nullptr || at == end_) return nullptr;
    at = behind_blanks(at);
    if (*at == '}') return at + 1;
    if (*at != ',') return nullptr;
    at = behind_blanks(at + 1);
  }
}

/// And the child that the key is.
const char* JsonScout::read_key(const char* at, Order& order, PathNode*& child) {
  if (*at != '"') return nullptr;
  if (order.next < order.keys.size() && end_ - at > kScoutBlock) {
    const Key& guess = order.keys[order.next];
    const auto* const here = reinterpret_cast<const __m128i*>(at + 1);
    const auto* const head = reinterpret_cast<const __m128i*>(guess.head.data());
    const uint32_t same = bits(_mm_cmpeq_epi8(_mm_loadu_si128(here), _mm_load_si128(head)));
    if (guess.mask != 0 && (same & guess.mask) == guess.mask) {
      ++order.next;
      child = guess.child;
      return at + guess.text.size() + 2;
    }
  }
  std::string_view key;
  at = read_text(at, key);
  if (at != nullptr) child = child_of(order, key);
  return at;
}

/// Of a key that was not the next one, or that is too long for a quick look.
PathNode* JsonScout::child_of(Order& order, std::string_view text) {
  auto& keys = order.keys;
  const auto is_it = [&](const Key& key) { return key.text == text; };
  auto at = std::find_if(keys.begin() + static_cast<ptrdiff_t>(order.next), keys.end(), is_it);
  if (at == keys.end()) at = std::find_if(keys.begin(), keys.end(), is_it);
  if (at != keys.end()) {
    order.next = static_cast<size_t>(at - keys.begin()) + 1;
    return at->child;
  }
  Key key;
  key.text = text;
  key.child = order.node == nullptr ? nullptr : order.node->find(text);
  if (text.size() < key.head.size()) {
    std::memcpy(key.head.data(), text.data(), text.size());
    key.head[text.size()] = '"';
    key.mask = (uint32_t{2} << text.size()) - 1;
  }
  auto* const child = key.child;
  if (keys.size() < Order::kKeysMax) {
    keys.insert(keys.begin() + static_cast<ptrdiff_t>(order.next), std::move(key));
    ++order.next;
  }
  return child;
}

/// What most values are, without a Scalar in between: a whole number of up to seven digits for a
/// column of numbers. Null says only that it must be looked at more closely.
const char* JsonScout::put_short_whole(const char* at, size_t field) {
  if (end_ - at <= 8) return nullptr;
  const bool negative = *at == '-';
  at += negative;
  const auto [magnitude, count] = leading_digits(at);
  if (count == 0 || count == 8 || (count > 1 && *at == '0')) return nullptr;
  at += count;
  if (*at == '.' || (*at | 0x20) == 'e') return nullptr;
  return sink_.put_quick(field, WholeNumber{magnitude, negative}) ? at : nullptr;
}

const char* JsonScout::read_value(const char* at, PathNode* node, int depth) {
  const bool wanted = node != nullptr && !node->fields.empty();
  if (wanted && node->fields.size() == 1) {
    const char* const number_end = put_short_whole(at, node->fields.front());
    if (number_end != nullptr) return number_end;
  }
  if (*at == '{') return wanted ? nullptr : read_object(at, order_of(node), depth + 1);
  if (*at == '[') return read_array(at, node, depth + 1);
  Scalar scalar;
  at = read_scalar(at, scalar);
  return at == nullptr || (wanted && !put(*node, scalar)) ? nullptr : at;
}

/// An array that text takes, as it stands, is not decided here.
const char* JsonScout::read_array(const char* at, PathNode* node, int depth) {
  if (depth == kDepthMax) return nullptr;
  const bool wanted = node != nullptr && !node->fields.empty();
  if (wanted && node->lists.size() != node->fields.size()) return nullptr;
  for (size_t i = 0; wanted && i < node->lists.size(); ++i) {
    if (!sink_.begin_list(node->lists[i])) return nullptr;
  }
  at = behind_blanks(at + 1);
  if (*at == ']') return at + 1;
  while (true) {
    at = wanted ? read_element(at, *node) : read_value(at, nullptr, depth);
    if (at == nullptr || at == end_) return nullptr;
    at = behind_blanks(at);
    if (*at == ']') return at + 1;
    if (*at != ',') return nullptr;
    at = behind_blanks(at + 1);
  }
}

/// Objects and arrays within a list are not decided here: only text takes them.
const char* JsonScout::read_element(const char* at, const PathNode& node) {
  if (*at == '{' || *at == '[') return nullptr;
  Scalar scalar;
  at = read_scalar(at, scalar);
  const bool taken =
      at != nullptr && std::all_of(node.lists.begin(), node.lists.end(), [&](size_t field) {
        return sink_.put_element(field, as_field_takes(field, scalar));
      });
  return taken ? at : nullptr;
}

const char* JsonScout::read_scalar(const char* at, Scalar& scalar) const {
  switch (*at) {
    case '"': {
      std::string_view text;
      at = read_text(at, text);
      scalar = Scalar::of_text(Scalar::Form::kText, text);
      return at;
    }
    case 't':
      scalar = Scalar::boolean(true);
      return read_word(at, "true");
    case 'f':
      scalar = Scalar::boolean(false);
      return read_word(at, "false");
    case 'n':
      scalar = Scalar::null();
      return read_word(at, "null");
    default:
      return read_number(at, scalar);
  }
}

const char* JsonScout::read_word(const char* at, std::string_view word) const {
  const auto left = static_cast<size_t>(end_ - at);
  const bool there = left > word.size() && std::memcmp(at, word.data(), word.size()) == 0;
  return there ? at + word.size() : nullptr;
}

/// Escapes and control characters are not decided here.
const char* JsonScout::read_text(const char* at, std::string_view& text) const {
  const char* const begin = ++at;
  bool ascii = true;
  const auto ended = [&] {
    text = {begin, static_cast<size_t>(at - begin)};
    return ascii || is_utf8(text) ? at + 1 : nullptr;
  };
  const __m128i quotes = _mm_set1_epi8('"');
  const __m128i escapes = _mm_set1_epi8('\\');
  const __m128i blanks = _mm_set1_epi8(' ');
  for (; end_ - at >= kScoutBlock; at += kScoutBlock) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const uint32_t high = bits(block);
    // Bytes above 127 are negative, and so below a blank; they are no control characters.
    const uint32_t control = bits(_mm_cmplt_epi8(block, blanks)) & ~high;
    const uint32_t quote = bits(_mm_cmpeq_epi8(block, quotes));
    const uint32_t stop = quote | control | bits(_mm_cmpeq_epi8(block, escapes));
    const uint32_t first = stop & (0 - stop);
    ascii = ascii && (high & (first - 1)) == 0;
    if (stop == 0) continue;
    at += __builtin_ctz(stop);
    return (first & quote) != 0 ? ended() : nullptr;
  }
  for (; at < end_; ++at) {
    const auto byte = static_cast<uint8_t>(*at);
    if (byte == '"') return ended();
    if (byte == '\\' || byte < ' ') return nullptr;
    ascii = ascii && byte < 128;
  }
  return nullptr;
}

/// RFC 8259 section 6. A whole number of few digits is known when its digits are read.
const char* JsonScout::read_number(const char* at, Scalar& scalar) const {
  const char* const begin = at;
  const bool negative = *at == '-';
  at += negative;
  const char* const digits = at;
  uint64_t magnitude = 0;
  if (end_ - at >= 8) {
    const auto leading = leading_digits(at);
    if (leading.count == 0) return nullptr;
    magnitude = leading.magnitude;
    at += leading.count;
  }
  if (at == digits || at - digits == 8) {
    while (is_digit(*at)) magnitude = magnitude * 10 + static_cast<uint64_t>(*at++ - '0');
  }
  const auto count = static_cast<size_t>(at - digits);
  if (count == 0 || (count > 1 && *digits == '0')) return nullptr;
  const bool whole = *at != '.' && (*at | 0x20) != 'e';
  if (!whole && (at = read_fraction(at)) == nullptr) return nullptr;
  scalar.text = {begin, static_cast<size_t>(at - begin)};
  scalar.form = whole && count <= kQuickDigitsMax ? Scalar::Form::kWhole : Scalar::Form::kNumber;
  scalar.whole = {magnitude, negative};
  return at;
}

/// Text takes a number as it is written.
Scalar JsonScout::as_field_takes(size_t field, const Scalar& scalar) const {
  const bool written =
      scalar.form == Scalar::Form::kWhole && is_text(sink_.fields()[field].type.kind);
  return written ? Scalar::of_text(Scalar::Form::kNumber, scalar.text) : scalar;
}

bool JsonScout::put(const PathNode& node, const Scalar& scalar) {
  if (scalar.form == Scalar::Form::kWhole && node.fields.size() == 1 &&
      sink_.put_quick(node.fields.front(), scalar.whole))
    return true;
  return std::all_of(node.fields.begin(), node.fields.end(),
                     [&](size_t field) { return sink_.put(field, as_field_takes(field, scalar)); });
}

}  // namespace millrace::decode
