// The door to simdjson, and the careful reader of JSON: what the scout (json_scout.h) does not
// decide is read here. simdjson's first stage finds the structure of a document and checks its
// UTF-8 with vector instructions; the walk below visits every token once, so that a document is
// accepted only when all of it is well formed, and stores what a path leads to on the way.
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "data/utf8.h"
#include "decode/decoder.h"
#include "decode/json_scout.h"
#include "decode/path_tree.h"
#include "decode/row_sink.h"

namespace millrace::decode {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

/// Objects and arrays within one another; deeper ones are refused, as Python refuses them.
constexpr int kJsonDepthMax = 512;
/// U+FEFF in UTF-8, which some write before a document (RFC 8259 section 8.1 lets readers pass it).
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty() && is_json_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// RFC 8259 section 6: no leading zeros, no sign but minus, digits around the point.
bool is_json_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digits = [&] {
    const char* const first = at;
    while (at < end && *at >= '0' && *at <= '9') ++at;
    return at - first;
  };
  if (at < end && *at == '-') ++at;
  const bool zero = at < end && *at == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < end && *at == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end && (*at == '-' || *at == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == end;
}

class JsonDecoder : public Decoder {
 public:
  explicit JsonDecoder(std::unique_ptr<RowSink> sink)
      : sink_(std::move(sink)),
        root_(make_path_tree(sink_->fields())),
        scout_(*sink_, *root_),
        padding_(simdjson::SIMDJSON_PADDING + longest_key(*root_)) {}

  const std::shared_ptr<const Schema>& schema() const override { return sink_->schema(); }
  Status decode(const MessageBatch& messages, Batch& rows, std::vector<Reject>& rejects) override;
  std::span<const std::string_view> lines() const override { return lines_; }

 private:
  enum class Read : uint8_t { kDone, kMore, kBad };

  void decode_lines(const Message& message, size_t first, uint32_t index,
                    std::vector<Reject>& rejects);
  bool end_row(uint32_t message, std::string_view line);
  Read read_document(std::string_view document);
  Read walk_document(std::string_view document);
  Read read_scalar_document(std::string_view document);
  bool bad_json(error_code error);
  bool bad_json(std::string_view what);
  void reject(const Message& message, std::string_view bytes, int64_t lines_before,
              std::vector<Reject>& rejects) const;

  // Each reads a value to its end and stores it when `node` (which may be null) has fields. False:
  // the row is bad.
  bool read_value(ondemand::value value, PathNode* node, int depth);
  bool read_object(ondemand::value value, PathNode* node, int depth);
  bool read_array(ondemand::value value, PathNode* node, int depth);
  bool read_element(ondemand::value value, const std::vector<size_t>& lists, int depth);
  bool read_container(ondemand::value value, bool is_array, PathNode* node, int depth);
  bool read_scalar(ondemand::value value, ondemand::json_type type, Scalar& scalar);
  bool read_text(const char* raw, Scalar& scalar, const char*& end);
  bool read_literal(std::string_view token, Scalar& scalar);
  bool put(const PathNode* node, const Scalar& scalar);
  bool put_raw(const PathNode& node, std::string_view raw, bool is_array);
  bool find_child(ondemand::field& field, PathNode* node, PathNode*& child);
  std::string_view raw_until_here(const char* begin);

  std::unique_ptr<RowSink> sink_;
  std::unique_ptr<PathNode> root_;
  JsonScout scout_;
  ondemand::parser parser_;
  std::vector<char> padded_;  // the document at work, with room to read beyond its end
  const size_t padding_;

  // Of the document at work.
  ondemand::document document_;
  std::string_view source_;  // its bytes in the message: where text that needs no change stays
  bool structured_ = false;  // the first stage is done: document_ has a place
  bool sink_failed_ = false;
  RejectReason reason_ = RejectReason::kBadDocument;
  std::string detail_;
  std::vector<std::string_view> lines_;
};

Status JsonDecoder::decode(const MessageBatch& messages, Batch& rows,
                           std::vector<Reject>& rejects) {
  sink_->begin(rows, messages.messages.size());
  lines_.clear();
  for (size_t i = 0; i < messages.messages.size(); ++i) {
    const auto& message = messages.messages[i];
    const size_t first = message.payload.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    const auto payload = message.payload.substr(first);
    if (payload.empty()) {
      sink_failed_ = false;
      reason_ = RejectReason::kTooFewFields;
      detail_ = "the message is empty";
      reject(message, {}, 0, rejects);
      continue;
    }
    const auto index = static_cast<uint32_t>(i);
    sink_->begin_row();
    if (scout_.is_wanted()) {
      if (scout_.read(payload) && sink_->end_row(index)) continue;
      sink_->drop_row();
      sink_->begin_row();
    }
    Read read = read_document(payload);
    if (read == Read::kMore) {
      // Not one document: then a line is one.
      sink_->drop_row();
      decode_lines(message, first, index, rejects);
      continue;
    }
    if (read == Read::kDone && !sink_->end_row(index)) {
      sink_failed_ = true;
      read = Read::kBad;
    }
    if (read == Read::kDone) continue;
    sink_->drop_row();
    reject(message, message.payload, 0, rejects);
  }
  if (!lines_.empty()) lines_.resize(sink_->rows());
  sink_->end();
  rows.keep_alive(messages.owner);
  return {};
}

/// Of a message that has other lines, too.
bool JsonDecoder::end_row(uint32_t message, std::string_view line) {
  if (!sink_->end_row(message)) return false;
  lines_.resize(sink_->rows());
  lines_.back() = line;
  return true;
}

void JsonDecoder::decode_lines(const Message& message, size_t first, uint32_t index,
                               std::vector<Reject>& rejects) {
  const auto payload = message.payload;
  for (int64_t lines_before = 0; first < payload.size(); ++lines_before) {
    const size_t end = std::min(payload.find('\n', first), payload.size());
    const auto line = without_space_behind(payload.substr(first, end - first));
    first = end + 1;
    if (line.empty()) continue;
    sink_->begin_row();
    if (scout_.is_wanted()) {
      if (scout_.read(line) && end_row(index, line)) continue;
      sink_->drop_row();
      sink_->begin_row();
    }
    Read read = read_document(line);
    if (read == Read::kMore) {
      bad_json("there is more behind the document");
      read = Read::kBad;
    }
    if (read == Read::kDone && !end_row(index, line)) {
      sink_failed_ = true;
      read = Read::kBad;
    }
    if (read == Read::kDone) continue;
    sink_->drop_row();
    reject(message, line, lines_before, rejects);
  }
}

bool JsonDecoder::bad_json(error_code error) {
  if (error == simdjson::UTF8_ERROR) {
    reason_ = RejectReason::kBadUtf8;
    detail_ = "the message is not valid UTF-8";
    return false;
  }
  std::string_view what = simdjson::error_message(error);
  while (!what.empty() && what.back() == '.') what.remove_suffix(1);
  return bad_json(what);
}

bool JsonDecoder::bad_json(std::string_view what) {
  reason_ = RejectReason::kBadDocument;
  detail_ = "not JSON: " + std::string(what);
  const char* at = nullptr;
  if (structured_ && document_.current_location().get(at) == simdjson::SUCCESS &&
      at >= padded_.data() && at <= padded_.data() + source_.size())
    detail_ += ", near byte " + std::to_string(at - padded_.data());
  return false;
}

void JsonDecoder::reject(const Message& message, std::string_view bytes, int64_t lines_before,
                         std::vector<Reject>& rejects) const {
  auto made = reject_of(message, sink_failed_ ? sink_->reason() : reason_,
                        sink_failed_ ? sink_->detail() : detail_);
  made.bytes = bytes.substr(0, kRejectBytesMax);
  made.line = message.line_behind(lines_before);
  rejects.push_back(std::move(made));
}

/// Paths into an object find nothing in any other document, such as an array of rows.
JsonDecoder::Read JsonDecoder::read_document(std::string_view document) {
  const Read read = walk_document(document);
  const bool into_object = root_->fields.empty() && !root_->children.empty();
  if (read != Read::kDone || !into_object) return read;
  const size_t first = document.find_first_not_of(" \n\t\r");
  if (document[first] == '{') return read;
  reason_ = RejectReason::kWrongType;
  detail_ = "the document is no object, into which the paths lead";
  return Read::kBad;
}

JsonDecoder::Read JsonDecoder::walk_document(std::string_view document) {
  sink_failed_ = false;
  source_ = document;
  const size_t size = document.size();
  if (padded_.size() < size + padding_) padded_.resize((size + padding_) * 2);
  std::memcpy(padded_.data(), document.data(), size);
  std::memset(padded_.data() + size, ' ', padding_);
  structured_ = false;
  if (const auto error = parser_.iterate(padded_.data(), size, padded_.size()).get(document_)) {
    bad_json(error);
    return Read::kBad;
  }
  structured_ = true;
  ondemand::json_type type{};
  if (const auto error = document_.type().get(type)) {
    bad_json(error);
    return Read::kBad;
  }
  if (type != ondemand::json_type::object && type != ondemand::json_type::array)
    return read_scalar_document(document);
  // Not as an object or array of the root: those must end where the bytes end, and there may be
  // more documents behind. Padding of blanks stops the walk where tokens end early.
  ondemand::value value;
  if (const auto error = document_.get_value().get(value)) {
    bad_json(error);
    return Read::kBad;
  }
  if (!read_value(value, root_.get(), 0)) return Read::kBad;
  const char* next = nullptr;
  if (document_.current_location().get(next) == simdjson::OUT_OF_BOUNDS) return Read::kDone;
  for (const char* at = next - 1; at > padded_.data() && is_json_blank(*at); --at) {
    if (*at == '\n') return Read::kMore;
  }
  bad_json("there is more behind the document");
  return Read::kBad;
}

/// A number, text or the like on its own: only the path % leads to it.
JsonDecoder::Read JsonDecoder::read_scalar_document(std::string_view document) {
  while (!document.empty() && is_json_blank(document.front())) document.remove_prefix(1);
  document = without_space_behind(document);
  const auto line = without_space_behind(document.substr(0, document.find('\n')));
  Scalar scalar;
  bool read = false;
  if (line.starts_with('"')) {
    const char* const raw = padded_.data() + (line.data() - source_.data()) + 1;
    const char* end = raw;
    read = read_text(raw, scalar, end);
    if (read && static_cast<size_t>(end - raw) + 2 != line.size())
      read = bad_json("there is more behind the document");
  } else {
    read = read_literal(line, scalar);
  }
  if (!read) return Read::kBad;
  if (line.size() < document.size()) return Read::kMore;
  return put(root_.get(), scalar) ? Read::kDone : Read::kBad;
}

/// The text that begins behind a quote at `raw`, and the quote that closes it. The first stage has
/// seen that there is one, and that nothing in between is a control character.
bool JsonDecoder::read_text(const char* raw, Scalar& scalar, const char*& end) {
  const auto rest = static_cast<size_t>(padded_.data() + source_.size() - raw);
  end = static_cast<const char*>(std::memchr(raw, '"', rest));
  CHECK(end != nullptr, "the first stage leaves no string unclosed");
  if (std::memchr(raw, '\\', static_cast<size_t>(end - raw)) == nullptr) {
    scalar = Scalar::of_text(Scalar::Form::kText, {source_.data() + (raw - padded_.data()),
                                                   static_cast<size_t>(end - raw)});
    return true;
  }
  for (end = raw; *end != '"'; ++end) {
    if (*end == '\\') ++end;
  }
  const size_t room = static_cast<size_t>(end - raw) + simdjson::SIMDJSON_PADDING;
  char* const to = sink_->arena().allocate(room);
  auto* at = reinterpret_cast<uint8_t*>(to);
  std::string_view text;
  const auto error =
      parser_.unescape(ondemand::raw_json_string(reinterpret_cast<const uint8_t*>(raw)), at)
          .get(text);
  sink_->arena().give_back(error != simdjson::SUCCESS ? room : room - text.size());
  if (error != simdjson::SUCCESS) return bad_json(error);
  scalar = Scalar::of_text(Scalar::Form::kText, text);
  return true;
}

/// A token that is neither text nor bracket.
bool JsonDecoder::read_literal(std::string_view token, Scalar& scalar) {
  if (token == "true" || token == "false") {
    scalar = Scalar::boolean(token == "true");
  } else if (token == "null") {
    scalar = Scalar::null();
  } else if (is_json_number(token)) {
    const auto at = static_cast<size_t>(token.data() - padded_.data());
    // A scalar document is given by its bytes in the message themselves.
    const char* const begin = at < source_.size() ? source_.data() + at : token.data();
    scalar = Scalar::of_text(Scalar::Form::kNumber, {begin, token.size()});
  } else {
    return bad_json("\"" + shown(token) + "\" is no value");
  }
  return true;
}

bool JsonDecoder::put(const PathNode* node, const Scalar& scalar) {
  if (node == nullptr) return true;
  for (const size_t field : node->fields) {
    if (!sink_->put(field, scalar)) return !(sink_failed_ = true);
  }
  return true;
}

/// The bytes from `begin` to the end of the value that was read last.
std::string_view JsonDecoder::raw_until_here(const char* begin) {
  const char* end = nullptr;
  if (document_.current_location().get(end) != simdjson::SUCCESS)
    end = padded_.data() + source_.size();
  const auto size = static_cast<size_t>(end - begin);
  return without_space_behind({source_.data() + (begin - padded_.data()), size});
}

/// Objects, and arrays that no list takes, go into text as they stand.
bool JsonDecoder::put_raw(const PathNode& node, std::string_view raw, bool is_array) {
  for (const size_t field : node.fields) {
    const auto& type = sink_->fields()[field].type;
    if (type.list && is_array) continue;
    if (type.list || !is_text(type.kind)) {
      sink_->fail(field, RejectReason::kWrongType,
                  std::string(" is an ") + (is_array ? "array" : "object") +
                      ", and its column holds " + name_of(type));
      return !(sink_failed_ = true);
    }
    if (!sink_->put_document(field, raw)) return !(sink_failed_ = true);
  }
  return true;
}

bool JsonDecoder::read_scalar(ondemand::value value, ondemand::json_type type, Scalar& scalar) {
  if (type != ondemand::json_type::string)
    return read_literal(without_space_behind(value.raw_json_token()), scalar);
  ondemand::raw_json_string raw;
  if (const auto error = value.get_raw_json_string().get(raw)) return bad_json(error);
  const char* end = nullptr;
  return read_text(reinterpret_cast<const char*>(raw.raw()), scalar, end);
}

bool JsonDecoder::read_container(ondemand::value value, bool is_array, PathNode* node, int depth) {
  if (depth == kJsonDepthMax)
    return bad_json("more than " + std::to_string(kJsonDepthMax) + " levels");
  return is_array ? read_array(value, node, depth + 1) : read_object(value, node, depth + 1);
}

bool JsonDecoder::read_value(ondemand::value value, PathNode* node, int depth) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return bad_json(error);
  const bool is_array = type == ondemand::json_type::array;
  if (is_array || type == ondemand::json_type::object) {
    const char* const begin = value.raw_json_token().data();
    if (!read_container(value, is_array, node, depth)) return false;
    return node == nullptr || node->fields.empty() ||
           put_raw(*node, raw_until_here(begin), is_array);
  }
  Scalar scalar;
  return read_scalar(value, type, scalar) && put(node, scalar);
}

/// Reads the key and finds its child of `node`, if it has one.
bool JsonDecoder::find_child(ondemand::field& field, PathNode* node, PathNode*& child) {
  const char* const raw = reinterpret_cast<const char*>(field.key().raw());
  if (node != nullptr && !node->children.empty()) {
    auto* guess = node->children[node->guess].get();
    const size_t size = guess->key.size();
    if (raw[size] == '"' && guess->plain && std::memcmp(raw, guess->key.data(), size) == 0) {
      node->guess = node->guess + 1 < node->children.size() ? node->guess + 1 : 0;
      child = guess;
      return true;
    }
  }
  Scalar key;
  const char* end = nullptr;
  if (!read_text(raw, key, end)) return false;
  child = node == nullptr ? nullptr : node->find(key.text);
  return true;
}

bool JsonDecoder::read_object(ondemand::value value, PathNode* node, int depth) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return bad_json(error);
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return bad_json(error);
    PathNode* child = nullptr;
    if (!find_child(field, node, child)) return false;
    if (!read_value(field.value(), child, depth)) return false;
  }
  return true;
}

bool JsonDecoder::read_array(ondemand::value value, PathNode* node, int depth) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return bad_json(error);
  const bool fills = node != nullptr && !node->lists.empty();
  for (size_t i = 0; fills && i < node->lists.size(); ++i) {
    if (!sink_->begin_list(node->lists[i])) return !(sink_failed_ = true);
  }
  for (auto next : array) {
    ondemand::value element;
    if (const auto error = std::move(next).get(element)) return bad_json(error);
    const bool read =
        fills ? read_element(element, node->lists, depth) : read_value(element, nullptr, depth);
    if (!read) return false;
  }
  return true;
}

/// An element of lists: a scalar, or an object or array as it stands, which only text takes.
bool JsonDecoder::read_element(ondemand::value value, const std::vector<size_t>& lists, int depth) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return bad_json(error);
  Scalar scalar;
  std::string_view raw;
  const bool is_array = type == ondemand::json_type::array;
  const bool container = is_array || type == ondemand::json_type::object;
  if (container) {
    const char* const begin = value.raw_json_token().data();
    if (!read_container(value, is_array, nullptr, depth)) return false;
    raw = raw_until_here(begin);
  } else if (!read_scalar(value, type, scalar)) {
    return false;
  }
  for (const size_t field : lists) {
    const auto& column = sink_->fields()[field].type;
    const bool taken =
        !container ? sink_->put_element(field, scalar)
        : is_text(column.kind)
            ? sink_->put_document_element(field, raw)
            : sink_->fail(field, RejectReason::kWrongType,
                          " has an element that is no " + name_of({column.kind, false}));
    if (!taken) return !(sink_failed_ = true);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(std::vector<InputField> fields,
                                                   const DecodeLimits& limits) {
  if (fields.empty())
    return Error(Code::kInvalidArgument, "cannot read JSON: there are no fields",
                 "Name columns and paths in a list: (id <- id, city <- address::city).");
  TRY(auto sink, RowSink::make(std::move(fields), limits));
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(std::move(sink)));
}

}  // namespace millrace::decode
