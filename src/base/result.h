// Result<T> is a T or an Error, Status is nothing or an Error; neither may be dropped. The two
// macros are the only ones for passing errors on:
//   TRY(auto rows, decode(bytes));   // binds the value, or returns the error from this function
//   TRY_OK(store.commit(batch));     // the same for a Status
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace millrace {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error e) : tl::expected<T, Error>(tl::make_unexpected(std::move(e))) {}
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using tl::expected<void, Error>::expected;
  Result(Error e) : tl::expected<void, Error>(tl::make_unexpected(std::move(e))) {}
};

using Status = Result<void>;

}  // namespace millrace

#define MILLRACE_JOIN_(a, b) a##b
#define MILLRACE_JOIN(a, b) MILLRACE_JOIN_(a, b)
#define MILLRACE_TRY_(tmp, declaration, ...)                  \
  auto tmp = (__VA_ARGS__);                                   \
  if (!tmp) return ::millrace::Error(std::move(tmp).error()); \
  declaration = std::move(*tmp)
#define TRY(declaration, ...) \
  MILLRACE_TRY_(MILLRACE_JOIN(try_result_, __LINE__), declaration, __VA_ARGS__)
#define TRY_OK(...)                                            \
  do {                                                         \
    if (auto try_status = (__VA_ARGS__); !try_status)          \
      return ::millrace::Error(std::move(try_status).error()); \
  } while (false)
