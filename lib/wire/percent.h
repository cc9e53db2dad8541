#pragma once

// Percent-encoding, as gRPC's grpc-message has it: printable ASCII without '%' stands for itself, any other byte is
// %XX.

#include <string>
#include <string_view>

namespace portillon::wire {

// Never fails: what is not an escape is left as it is.
std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);

}  // namespace portillon::wire
