// Results of the store and errors as JSON, written piece by piece: no tree is built, so that a
// result can be streamed. Numbers of up to 64 bits are JSON numbers, with all their digits; DECIMAL
// and HUGEINT are strings, since JSON's readers would round them, and so are NaN and the
// infinities; BLOB is base64; LIST, STRUCT and MAP are JSON; all else is the text that MySQL
// clients see. Pure functions that append.
#pragma once

#include <string>

#include "base/result.h"
#include "store/session.h"

namespace millrace::serve {

/// "BIGINT", "DECIMAL(10,2)": the store's name of the type.
std::string type_name(const store::ResultColumn& column);

/// One value, which may be NULL.
void append_json_value(const store::ResultChunk& chunk, const store::ResultColumn& type,
                       size_t column, size_t row, std::string& out);
/// [1,"a"]
void append_json_row(const store::ResultChunk& chunk,
                     const std::vector<store::ResultColumn>& columns, size_t row, std::string& out);
/// {"n":1,"text":"a"}
void append_json_object(const store::ResultChunk& chunk,
                        const std::vector<store::ResultColumn>& columns, size_t row,
                        std::string& out);
/// [{"name":"n","type":"BIGINT"}]
void append_json_columns(const std::vector<store::ResultColumn>& columns, std::string& out);

/// {"error":{"code":...,"sqlstate":...,"errno":...,"message":...,"hint":...,"position":...}};
/// detail, hint and position only where there is one.
std::string json_error(const Error& error);

}  // namespace millrace::serve
