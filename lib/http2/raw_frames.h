#pragma once

// For tests: HTTP/2 frames written and read by hand (RFC 9113, sections 4 and 6), so that a peer can send anything,
// violations included.

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace portillon::http2::raw {

using Fields = std::vector<std::pair<std::string, std::string>>;

enum class Type : std::uint8_t {
    data,
    headers,
    priority,
    rst_stream,
    settings,
    push_promise,
    ping,
    goaway,
    window_update,
    continuation,
};

inline constexpr std::uint8_t end_stream = 1;
inline constexpr std::uint8_t ack = 1;
inline constexpr std::uint8_t end_headers = 4;

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint64_t value, int bytes) {
    std::string text;
    while (bytes-- > 0) {
        text.push_back(static_cast<char>(value >> (8 * bytes)));
    }
    return text;
}

inline std::string frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    return number(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) + number(stream, 4) +
           std::string(payload);
}

// HPACK: literals without indexing, no Huffman; texts of at most 16,510 bytes.
inline std::string literal(std::string_view text) {
    if (text.size() < 127) {
        return static_cast<char>(text.size()) + std::string(text);
    }
    const auto rest = text.size() - 127;
    return std::string{'\x7F', static_cast<char>((rest & 0x7F) | 0x80), static_cast<char>(rest >> 7)} +
           std::string(text);
}

// Begins with an update of the table size to 1,024, in 3 bytes; encoders may send one at any time (RFC 7541, 4.2).
inline std::string block(const Fields& fields) {
    std::string text = "\x3F\xE1\x07";
    for (const auto& [name, value] : fields) {
        text += '\0' + literal(name) + literal(value);
    }
    return text;
}

inline std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = 0) {
    return frame(Type::headers, static_cast<std::uint8_t>(flags | end_headers), stream, block(fields));
}
inline std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = 0) {
    return frame(Type::data, flags, stream, bytes);
}
inline std::string rst_stream(std::uint32_t stream, std::uint32_t error) {
    return frame(Type::rst_stream, 0, stream, number(error, 4));
}
inline std::string settings(const std::vector<std::pair<int, std::uint32_t>>& values = {}) {
    std::string payload;
    for (const auto& [key, value] : values) {
        payload += number(static_cast<std::uint64_t>(key), 2) + number(value, 4);
    }
    return frame(Type::settings, 0, 0, payload);
}
inline std::string settings_ack() {
    return frame(Type::settings, ack, 0, {});
}
inline std::string ping(std::string_view eight_bytes, std::uint8_t flags = 0) {
    return frame(Type::ping, flags, 0, eight_bytes);
}
inline std::string goaway(std::uint32_t last_stream, std::uint32_t error) {
    return frame(Type::goaway, 0, 0, number(last_stream, 4) + number(error, 4));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t bytes) {
    return frame(Type::window_update, 0, stream, number(bytes, 4));
}

struct Frame {
    Type type{};
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
    std::map<std::string, std::string> fields;  // of HEADERS

    std::uint32_t u32(std::size_t at) const {
        std::uint32_t value = 0;
        for (std::size_t i = at; i < at + 4; ++i) {
            value = value << 8 | static_cast<std::uint8_t>(payload.at(i));
        }
        return value;
    }
};

// Turns bytes in any pieces into frames. Skips the client's preface.
class Frames {
public:
    Frames() {
        nghttp2_hd_inflater* made = nullptr;
        nghttp2_hd_inflate_new(&made);
        inflater_.reset(made);
    }

    std::vector<Frame> read(std::string_view bytes) {
        gathered_ += bytes;
        if (gathered_.starts_with(preface)) {
            gathered_.erase(0, preface.size());
        }
        std::vector<Frame> frames;
        while (gathered_.size() >= 9) {
            const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(gathered_[at]); };
            const std::size_t size = static_cast<std::size_t>(byte(0) << 16 | byte(1) << 8 | byte(2));
            if (gathered_.size() < 9 + size) {
                break;
            }
            Frame next{static_cast<Type>(byte(3)),
                       byte(4),
                       static_cast<std::uint32_t>((byte(5) & 0x7F) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)),
                       gathered_.substr(9, size),
                       {}};
            gathered_.erase(0, 9 + size);
            if (next.type == Type::headers) {
                inflate(next);
            }
            frames.push_back(std::move(next));
        }
        return frames;
    }

private:
    void inflate(Frame& frame) {
        const auto* at = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
        std::size_t left = frame.payload.size();
        for (;;) {
            nghttp2_nv field;
            int flags = 0;
            const auto used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
            if (used < 0) {
                return;
            }
            at += used;
            left -= static_cast<std::size_t>(used);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
                frame.fields[std::string(reinterpret_cast<char*>(field.name), field.namelen)] =
                    std::string(reinterpret_cast<char*>(field.value), field.valuelen);
            }
            if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
                nghttp2_hd_inflate_end_headers(inflater_.get());
                return;
            }
        }
    }

    struct Free {
        void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
    };
    std::string gathered_;
    std::unique_ptr<nghttp2_hd_inflater, Free> inflater_;
};

}  // namespace portillon::http2::raw
