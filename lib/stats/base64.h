#pragma once

// Base64 with padding, RFC 4648 section 4.

#include <optional>
#include <string>
#include <string_view>

namespace portillon::stats {

std::string encode_base64(std::string_view bytes);

// Nothing unless the text is exactly one padded encoding: no white space, and no stray bits in the last character.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace portillon::stats
