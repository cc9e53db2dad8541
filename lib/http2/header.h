#pragma once

// A header to be sent, and what both ends agree on about header lists.

#include <cstdint>
#include <string_view>

namespace portillon::http2 {

struct Header {
    std::string_view name;   // lower case; outlives the connection
    std::string_view value;  // outlives the connection, unless it varies
    // `varies`: copied, and kept out of the compression tables, which are memory of every connection.
    enum class Value : std::uint8_t { constant, varies } kind = Value::constant;
};

// The size of one header in a header list, as RFC 9113 (6.5.2) counts it.
constexpr std::size_t header_bytes(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 32;
}

// Neither end sends SETTINGS_HEADER_TABLE_SIZE: the peer would have to confirm a table below the default (RFC 7541,
// 4.2), or nghttp2 ends the connection; and peers that use no table (.NET's client, for one) never confirm.

}  // namespace portillon::http2
