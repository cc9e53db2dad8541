#pragma once

// Text as bytes, without a copy, and bytes as text, with one.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace portillon {

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace portillon
