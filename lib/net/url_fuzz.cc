// Addresses as users type them and as other processes send them.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/endpoint.h"
#include "net/url.h"

namespace net = portillon::net;

namespace {

// Has no character that could end a line, a header or a word, or that programs read in different ways.
bool goes_on_the_wire(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto url = net::parse_url(text)) {
        const auto again = net::parse_url(url->text());
        portillon::check(again && *again == *url, "a URL's own text is not read again");
        portillon::check(goes_on_the_wire(url->authority()) && goes_on_the_wire(url->path), "no text for the wire");
        portillon::check(url->path.empty() || url->path.front() == '/', "a path without its '/'");
        portillon::check(url->port != 0 && !url->host.empty() && !url->scheme.empty(), "a part is missing");
        portillon::check(net::parse_host_port(url->authority()).operator bool(), "an authority is not read again");
    } else {
        portillon::check(url.problems().size() == 1 && !url.problems().front().message.empty(), "no reason");
    }
    if (const auto at = net::parse_host_port(text)) {
        const auto again = net::parse_host_port(net::format_host_port(*at));
        portillon::check(again && *again == *at, "an endpoint's own text is not read again");
    }
    if (const auto endpoint = net::parse_endpoint(text)) {
        const auto again = net::parse_endpoint(net::format_endpoint(*endpoint));
        portillon::check(again && *again == *endpoint, "an endpoint is not read again");
    }
    return 0;
}
