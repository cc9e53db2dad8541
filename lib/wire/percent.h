#pragma once

// Percent-encoding of gRPC's grpc-message: printable ASCII without '%' stands for itself, any other byte is %XX.

#include <string>
#include <string_view>

namespace portillon::wire {

// Never fails: text that is no valid escape is left unchanged.
std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);

}  // namespace portillon::wire
