#include "net/endpoint.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <charconv>

namespace portillon::net {

namespace {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

std::optional<HostPort> split_host_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (host.empty() || digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return HostPort{std::string(host), port};
}

std::string join_host_port(const std::string& host, std::uint16_t port) {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
    const auto separator = text.find("://");
    if (separator == std::string_view::npos || separator == 0) {
        return std::nullopt;
    }
    Url url;
    url.scheme = std::string(text.substr(0, separator));
    std::string_view rest = text.substr(separator + 3);
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        url.path = std::string(rest.substr(slash));
        rest = rest.substr(0, slash);
    }
    const auto host_port = split_host_port(rest);
    if (!host_port || host_port->port == 0) {
        return std::nullopt;
    }
    url.host = host_port->host;
    url.port = host_port->port;
    return url;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto host_port = split_host_port(text);
    if (!host_port) {
        return std::nullopt;
    }
    error_code error;
    const auto address =
        boost::asio::ip::make_address(host_port->host == "localhost" ? "127.0.0.1" : host_port->host, error);
    if (error) {
        return std::nullopt;
    }
    return Endpoint{address, host_port->port};
}

std::string format_endpoint(const Endpoint& endpoint) {
    return join_host_port(endpoint.address().to_string(), endpoint.port());
}

Result<Endpoint> resolve(const std::string& host, std::uint16_t port) {
    if (const auto known = parse_endpoint(join_host_port(host, port))) {
        return *known;
    }
    boost::asio::io_context io;
    boost::asio::ip::tcp::resolver resolver(io);
    error_code error;
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error) {
        return error;
    }
    return found.begin()->endpoint();
}

bool is_loopback(const Endpoint& endpoint) {
    return endpoint.address().is_loopback();
}

}  // namespace portillon::net
