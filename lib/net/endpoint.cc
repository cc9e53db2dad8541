#include "net/endpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>

namespace portillon::net {

namespace {

namespace ip = boost::asio::ip;

// The index of a network interface; 0 if there is none of that name.
unsigned scope_of(const std::string& zone) {
    if (const unsigned scope = ::if_nametoindex(zone.c_str()); scope != 0) {
        return scope;
    }
    unsigned scope = 0;
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), scope);
    char name[IF_NAMESIZE];
    const bool known =
        error == std::errc{} && end == zone.data() + zone.size() && ::if_indextoname(scope, name) != nullptr;
    return known ? scope : 0;
}

Address unmapped(const Address& address) {
    return address.is_v6() && address.to_v6().is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, address.to_v6())
                                                             : address;
}

// The address without its zone.
Address bare(const Address& address) {
    return address.is_v6() ? ip::address_v6(address.to_v6().to_bytes()) : address;
}

std::vector<Address> own_addresses() {
    std::vector<Address> own;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
        return own;
    }
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) {
            continue;
        }
        if (each->ifa_addr->sa_family == AF_INET) {
            Endpoint at(ip::tcp::v4(), 0);
            std::copy_n(reinterpret_cast<const char*>(each->ifa_addr), at.size(), reinterpret_cast<char*>(at.data()));
            own.push_back(at.address());
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            Endpoint at(ip::tcp::v6(), 0);
            std::copy_n(reinterpret_cast<const char*>(each->ifa_addr), at.size(), reinterpret_cast<char*>(at.data()));
            own.push_back(bare(at.address()));
        }
    }
    ::freeifaddrs(all);
    return own;
}

bool is_localhost(std::string_view host) {
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return host == "localhost" || host.ends_with(".localhost");
}

// The reason why no connection can be made to that address; empty if one can.
std::string why_none(const Address& address, const std::string& host) {
    if (address.is_unspecified()) {
        return fmt::format("{} is where a server listens, not where it is (write {} for this machine)", host,
                           address.is_v4() ? "127.0.0.1" : "[::1]");
    }
    if (address.is_multicast() || (address.is_v4() && address.to_v4() == ip::address_v4::broadcast())) {
        return fmt::format("{} stands for many machines (write the address of one)", host);
    }
    if (address.is_v6() && address.to_v6().is_link_local() && address.to_v6().scope_id() == 0) {
        return fmt::format("{0} is link-local: the network card is missing (write [{0}%25eth0], for example)", host);
    }
    return {};
}

Problems problem(std::string message) {
    return {{"", 0, "", std::move(message)}};
}

Checked<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
    std::vector<Endpoint> all;
    if (is_localhost(host)) {
        return std::vector{Endpoint{ip::address_v4::loopback(), port}, Endpoint{ip::address_v6::loopback(), port}};
    }
    boost::asio::io_context io;
    ip::tcp::resolver resolver(io);
    error_code error;
    const auto found = resolver.resolve(host, std::to_string(port), error);
    for (const auto& entry : found) {
        const Endpoint at{unmapped(entry.endpoint().address()), port};
        if (std::find(all.begin(), all.end(), at) == all.end() && why_none(at.address(), host).empty()) {
            all.push_back(at);
        }
    }
    if (all.empty()) {
        return problem(
            fmt::format("cannot resolve {}: {}", host, error ? error.message() : "it has no usable address"));
    }
    return all;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']' && text.find(':') != std::string_view::npos) {
        text = text.substr(1, text.size() - 2);
    }
    const auto percent = text.find('%');
    error_code error;
    if (percent == std::string_view::npos) {
        const auto address = ip::make_address(std::string(text), error);
        return error ? std::nullopt : std::optional(unmapped(address));
    }
    auto zone = text.substr(percent + 1);
    if (zone.size() > 2 && zone.starts_with("25")) {
        zone.remove_prefix(2);  // percent-encoded, as in a URL
    }
    auto address = ip::make_address_v6(std::string(text.substr(0, percent)), error);
    const unsigned scope = scope_of(std::string(zone));
    if (error || scope == 0) {
        return std::nullopt;
    }
    address.scope_id(scope);
    return address;
}

Checked<Endpoint> parse_endpoint(std::string_view text) {
    const auto at = parse_host_port(text);
    if (!at) {
        return at.problems();
    }
    const auto address = at->host == "localhost" ? Address(ip::address_v4::loopback()) : parse_address(at->host);
    if (!address) {
        return problem(at->host.find('%') == std::string::npos
                           ? fmt::format("'{}' has a name (write an address, such as 127.0.0.1:{})", text, at->port)
                           : fmt::format("'{}' has a zone that this machine has not (ip link lists them)", text));
    }
    return Endpoint{*address, at->port};
}

std::string format_endpoint(const Endpoint& endpoint) {
    return format_host_port({endpoint.address().to_string(), endpoint.port()});
}

Url url_of(std::string scheme, const Endpoint& at, std::string path) {
    return {std::move(scheme), at.address().to_string(), at.port(), std::move(path)};
}

bool is_loopback(const Endpoint& endpoint) {
    return unmapped(endpoint.address()).is_loopback();
}

bool is_loopback_v4(const Endpoint& endpoint) {
    const auto address = unmapped(endpoint.address());
    return address.is_v4() && address.is_loopback();
}

bool is_this_machine(const Endpoint& endpoint) {
    if (is_loopback(endpoint)) {
        return true;
    }
    const auto own = own_addresses();
    return std::find(own.begin(), own.end(), bare(unmapped(endpoint.address()))) != own.end();
}

bool overlap(const Endpoint& a, const Endpoint& b) {
    if (a.port() != b.port() || a.port() == 0) {
        return false;
    }
    const auto takes = [](const Address& one, const Address& other) {
        return one == other || (one.is_unspecified() && (one.is_v6() || other.is_v4()));
    };
    return takes(unmapped(a.address()), unmapped(b.address())) || takes(unmapped(b.address()), unmapped(a.address()));
}

// Connects a datagram socket: the kernel looks up the route and sends nothing.
error_code reach(const Endpoint& to, const std::optional<Address>& from) {
    const int socket = ::socket(to.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return last_error();
    }
    error_code error;
    if (from) {
        const Endpoint own{*from, 0};
        if (::bind(socket, own.data(), static_cast<socklen_t>(own.size())) != 0) {
            error = last_error();
        }
    }
    if (!error && ::connect(socket, to.data(), static_cast<socklen_t>(to.size())) != 0) {
        error = last_error();
    }
    ::close(socket);
    return error;
}

Checked<Located> locate(const Url& url) {
    if (url.host.find_first_of(":%") != std::string::npos || parse_address(url.host)) {
        const auto address = parse_address(url.host);
        if (!address) {
            return problem(fmt::format("{} has a zone that this machine has not (ip link lists them)", url.host));
        }
        if (auto why = why_none(*address, url.host); !why.empty()) {
            return problem(std::move(why));
        }
        return Located{url, {Endpoint{*address, url.port}}};
    }
    auto all = look_up(url.host, url.port);
    if (!all) {
        return all.problems();
    }
    std::vector<Endpoint> reachable;
    std::copy_if(all->begin(), all->end(), std::back_inserter(reachable),
                 [](const Endpoint& at) { return !reach(at, std::nullopt); });
    return Located{url, reachable.empty() ? std::move(*all) : std::move(reachable)};
}

Located located(Url url, const Endpoint& at) {
    return {std::move(url), {at}};
}

std::string describe(const Located& server) {
    const auto text = server.url.text();
    if (server.at.size() == 1 && parse_address(server.url.host)) {
        return text;
    }
    std::vector<std::string> addresses;
    for (const auto& at : server.at) {
        addresses.push_back(format_endpoint(at));
    }
    return fmt::format("{} ({})", text, fmt::join(addresses, ", "));
}

}  // namespace portillon::net
