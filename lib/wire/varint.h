#pragma once

// Protobuf's variable-length integers: 7 bits per byte, least significant first.

#include <bit>
#include <cstddef>
#include <cstdint>

namespace portillon::wire {

constexpr std::size_t varint_size(std::uint64_t value) {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

constexpr char* put_varint(char* to, std::uint64_t value) {
    while (value >= 0x80) {
        *to++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
}

// Writes exactly `width` bytes; a varint that is longer than necessary is valid, too.
constexpr char* put_wide_varint(char* to, std::uint64_t value, std::size_t width) {
    for (; width > 1; --width) {
        *to++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
}

}  // namespace portillon::wire
