#pragma once

// Addresses as text. Options, messages between processes, JSON and reports read and write addresses through these
// functions only. parse_url() accepts a strict subset of RFC 3986 (on Boost.URL) and explains what it refuses.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/problem.h"

namespace portillon::net {

// SCHEME://HOST:PORT[PATH], in the normal form that parse_url() gives.
struct Url {
    std::string scheme;  // lower case
    std::string host;    // lower case: a name, an IPv4 address, or an IPv6 address without brackets ("fe80::1%eth0")
    std::uint16_t port = 0;
    std::string path;  // with its leading '/' and its query, percent-encoded; empty when the URL has neither

    // The text that parse_url() reads back as the same Url: "http://[fe80::1%25eth0]:80/x".
    std::string text() const;
    // The value of Host and :authority: "[fe80::1]:80". A zone is left out: it means something on this machine alone
    // (RFC 6874, 4).
    std::string authority() const;

    bool operator==(const Url&) const = default;
};

// The one problem's message says what is wrong and what to write instead. Refused, besides text that is no URL at all:
// a missing port or port 0; user information; a fragment; characters that RFC 3986 wants percent-encoded, whose
// encoding is never guessed.
Checked<Url> parse_url(std::string_view text);

// "HOST:PORT", "[::1]:80"; port 0 is allowed.
struct HostPort {
    std::string host;  // lower case, in the form of Url::host
    std::uint16_t port = 0;

    bool operator==(const HostPort&) const = default;
};

Checked<HostPort> parse_host_port(std::string_view text);

std::string format_host_port(const HostPort& at);

}  // namespace portillon::net
