#pragma once

// Topic names and filters. Source: MQTT 5.0, 4.7.

#include <string_view>

namespace portillon::wire::mqtt {

// A name to publish to: not empty, no wildcards.
constexpr bool is_topic_name(std::string_view text) {
    bool wildcard = false;
    for (const char letter : text) {
        wildcard |= letter == '#' || letter == '+';
    }
    return !text.empty() && !wildcard;
}

// A filter to subscribe to: wildcards stand for whole levels, '#' for all remaining ones.
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

// 4.8.2: "$share/{name}/{filter}". The name is not empty and has no wildcard; the filter is a topic filter.
constexpr bool is_shared_filter(std::string_view text) {
    constexpr std::string_view prefix = "$share/";
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    const auto end = text.find('/');
    return end != text.npos && is_topic_name(text.substr(0, end)) && is_topic_filter(text.substr(end + 1));
}

}  // namespace portillon::wire::mqtt
