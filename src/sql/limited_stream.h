// A result that ends with an error where its account's limits do: MAX_RESULT_ROWS, and
// MAX_RESULT_BYTES of its values as text. It belongs to the session's thread.
#pragma once

#include <memory>

#include "sql/account.h"
#include "store/session.h"

namespace millrace::sql {

/// The stream itself where there is no limit.
std::unique_ptr<store::ResultStream> limited(std::unique_ptr<store::ResultStream> stream,
                                             std::shared_ptr<const Account> account);

/// "MAX_RESULT_ROWS of user ...": a limit of the account's was met.
Error limit_met(const Account& account, std::string_view what, std::string_view limit,
                int64_t value);

}  // namespace millrace::sql
