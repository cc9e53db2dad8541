#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/error.h"

namespace portillon::net {

namespace {

namespace urls = boost::urls;

constexpr std::size_t most_bytes = 8000;  // the length that RFC 9110, 4.1 asks everybody to support
constexpr std::size_t most_name_bytes = 253;
constexpr std::size_t most_label_bytes = 63;
constexpr std::string_view url_form = "write SCHEME://HOST:PORT[/PATH]";
constexpr std::string_view endpoint_form = "write HOST:PORT, or [HOST]:PORT with an IPv6 address";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_unreserved(char c) {
    return is_letter(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}
// The characters of which a URL may consist at all (RFC 3986).
bool is_of_urls(char c) {
    return is_unreserved(c) || std::string_view(":/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return made;
}

std::string percent_encoded(std::string_view bytes) {
    std::string made;
    for (const char c : bytes) {
        made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return made;
}

// The first character of `text` with all its bytes, if it is UTF-8; else one byte.
std::string_view first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    return text.substr(0, std::min(bytes, text.size()));
}

// A character as a message names it: control characters must not reach a terminal.
std::string named(std::string_view character) {
    if (character == " ") {
        return "a space";
    }
    if (character.size() == 1 && (character[0] <= ' ' || character[0] > '~')) {
        return fmt::format("the byte 0x{:02X}", static_cast<unsigned char>(character[0]));
    }
    return fmt::format("'{}'", character);
}

// The typed text as a message shows it.
std::string shown(std::string_view text) {
    constexpr std::size_t enough = 200;
    std::string made;
    for (const char c : text.substr(0, enough)) {
        if ((c >= 0 && c < ' ') || c == 0x7F) {
            made += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
        } else {
            made += c;
        }
    }
    return "'" + made + (text.size() > enough ? "...'" : "'");
}

// Why a text is refused, and what to write instead.
struct Refusal {
    std::string why;
    std::string instead;
};
using Refused = std::optional<Refusal>;

// Splits a text that may be anything into its parts. Without "://" all of it is authority.
struct Parts {
    explicit Parts(std::string_view text) {
        if (const auto at = text.find("://"); at != std::string_view::npos) {
            scheme = text.substr(0, at);
            text.remove_prefix(at + 3);
        }
        const auto end = std::min(text.find_first_of("/?#"), text.size());
        authority = text.substr(0, end);
        rest = text.substr(end);
    }
    std::string_view scheme, authority, rest;
};

// The typed text is shown without user information: a log is no place for a password.
Problems problems_of(std::string_view text, const Refusal& refusal) {
    const Parts parts(text);
    std::string typed(text);
    if (const auto at = parts.authority.rfind('@'); at != std::string_view::npos) {
        typed.replace(static_cast<std::size_t>(parts.authority.data() - text.data()), at, "...");
    }
    return {{"", 0, "", fmt::format("{} {} ({})", shown(typed), refusal.why, refusal.instead)}};
}

Refused foreign_character(std::string_view text) {
    const auto found = std::find_if_not(text.begin(), text.end(), is_of_urls);
    if (found == text.end()) {
        return std::nullopt;
    }
    const auto place = static_cast<std::size_t>(found - text.begin());
    const auto character = first_character(text.substr(place));
    const auto rest = text.size() - Parts(text).rest.size();
    const bool ascii = static_cast<unsigned char>(character[0]) < 0x80;
    return Refusal{fmt::format("has {}, which no URL may have", named(character)),
                   place >= rest ? fmt::format("write {}", percent_encoded(character))
                   : ascii       ? std::string("leave it out")
                                 : std::string("write the name in its ASCII form, xn--...")};
}

Refused bad_escape(std::string_view text) {
    for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
        if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) {
            return Refusal{"has a '%' without two hexadecimal digits", "write %25 for the character itself"};
        }
    }
    return std::nullopt;
}

bool is_v6(std::string_view host) {
    error_code error;
    boost::asio::ip::make_address_v6(std::string(host), error);
    return !error;
}

// Finds out what is wrong with `authority`, as well as can be told; Boost.URL says no more than "leftover" or
// "mismatch".
Refused bad_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (authority.find('[') == std::string_view::npos && std::count(authority.begin(), authority.end(), ':') > 1) {
        const auto host = authority.substr(0, colon);
        const auto port = authority.substr(colon + 1);
        return Refusal{"has an IPv6 address without brackets",
                       is_v6(host) ? fmt::format("write [{}]:{}", host, port)
                                   : fmt::format("write [{}]:PORT", is_v6(authority) ? authority : "ADDRESS")};
    }
    if (!authority.empty() && authority.front() == '[') {
        const auto close = authority.find(']');
        if (close == std::string_view::npos || !is_v6(authority.substr(1, close - 1))) {
            return Refusal{"has no IPv6 address in its brackets", "write [::1]:PORT, for example"};
        }
    }
    if (colon != std::string_view::npos && authority.back() != ']') {
        const auto port = authority.substr(colon + 1);
        if (!std::all_of(port.begin(), port.end(), is_digit)) {
            return Refusal{fmt::format("has no port number behind its ':' but {}", shown(port)),
                           "write a number from 1 to 65535"};
        }
    }
    return std::nullopt;
}

// Refuses what DNS does not allow in a name; RFC 3986 allows more in a registered name.
Refused bad_name(std::string_view name) {
    const auto odd = std::find_if_not(name.begin(), name.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    });
    if (odd != name.end()) {
        return Refusal{fmt::format("has '{}' in its host name", *odd),
                       *odd == '%' ? "write the name in its ASCII form, xn--..."
                                   : "write a name of letters, digits, '-', '_' and '.'"};
    }
    std::string_view left = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    if (left.size() > most_name_bytes) {
        return Refusal{"has too long a host name", fmt::format("at most {} characters", most_name_bytes)};
    }
    std::string_view label;
    for (bool more = true; more;) {
        const auto dot = left.find('.');
        label = left.substr(0, dot);
        if (label.empty() || label.size() > most_label_bytes) {
            return Refusal{"has no host name", fmt::format("1 to {} characters between its dots", most_label_bytes)};
        }
        more = dot != std::string_view::npos;
        left.remove_prefix(more ? dot + 1 : 0);
    }
    // Some programs take "127.1", "0x7f.0.0.1", "1.2.3.400" for addresses, each program for another one.
    const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
    if (std::all_of(label.begin(), label.end(), is_digit) ||
        (hexadecimal && std::all_of(label.begin() + 2, label.end(), is_hex))) {
        return Refusal{"has neither a host name nor an IPv4 address",
                       "write an address as four numbers from 0 to 255, such as 127.0.0.1"};
    }
    return std::nullopt;
}

// Splits the zone off an IPv6 address: "%25eth0" as RFC 6874 writes it, or "%eth0" as everybody types it.
struct Zoned {
    std::string text;  // without the zone: the form that Boost.URL reads
    std::string zone;  // empty: none
    Refused refused;
};

Zoned take_zone(std::string_view text) {
    const auto authority = Parts(text).authority;
    const auto open = authority.find('[');
    const auto close = authority.find(']');
    const auto percent = authority.find('%');
    if (open == std::string_view::npos || close == std::string_view::npos || percent < open || percent > close) {
        return {std::string(text), {}, std::nullopt};
    }
    std::string_view zone = authority.substr(percent + 1, close - percent - 1);
    if (zone.starts_with("25")) {
        zone.remove_prefix(2);
    }
    if (zone.empty() || !std::all_of(zone.begin(), zone.end(), is_unreserved)) {
        return {{}, {}, Refusal{"has no zone behind the '%' of its address", "write [fe80::1%25eth0], for example"}};
    }
    const auto from = static_cast<std::size_t>(authority.data() - text.data()) + percent;
    const auto to = static_cast<std::size_t>(authority.data() - text.data()) + close;
    return {std::string(text.substr(0, from)) + std::string(text.substr(to)), std::string(zone), std::nullopt};
}

enum class PortZero : std::uint8_t { refused, allowed };

struct Read {
    HostPort at;
    Refused refused;
};

// Reads host and port from a URL or a bare authority that Boost.URL has parsed.
template <class View>
Read read_host_port(const View& view, const std::string& zone, PortZero zero) {
    Read read;
    if (view.has_userinfo()) {
        read.refused = {"has a user name in front of its host", "leave it out: nothing here would send it"};
        return read;
    }
    const std::string_view address(view.encoded_host_address().data(), view.encoded_host_address().size());
    switch (view.host_type()) {
        case urls::host_type::ipv6:
            read.at.host = boost::asio::ip::make_address_v6(std::string(address)).to_string();
            break;
        case urls::host_type::ipv4:
            read.at.host = std::string(address);
            break;
        case urls::host_type::name:
            if (address.empty()) {
                read.refused = {"has no host", "write HOST:PORT behind //, such as 127.0.0.1:1883"};
                return read;
            }
            if (read.refused = bad_name(address); read.refused) {
                return read;
            }
            read.at.host = lower(address);
            break;
        case urls::host_type::none:
        case urls::host_type::ipvfuture:
            read.refused = {"has no host that is known here", "write a name, an IPv4 or an IPv6 address"};
            return read;
    }
    if (!zone.empty()) {
        read.at.host += "%" + zone;
    }
    const std::string_view digits(view.port().data(), view.port().size());
    if (digits.empty()) {
        read.refused = {"has no port", "write HOST:PORT: there is no usual one here"};
        return read;
    }
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), read.at.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        read.refused = {fmt::format("has port {}", digits.substr(0, 20)), "write a number from 1 to 65535"};
    } else if (read.at.port == 0 && zero == PortZero::refused) {
        read.refused = {"has port 0, where nobody can listen", "write a number from 1 to 65535"};
    }
    return read;
}

}  // namespace

std::string format_host_port(const HostPort& at) {
    if (at.host.find(':') == std::string::npos) {
        return fmt::format("{}:{}", at.host, at.port);
    }
    const auto percent = std::min(at.host.find('%'), at.host.size());
    const auto zone = at.host.substr(std::min(percent + 1, at.host.size()));
    return fmt::format("[{}{}{}]:{}", at.host.substr(0, percent), zone.empty() ? "" : "%25", zone, at.port);
}

std::string Url::text() const {
    return scheme + "://" + format_host_port({host, port}) + path;
}

std::string Url::authority() const {
    return format_host_port({host.substr(0, host.find('%')), port});
}

Checked<Url> parse_url(std::string_view text) {
    if (text.size() > most_bytes) {
        return problems_of(text, {"is too long for a URL", fmt::format("at most {} characters", most_bytes)});
    }
    if (const auto refused = foreign_character(text)) {
        return problems_of(text, *refused);
    }
    const Parts parts(text);
    if (parts.scheme.empty()) {
        return problems_of(text, {"is not a URL", std::string(url_form)});
    }
    const auto zoned = take_zone(text);
    if (zoned.refused) {
        return problems_of(text, *zoned.refused);
    }
    if (const auto refused = bad_escape(zoned.text)) {
        return problems_of(text, *refused);
    }
    const auto view = urls::parse_uri(zoned.text);
    // Boost 1.81 reads "h:1x" as an authority "h:1" and a path "x".
    if (!view || Parts(zoned.text).authority.size() != view->encoded_authority().size()) {
        return problems_of(text,
                           bad_authority(parts.authority).value_or(Refusal{"is not a URL", std::string(url_form)}));
    }
    auto [at, refused] = read_host_port(*view, zoned.zone, PortZero::refused);
    if (refused) {
        return problems_of(text, *refused);
    }
    if (!zoned.zone.empty() && view->host_type() != urls::host_type::ipv6) {
        return problems_of(text, {"has a zone without an IPv6 address", "write [fe80::1%25eth0], for example"});
    }
    if (view->has_fragment()) {
        return problems_of(text, {"has a fragment, which is never sent to a server",
                                  "leave '#' and what follows it out; write %23 for the character itself"});
    }
    Url url{lower(std::string_view(view->scheme().data(), view->scheme().size())), std::move(at.host), at.port,
            std::string(view->encoded_path().data(), view->encoded_path().size())};
    if (view->has_query()) {
        url.path +=
            (url.path.empty() ? "/?" : "?") + std::string(view->encoded_query().data(), view->encoded_query().size());
    }
    return url;
}

Checked<HostPort> parse_host_port(std::string_view text) {
    const Refusal no_endpoint{"is not HOST:PORT", std::string(endpoint_form)};
    if (text.size() > most_bytes || text.find('/') != std::string_view::npos) {
        return problems_of(text, no_endpoint);
    }
    if (const auto refused = foreign_character(text)) {
        return problems_of(text, *refused);
    }
    const auto zoned = take_zone(text);
    if (zoned.refused) {
        return problems_of(text, *zoned.refused);
    }
    const auto view = urls::parse_authority(zoned.text);
    if (!view) {
        return problems_of(text, bad_authority(text).value_or(no_endpoint));
    }
    auto [at, refused] = read_host_port(*view, zoned.zone, PortZero::allowed);
    if (refused) {
        return problems_of(text, *refused);
    }
    return std::move(at);
}

}  // namespace portillon::net
