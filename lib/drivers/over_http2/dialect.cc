#include "drivers/over_http2/dialect.h"

namespace portillon::over_http2 {

std::string authority_of(const net::Url& target) {
    const bool is_v6 = target.host.find(':') != std::string::npos;
    return (is_v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

}  // namespace portillon::over_http2
