#include "drivers/over_http2/options.h"

#include <nlohmann/json.hpp>

namespace portillon::drivers::over_http2 {

Nanos keepalive_of(const nlohmann::json& options) {
    const auto keepalive = options.find("keepalive");
    if (keepalive == options.end() || !keepalive->is_string()) {
        return 0ns;
    }
    return parse_duration(keepalive->get<std::string>()).value_or(0ns);
}

std::string authority_of(const net::Url& target) {
    return target.authority();
}

}  // namespace portillon::drivers::over_http2
