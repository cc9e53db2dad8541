#pragma once

// What the options and the target of a driver over HTTP/2 say that is the same for all of them.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/units.h"
#include "net/url.h"

namespace portillon::over_http2 {

// The option `keepalive`, 0 if it is not there.
Nanos keepalive_of(const nlohmann::json& options);

// The value of :authority: "host:80", "[::1]:80".
std::string authority_of(const net::Url& target);

}  // namespace portillon::over_http2
