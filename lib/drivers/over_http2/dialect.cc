#include "drivers/over_http2/dialect.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace portillon::over_http2 {

void Response::begin(std::string_view digits) {
    Words* const kept = words;
    if (kept != nullptr) {
        kept->leave(this);
    }
    *this = {};
    words = kept;
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
}

void Response::say_header(std::string_view name, std::string_view value) {
    if (words != nullptr && !words->of(this).empty() && words->worth() == Words::Worth::header) {
        say(Words::Worth::header, ", ");
    }
    say(Words::Worth::header, name);
    say(Words::Worth::header, ": ");
    say(Words::Worth::header, value);
}

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

}  // namespace portillon::over_http2
