#include "axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace portillon::cmd {

namespace {

constexpr std::string_view options_prefix = "protocols.";

// Splits at commas that are outside brackets and quotes, since a value may be a list or a mapping.
std::vector<std::string> split_values(std::string_view text) {
    std::vector<std::string> values(1);
    int depth = 0;
    char quote = 0;
    for (const char c : text) {
        if (quote != 0) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}') {
            --depth;
        } else if (c == ',' && depth <= 0) {
            values.emplace_back();
            continue;
        }
        values.back() += c;
    }
    return values;
}

}  // namespace

Checked<std::vector<Axis>> parse_axes(std::span<const std::string> texts) {
    std::vector<Axis> axes;
    Problems problems;
    std::set<std::string> keys;
    for (const auto& text : texts) {
        const auto problem = [&](const std::string& message) {
            problems.push_back({"--vary " + text, 0, "", message});
        };
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
            problem("no value (allowed: KEY=V1,V2,..., such as protocols.mqtt.qos=0,1,2)");
            continue;
        }
        Axis axis{text.substr(0, equals), split_values(std::string_view(text).substr(equals + 1))};
        if (!keys.insert(axis.key).second) {
            problem(fmt::format("{} is varied twice (allowed: all its values in one --vary)", axis.key));
            continue;
        }
        if (axis.key == "protocol") {
            problem("is chosen by --protocols");
            continue;
        }
        std::set<std::string> seen;
        for (const auto& value : axis.values) {
            if (value.empty()) {
                problem("a value is empty (allowed: KEY=V1,V2,...)");
            } else if (!seen.insert(value).second) {
                problem(fmt::format("the value {} is there twice", value));
            }
        }
        axes.push_back(std::move(axis));
    }
    return problems.empty() ? Checked(std::move(axes)) : Checked<std::vector<Axis>>(std::move(problems));
}

std::string protocol_of(const std::string& key) {
    return key.starts_with(options_prefix)
               ? key.substr(options_prefix.size(), key.find('.', options_prefix.size()) - options_prefix.size())
               : "";
}

bool concerns(const Axis& axis, const std::string& protocol) {
    const auto owner = protocol_of(axis.key);
    return owner.empty() || owner == protocol;
}

std::vector<std::vector<run::Varied>> combinations(std::span<const Axis> axes) {
    std::vector<std::vector<run::Varied>> all(1);
    for (const auto& axis : axes) {
        std::vector<std::vector<run::Varied>> longer;
        for (const auto& one : all) {
            for (const auto& value : axis.values) {
                longer.push_back(one);
                longer.back().push_back({axis.key, value});
            }
        }
        all = std::move(longer);
    }
    return all;
}

std::vector<scenario::Override> overrides_of(const std::vector<run::Varied>& varied) {
    std::vector<scenario::Override> overrides;
    for (const auto& [key, value, label] : varied) {
        overrides.push_back({fmt::format("--vary {}={}", key, value), key, value});
    }
    return overrides;
}

}  // namespace portillon::cmd
