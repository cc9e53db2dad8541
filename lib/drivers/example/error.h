#pragma once

// The failures of this protocol, as reports name them: "example_rejected" and so on.

#include "base/error.h"

namespace portillon::drivers::example {

enum class Error : std::uint8_t { rejected = 1, throttled, try_again, not_understood };

error_code make_error_code(Error error);

}  // namespace portillon::drivers::example

template <>
struct boost::system::is_error_code_enum<portillon::drivers::example::Error> : std::true_type {};
