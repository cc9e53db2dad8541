#pragma once

// A reader of protobuf's wire format, field by field, from untrusted bytes.
// Source: protobuf.dev/programming-guides/encoding.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "wire/decode_error.h"

namespace portillon::wire {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// The tag in front of a field: its number and wire type.
constexpr std::uint32_t tag_of(std::uint32_t field, WireType type) {
    return field << 3 | static_cast<std::uint32_t>(type);
}

// After a failure every read returns 0 or nothing, more() is false and error() says why.
class ProtobufReader {
public:
    explicit ProtobufReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    bool more() const { return at_ != end_; }
    const error_code& error() const { return error_; }

    std::uint64_t varint() {
        if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]] {
            return static_cast<std::uint8_t>(*at_++);
        }
        return long_varint();
    }

    std::uint32_t tag() {
        const std::uint64_t value = varint();
        if (value > UINT32_MAX || value < 8) [[unlikely]] {  // field numbers have 29 bits and start at 1
            fail(DecodeError::syntax);
            return 0;
        }
        return static_cast<std::uint32_t>(value);
    }

    std::uint32_t uint32() {
        const std::uint64_t value = varint();
        if (value > UINT32_MAX) [[unlikely]] {
            fail(DecodeError::out_of_range);
            return 0;
        }
        return static_cast<std::uint32_t>(value);
    }

    // An enum's number; negative numbers are sent as 64 bits, of which the lower half counts.
    std::uint32_t enumerator() { return static_cast<std::uint32_t>(varint()); }

    template <class T>
    T fixed() {
        T value{};
        if (static_cast<std::size_t>(end_ - at_) < sizeof value) [[unlikely]] {
            fail(DecodeError::truncated);
            return value;
        }
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }

    std::string_view bytes() {
        const std::uint64_t size = varint();
        if (size > static_cast<std::size_t>(end_ - at_)) [[unlikely]] {
            fail(DecodeError::truncated);
            return {};
        }
        const std::string_view value(at_, size);
        at_ += size;
        return value;
    }

    // Skips the value of an unknown field. Groups, which proto3 does not have, are refused.
    void skip(std::uint32_t tag) {
        switch (static_cast<WireType>(tag & 7)) {
            case WireType::varint:
                varint();
                return;
            case WireType::fixed64:
                fixed<std::uint64_t>();
                return;
            case WireType::bytes:
                bytes();
                return;
            case WireType::fixed32:
                fixed<std::uint32_t>();
                return;
        }
        fail(DecodeError::syntax);
    }

    void fail(DecodeError error) {
        if (!error_) {
            error_ = error;
        }
        at_ = end_;
    }

private:
    std::uint64_t long_varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ == end_) {
                fail(DecodeError::truncated);
                return 0;
            }
            const auto byte = static_cast<std::uint8_t>(*at_++);
            if (shift == 63 && byte > 1) {
                fail(DecodeError::out_of_range);
                return 0;
            }
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) {
                return value;
            }
        }
        return 0;  // not reached: the tenth byte ends it
    }

    const char* at_;
    const char* end_;
    error_code error_;
};

inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace portillon::wire
