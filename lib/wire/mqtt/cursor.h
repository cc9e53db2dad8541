#pragma once

// Reads the data types of MQTT from untrusted bytes, and writes them. Source: MQTT 5.0, 1.5.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "wire/mqtt/reason.h"
#include "wire/utf8.h"

namespace portillon::wire::mqtt {

constexpr std::size_t variable_size(std::size_t value) {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

// After a failure every read returns 0 or nothing, left() is 0 and violation() says why.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes)
        : at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()) {}

    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    const Violation& violation() const { return violation_; }

    void fail(Reason reason, std::string_view what) {
        if (!violation_) {
            violation_ = {reason, what};
        }
        at_ = end_;
    }

    std::uint8_t byte() { return static_cast<std::uint8_t>(big_endian<1>()); }
    std::uint16_t two_byte() { return static_cast<std::uint16_t>(big_endian<2>()); }
    std::uint32_t four_byte() { return big_endian<4>(); }

    std::uint32_t variable() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const std::uint8_t part = byte();
            value |= static_cast<std::uint32_t>(part & 0x7F) << shift;
            if (part < 0x80) {
                if (part == 0 && shift > 0) {
                    fail(Reason::malformed_packet, "variable byte integer longer than need be");
                }
                return value;
            }
        }
        fail(Reason::malformed_packet, "variable byte integer of more than 4 bytes");
        return 0;
    }

    std::string_view bytes(std::size_t size) {
        if (left() < size) {
            fail(Reason::malformed_packet, "packet ends within a value");
            return {};
        }
        const std::string_view value(at_, size);
        at_ += size;
        return value;
    }

    std::string_view binary() { return bytes(two_byte()); }

    // Section 1.5.4: UTF-8 without surrogates and U+0000.
    std::string_view text() {
        const std::string_view value = binary();
        if (value.find('\0') != std::string_view::npos || !wire::is_utf8(value)) {
            fail(Reason::malformed_packet, "text that is not UTF-8, or holds U+0000");
            return {};
        }
        return value;
    }

    std::string_view rest() { return bytes(left()); }

private:
    template <unsigned size>
    std::uint32_t big_endian() {
        if (left() < size) {
            fail(Reason::malformed_packet, "packet ends within a value");
            return 0;
        }
        std::uint32_t value = 0;
        for (unsigned i = 0; i < size; ++i) {
            value = value << 8 | static_cast<std::uint8_t>(*at_++);
        }
        return value;
    }

    const char* at_;
    const char* end_;
    Violation violation_;
};

// The caller has made sure that there is room.
class Writer {
public:
    explicit Writer(std::byte* at) : at_(at) {}

    void byte(unsigned value) { *at_++ = static_cast<std::byte>(value); }
    void two_byte(std::size_t value) {
        byte(static_cast<unsigned>(value >> 8 & 0xFF));
        byte(static_cast<unsigned>(value & 0xFF));
    }
    void four_byte(std::uint32_t value) {
        two_byte(value >> 16);
        two_byte(value & 0xFFFF);
    }
    void variable(std::size_t value) {
        for (; value >= 128; value >>= 7) {
            byte(static_cast<unsigned>(value & 0x7F) | 0x80);
        }
        byte(static_cast<unsigned>(value));
    }
    void bytes(std::string_view value) {
        if (!value.empty()) {
            std::memcpy(at_, value.data(), value.size());
            at_ += value.size();
        }
    }
    void text(std::string_view value) {
        two_byte(value.size());
        bytes(value);
    }
    const std::byte* at() const { return at_; }

private:
    std::byte* at_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace portillon::wire::mqtt
