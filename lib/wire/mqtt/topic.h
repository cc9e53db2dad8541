#pragma once

// Source: MQTT 5.0, 4.7.

#include <string_view>

namespace portillon::mqtt {

// A name to publish to: not empty, no wildcards.
constexpr bool is_topic_name(std::string_view text) {
    bool wildcard = false;
    for (const char letter : text) {
        wildcard |= letter == '#' || letter == '+';
    }
    return !text.empty() && !wildcard;
}

// A filter to subscribe to: wildcards stand for whole levels, '#' for the last ones.
constexpr bool is_topic_filter(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '#' && text[i] != '+') {
            continue;
        }
        const bool last = i + 1 == text.size();
        if ((i > 0 && text[i - 1] != '/') || (!last && (text[i] == '#' || text[i + 1] != '/'))) {
            return false;
        }
    }
    return !text.empty();
}

}  // namespace portillon::mqtt
