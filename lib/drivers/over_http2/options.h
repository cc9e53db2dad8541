#pragma once

// The options, and the parts of a target, that all drivers over HTTP/2 share.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/units.h"
#include "net/url.h"

namespace portillon::drivers::over_http2 {

// The option `keepalive`; 0 if it is missing.
Nanos keepalive_of(const nlohmann::json& options);

// The value of :authority: "host:80", "[::1]:80".
std::string authority_of(const net::Url& target);

}  // namespace portillon::drivers::over_http2
