#include "decode/avro_input.h"

#include <array>
#include <charconv>
#include <string>

#include "data/json_text.h"
#include "data/utf8.h"
#include "decode/avro_value.h"

namespace millrace::decode {
namespace {

/// Bytes as the characters 0 to 255, in UTF-8.
std::string characters_of(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

void append_scalar_json(const AvroType& type, AvroInput& input, std::string& out) {
  TextArena arena;
  const Scalar value = read_avro_scalar(type, AvroMeaning::kLogical, input, arena);
  switch (value.form) {
    case Scalar::Form::kBytes:
      return append_json_text(characters_of(value.text), out);
    case Scalar::Form::kText:
    case Scalar::Form::kDate:
    case Scalar::Form::kTimestamp:
      return append_json_text(shown_text(value, arena), out);
    case Scalar::Form::kReal:
      // JSON has neither nan nor inf.
      if (value.real - value.real != 0) {
        out += "null";
        return;
      }
      [[fallthrough]];
    default:
      out += shown_text(value, arena);
  }
}

}  // namespace

void skip_avro(const AvroType& type, AvroInput& input, int depth) {
  if (depth > kAvroDepthMax) input.failed = true;
  if (input.failed) return;
  switch (type.kind) {
    case AvroKind::kNull:
      return;
    case AvroKind::kBoolean:
      (void)input.truth();
      return;
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum:
      (void)input.whole();
      return;
    case AvroKind::kFloat:
      (void)input.raw(4);
      return;
    case AvroKind::kDouble:
      (void)input.raw(8);
      return;
    case AvroKind::kBytes:
    case AvroKind::kString:
      (void)input.text();
      return;
    case AvroKind::kFixed:
      (void)input.raw(type.size);
      return;
    case AvroKind::kRecord:
      for (const auto& field : type.fields) skip_avro(*field.type, input, depth + 1);
      return;
    case AvroKind::kUnion: {
      const int64_t index = input.whole();
      if (index < 0 || static_cast<size_t>(index) >= type.branches.size()) input.failed = true;
      if (!input.failed) skip_avro(*type.branches[static_cast<size_t>(index)], input, depth + 1);
      return;
    }
    case AvroKind::kArray:
    case AvroKind::kMap:
      (void)for_each_item(input, [&] {
        if (type.kind == AvroKind::kMap) (void)input.text();
        skip_avro(*type.items, input, depth + 1);
        return true;
      });
  }
}

void append_avro_json(const AvroType& type, AvroInput& input, std::string& out, int depth) {
  if (depth > kAvroDepthMax) input.failed = true;
  if (input.failed) return;
  const auto separate = [&out, first = true]() mutable {
    if (!first) out += ',';
    first = false;
  };
  switch (type.kind) {
    case AvroKind::kRecord: {
      out += '{';
      auto next = separate;
      for (const auto& field : type.fields) {
        next();
        append_json_text(field.name, out);
        out += ':';
        append_avro_json(*field.type, input, out, depth + 1);
      }
      out += '}';
      return;
    }
    case AvroKind::kUnion: {
      const int64_t index = input.whole();
      if (index < 0 || static_cast<size_t>(index) >= type.branches.size()) input.failed = true;
      if (!input.failed)
        append_avro_json(*type.branches[static_cast<size_t>(index)], input, out, depth + 1);
      return;
    }
    case AvroKind::kArray:
    case AvroKind::kMap: {
      const bool map = type.kind == AvroKind::kMap;
      out += map ? '{' : '[';
      auto next = separate;
      (void)for_each_item(input, [&] {
        next();
        if (map) {
          const auto key = input.text();
          append_json_text(is_utf8(key) ? key : characters_of(key), out);
          out += ':';
        }
        append_avro_json(*type.items, input, out, depth + 1);
        return true;
      });
      out += map ? '}' : ']';
      return;
    }
    default:
      append_scalar_json(type, input, out);
  }
}

}  // namespace millrace::decode
