#pragma once

// A header as it is sent, and what both ends promise of header lists.

#include <cstdint>
#include <string_view>

namespace portillon::http2 {

struct Header {
    std::string_view name;   // lower case; outlives the connection
    std::string_view value;  // outlives the connection, unless it varies
    // `varies`: copied, and kept out of the compression tables, which are memory of every connection.
    enum class Value : std::uint8_t { constant, varies } kind = Value::constant;
};

// Of a header list, as RFC 9113 (6.5.2) counts it.
constexpr std::size_t header_bytes(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 32;
}

// Neither end says SETTINGS_HEADER_TABLE_SIZE: of a table below the default the other side must say that it knows (RFC
// 7541, 4.2), or nghttp2 ends the connection; and those that use no table (.NET's client, for one) never say so.

}  // namespace portillon::http2
