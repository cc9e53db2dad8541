#pragma once

// Where a target or a listener is, as users write it.

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace portillon::net {

using Endpoint = boost::asio::ip::tcp::endpoint;

// "mqtt://host:1883", "http://[::1]:8080/path".
struct Url {
    std::string scheme;
    std::string host;  // without brackets
    std::uint16_t port = 0;
    std::string path;  // with its leading '/'; empty when the URL has none
};

// Nothing if the text is not SCHEME://HOST:PORT[/PATH] or the port is missing or 0.
std::optional<Url> parse_url(std::string_view text);

// "HOST:PORT" with a numeric address, "[::1]:80" included; port 0 is allowed. "localhost" is 127.0.0.1.
std::optional<Endpoint> parse_endpoint(std::string_view text);

std::string format_endpoint(const Endpoint& endpoint);

// The first address of `host`. Blocks: for set-up only.
Result<Endpoint> resolve(const std::string& host, std::uint16_t port);

bool is_loopback(const Endpoint& endpoint);

}  // namespace portillon::net
