// The description of the HTTP API in OpenAPI 3.0, as /api/v1/openapi.json gives it.
#pragma once

#include <string>
#include <string_view>

namespace millrace::serve {

std::string openapi_document(std::string_view version);

}  // namespace millrace::serve
