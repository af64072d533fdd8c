// For the tests of decoders: a decoder, and what it made of the messages that it was given.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/decoder.h"

namespace millrace::decode {

inline const DataType kWhole{Kind::kInt64};
inline const DataType kText{Kind::kVarchar};

inline InputField at(std::vector<std::string> path, DataType type) {
  InputField field{path.empty() ? "whole" : path.back(), type};
  field.path = std::move(path);
  return field;
}

struct Decoded {
  Decoded(Result<std::unique_ptr<Decoder>> made, const std::vector<std::string>& payloads) {
    EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
    if (!made) return;
    decoder = std::move(*made);
    rows = Batch(decoder->schema());
    EXPECT_TRUE(decode(payloads));
  }

  /// The payloads as messages of partition 3 from offset 100, in bytes of exactly their size, so
  /// that a sanitizer sees any that is read beyond.
  Status decode(const std::vector<std::string>& payloads) {
    auto bytes = std::make_shared<std::vector<std::vector<char>>>();
    MessageBatch messages;
    for (const auto& payload : payloads) bytes->emplace_back(payload.begin(), payload.end());
    for (size_t i = 0; i < bytes->size(); ++i) {
      Message message;
      message.payload = {(*bytes)[i].data(), (*bytes)[i].size()};
      message.partition = 3;
      message.offset = 100 + static_cast<int64_t>(i);
      messages.messages.push_back(message);
    }
    messages.owner = bytes;
    rejects.clear();
    return decoder->decode(messages, rows, rejects);
  }

  bool null(size_t column, size_t row = 0) const { return !rows.column(column).is_valid(row); }
  std::string text(size_t column, size_t row = 0) const {
    if (null(column, row)) return "NULL";
    return std::string(rows.column(column).values<std::string_view>()[row]);
  }
  double number(size_t column, size_t row = 0) const { return number_at(rows.column(column), row); }
  template <class T>
  std::vector<T> list(size_t column, size_t row = 0) const {
    const auto offsets = rows.column(column).list_offsets();
    const auto values = rows.column(column).values<T>();
    return {values.begin() + offsets[row], values.begin() + offsets[row + 1]};
  }

  std::unique_ptr<Decoder> decoder;
  Batch rows;
  std::vector<Reject> rejects;
};

}  // namespace millrace::decode
