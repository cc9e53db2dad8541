#pragma once

// The other end of a connection, as a script of bytes: records what it receives and sends what it is told.
//
// Bytes are written as hexadecimal digits and texts in single quotes, with any spaces: "30 05 0001 'x' 'ab'".

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/transport.h"

namespace portillon::testing {

inline std::string bytes_of(std::string_view script) {
    std::string bytes;
    for (std::size_t i = 0; i < script.size();) {
        if (script[i] == ' ') {
            ++i;
        } else if (script[i] == '\'') {
            const auto end = script.find('\'', i + 1);
            check(end != script.npos, "a text without its end");
            bytes += script.substr(i + 1, end - i - 1);
            i = end + 1;
        } else {
            int value = 0;
            const auto pair = script.substr(i, 2);
            check(pair.size() == 2 && std::from_chars(pair.data(), pair.data() + 2, value, 16).ptr == pair.data() + 2,
                  "not two hexadecimal digits");
            bytes += static_cast<char>(value);
            i += 2;
        }
    }
    return bytes;
}

inline std::string hex_of(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        hex += digits[value >> 4];
        hex += digits[value & 15];
    }
    return hex;
}

// A script in the form that BytePeer::take() returns.
inline std::string hex(std::string_view script) {
    return hex_of(bytes_of(script));
}

class BytePeer final : private net::Transport::Reader {
public:
    explicit BytePeer(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }

    void send(std::string_view script) {
        const std::string bytes = bytes_of(script);
        transport_->write(std::as_bytes(std::span(bytes)));
    }

    // The bytes received since the last call, in hexadecimal.
    std::string take() { return hex_of(std::exchange(bytes_, {})); }

    net::Transport& transport() { return *transport_; }

    std::vector<std::size_t> pieces;  // their sizes
    std::string end;                  // its cause_name(); empty while the connection lives

private:
    void received(std::span<const std::byte> bytes) override {
        pieces.push_back(bytes.size());
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void ended(const error_code& cause) override { end = cause_name(cause); }

    std::unique_ptr<net::Transport> transport_;
    std::string bytes_;
};

}  // namespace portillon::testing
