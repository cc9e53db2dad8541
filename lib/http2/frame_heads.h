#pragma once

// Splits one side's bytes, which come in any pieces, at the heads of frames (RFC 9113, 4.1): for events that nghttp2
// does not report. Only for the files of this folder.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace portillon::http2 {

class FrameHeads {
public:
    static constexpr std::size_t head_bytes = 9;
    static constexpr std::size_t preface_bytes = 24;

    // A client begins with its preface, a server with a frame.
    explicit FrameHeads(std::size_t bytes_before = preface_bytes) : passed_over_(bytes_before) {}

    struct Head {
        std::uint8_t type;
        std::uint8_t flags;
        std::int32_t stream;
    };

    // The next head that ends in `bytes`, which is then cut to begin after it; nothing if there is none.
    std::optional<Head> next(std::span<const std::byte>& bytes) {
        while (!bytes.empty()) {
            if (passed_over_ > 0) {
                const std::size_t now = std::min(passed_over_, bytes.size());
                passed_over_ -= now;
                bytes = bytes.subspan(now);
                continue;
            }
            const std::size_t now = std::min(head_bytes - size_, bytes.size());
            std::copy_n(bytes.begin(), now, head_.begin() + static_cast<std::ptrdiff_t>(size_));
            size_ += now;
            bytes = bytes.subspan(now);
            if (size_ == head_bytes) {
                size_ = 0;
                passed_over_ = number(0, 3);
                return Head{static_cast<std::uint8_t>(head_[3]), static_cast<std::uint8_t>(head_[4]),
                            static_cast<std::int32_t>(number(5, 4) & 0x7FFFFFFF)};
            }
        }
        return std::nullopt;
    }

private:
    std::uint32_t number(std::size_t at, std::size_t bytes) const {
        std::uint32_t value = 0;
        for (std::size_t i = at; i < at + bytes; ++i) {
            value = value << 8 | std::to_integer<std::uint32_t>(head_[i]);
        }
        return value;
    }

    std::size_t passed_over_;  // bytes left to skip: of the preface, or of a frame's payload
    std::array<std::byte, head_bytes> head_{};
    std::size_t size_ = 0;
};

}  // namespace portillon::http2
