// A result that counts the rows that are taken from it, for FOUND_ROWS(). It belongs to the
// session's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "store/session.h"

namespace millrace::sql {

std::unique_ptr<store::ResultStream> counted(std::unique_ptr<store::ResultStream> stream,
                                             std::shared_ptr<int64_t> rows);

}  // namespace millrace::sql
