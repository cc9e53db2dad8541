#pragma once

// Where a target or a listener is: what stands behind the hosts of net/url.h.

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

// "127.0.0.1", "::1", "[::1]", "fe80::1%eth0". An IPv4 address in IPv6's clothes (::ffff:127.0.0.1) is the IPv4
// address. Nothing if it is none, or if this machine has no such zone.
std::optional<Address> parse_address(std::string_view text);

// "HOST:PORT" with an address, "[::1]:80" included; port 0 is allowed. "localhost" is 127.0.0.1.
Checked<Endpoint> parse_endpoint(std::string_view text);

// What parse_endpoint() reads, and what stands between SCHEME:// and PATH of a URL.
std::string format_endpoint(const Endpoint& endpoint);

Url url_of(std::string scheme, const Endpoint& at, std::string path = {});

bool is_loopback(const Endpoint& endpoint);
bool is_loopback_v4(const Endpoint& endpoint);   // 127.0.0.0/8, all of which is this machine's
bool is_this_machine(const Endpoint& endpoint);  // loopback, or an address of one of its network cards

// Whether what listens at one takes what the other wants: equal addresses, or one of them is all of its family's
// (0.0.0.0), of both families ([::]). Port 0 is another one each time.
bool overlap(const Endpoint& a, const Endpoint& b);

// Whether this machine has a way to `to`, if `from` is given from that address of its own. Asks the kernel; sends
// nothing.
error_code reach(const Endpoint& to, const std::optional<Address>& from);

// A server whose name was looked up.
struct Located {
    Url url;
    std::vector<Endpoint> at;  // in the order in which they are tried; at least one
};

// Blocks while a name is looked up: for set-up only. "localhost" is 127.0.0.1 and ::1 (RFC 6761, 6.3), whatever a
// resolver says. Addresses of a name that this machine has no way to are left out, unless that is all of them. The
// problem's message says what is wrong with the host.
Checked<Located> locate(const Url& url);

Located located(Url url, const Endpoint& at);

// For messages: the URL, and the addresses behind its name: "http://localhost:80 (127.0.0.1:80, [::1]:80)".
std::string describe(const Located& server);

}  // namespace portillon::net
