#include "server/fault.h"

#include <algorithm>
#include <array>

namespace portillon::server {

namespace {

constexpr std::array<std::string_view, 17> names{"stall",     "delay", "slow",   "limit", "lose",     "duplicate",
                                                 "swap",      "drop",  "mute",   "error", "throttle", "reject",
                                                 "turn_away", "close", "goaway", "kill",  "restart"};

}  // namespace

std::string_view name_of(FaultKind kind) {
    return names.at(static_cast<std::size_t>(kind));
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt : std::optional(static_cast<FaultKind>(found - names.begin()));
}

std::string fault_kind_names() {
    std::string text;
    for (const std::string_view name : names) {
        text += text.empty() ? "" : name == names.back() ? " or " : ", ";
        text += name;
    }
    return text;
}

std::string_view name_of(Victim victim) {
    switch (victim) {
        case Victim::validations:
            return "validations";
        case Victim::connections:
            return "connections";
        case Victim::shards:
            return "shards";
        default:
            return "messages";
    }
}

}  // namespace portillon::server
