#pragma once

// The addresses of a target or a listener: what the host names of net/url.h resolve to.

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/url.h"

namespace portillon::net {

using Address = boost::asio::ip::address;
using Endpoint = boost::asio::ip::tcp::endpoint;

// Reads "127.0.0.1", "::1", "[::1]", "fe80::1%eth0". An IPv4-mapped IPv6 address (::ffff:127.0.0.1) is returned as the
// IPv4 address. Nothing if `text` is no address, or if this machine has no interface of that zone.
std::optional<Address> parse_address(std::string_view text);

// Reads "HOST:PORT", "[::1]:80" included, where HOST is an address; port 0 is allowed. "localhost" is 127.0.0.1.
Checked<Endpoint> parse_endpoint(std::string_view text);

// Writes what parse_endpoint() reads; the same text stands between SCHEME:// and PATH of a URL.
std::string format_endpoint(const Endpoint& endpoint);

Url url_of(std::string scheme, const Endpoint& at, std::string path = {});

bool is_loopback(const Endpoint& endpoint);
bool is_loopback_v4(const Endpoint& endpoint);   // 127.0.0.0/8, all of which is this machine's
bool is_this_machine(const Endpoint& endpoint);  // loopback, or an address of one of its network cards

// Whether one listening address covers the other: both are equal, or one is the wildcard of the other's family
// (0.0.0.0) or of both families ([::]). Port 0 overlaps nothing: the kernel chooses another port each time.
bool overlap(const Endpoint& a, const Endpoint& b);

// Whether this machine has a route to `to` (from its own address `from`, if given). Asks the kernel; sends nothing.
error_code reach(const Endpoint& to, const std::optional<Address>& from);

// A server whose name has been looked up.
struct Located {
    Url url;
    std::vector<Endpoint> at;  // in the order in which they are tried; at least one
};

// Blocks while the name is looked up, so it is for set-up only. "localhost" is 127.0.0.1 and ::1 (RFC 6761, 6.3),
// whatever a resolver says. Addresses to which this machine has no route are left out, unless that would leave none.
// The problem's message says what is wrong with the host.
Checked<Located> locate(const Url& url);

Located located(Url url, const Endpoint& at);

// For messages: the URL with the addresses behind its name, "http://localhost:80 (127.0.0.1:80, [::1]:80)".
std::string describe(const Located& server);

}  // namespace portillon::net
