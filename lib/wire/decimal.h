#pragma once

// Numbers as text, without allocation and with a length that is known beforehand.

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace portillon::wire {

constexpr std::size_t decimal_size(std::uint64_t value) {
    constexpr auto powers = [] {
        std::array<std::uint64_t, 20> all{};
        std::uint64_t power = 1;
        for (std::uint64_t& each : all) {
            each = power;
            power *= 10;
        }
        return all;
    }();
    const auto guess = static_cast<std::size_t>(std::bit_width(value | 1)) * 1'233 >> 12;  // log10(2) = 1233 / 4096
    return guess + (guess < powers.size() && value >= powers[guess] ? 1 : 0) + (value == 0 ? 1 : 0);
}

inline char* put_decimal(char* to, std::uint64_t value) {
    return std::to_chars(to, to + 20, value).ptr;
}

// Writes a number that has exactly `digits` digits.
template <int digits>
char* put_digits(char* to, std::uint32_t value) {
    for (int i = digits - 1; i >= 0; --i) {
        to[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return to + digits;
}

inline char* put_hex(char* to, std::uint64_t value) {
    for (int i = 15; i >= 0; --i) {
        to[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return to + 16;
}

}  // namespace portillon::wire
