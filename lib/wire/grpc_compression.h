#pragma once

// gRPC's compressed messages (grpc/doc/compression.md): grpc-encoding gzip and deflate, decompressed with a limit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace portillon::wire {

enum class MessageEncoding : std::uint8_t { identity, gzip, deflate };

inline constexpr std::string_view grpc_accept_encoding = "identity,deflate,gzip";

std::optional<MessageEncoding> message_encoding_named(std::string_view name);  // a value of grpc-encoding

// Decompresses `message` and replaces the content of `out`; never writes more than `most_bytes`. Errors: truncated,
// syntax, too_large.
error_code unpack(MessageEncoding encoding, std::span<const std::byte> message, std::size_t most_bytes,
                  std::vector<std::byte>& out);

}  // namespace portillon::wire
