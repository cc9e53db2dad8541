#include "run/variant.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portillon::run {

namespace {

bool is_index(std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "protocols.mqtt.qos" -> "qos", "delivery.batch.max" -> "batch.max", "traffic.stages.0.rate" -> "stages.0.rate".
std::string short_key(std::string_view key) {
    constexpr std::string_view options = "protocols.";
    if (key.starts_with(options)) {
        const auto end = key.find('.', options.size());
        return std::string(end == std::string_view::npos ? key : key.substr(end + 1));
    }
    auto dot = key.rfind('.');
    std::size_t parts = 1;
    while (dot != std::string_view::npos && dot > 0) {
        const auto before = key.rfind('.', dot - 1);
        const auto first = before == std::string_view::npos ? 0 : before + 1;
        ++parts;
        if (parts >= 2 && !is_index(key.substr(first, dot - first))) {
            return std::string(key.substr(first));
        }
        dot = before;
    }
    return std::string(key);
}

// A key in full where another one would have the same short form.
std::string label_of(const std::string& key, const std::vector<Varied>& varied) {
    const auto brief = short_key(key);
    const auto alike = std::count_if(varied.begin(), varied.end(),
                                     [&brief](const Varied& each) { return short_key(each.key) == brief; });
    return alike > 1 ? key : brief;
}

}  // namespace

std::string variant_of(const Order& order) {
    std::string variant;
    const auto add = [&variant](const std::string& key, const std::string& value) {
        variant += fmt::format("{}{}={}", variant.empty() ? "" : ", ", key, value);
    };
    for (const auto& [key, value, label] : order.varied) {
        if (label.empty()) {
            add(label_of(key, order.varied), value);
        } else {
            variant += (variant.empty() ? "" : ", ") + label;
        }
    }
    const auto& protocol = *order.protocol;
    const auto options = order.scenario.protocols.find(protocol.name);
    if (options == order.scenario.protocols.end()) {
        return variant;
    }
    const auto schema = nlohmann::json::parse(protocol.options_schema, nullptr, false);
    for (const auto& [key, value] : options->second.items()) {
        const nlohmann::json::json_pointer place("/properties/" + key + "/default");
        const auto full = "protocols." + protocol.name + "." + key;
        const bool is_varied = std::any_of(order.varied.begin(), order.varied.end(),
                                           [&full](const Varied& each) { return each.key == full; });
        const bool is_default = schema.contains(place) && schema.at(place) == value;
        if (!is_varied && !is_default) {
            add(key, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    return variant;
}

}  // namespace portillon::run
