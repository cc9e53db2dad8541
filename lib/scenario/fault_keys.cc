#include "scenario/fault_keys.h"

#include <algorithm>

namespace portillon::scenario {

namespace {

bool holds(const std::vector<std::string_view>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

FaultKeys own_keys_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::stall:
            return {{"for"}, {}};
        case FaultKind::delay:
        case FaultKind::slow:
            return {{"for", "delay"}, {}};
        case FaultKind::limit:
            return {{"for", "rate"}, {}};
        case FaultKind::lose:
        case FaultKind::duplicate:
        case FaultKind::swap:
            return {{"count"}, {"one_in"}};
        case FaultKind::drop:
        case FaultKind::mute:
        case FaultKind::error:
        case FaultKind::reject:
            return {{}, {"for", "count", "one_in"}};
        case FaultKind::throttle:
            return {{"retry_after"}, {"for", "count", "one_in"}};
        case FaultKind::turn_away:
        case FaultKind::restart:
            return {{"for"}, {}};
        case FaultKind::close:
        case FaultKind::goaway:
            return {{}, {"for", "every"}};
        case FaultKind::kill:
            return {{}, {"for"}};
        case FaultKind::latency:
            return {{"for", "delay"}, {"jitter"}};
        case FaultKind::bandwidth:
        case FaultKind::slow_read:
            return {{"for", "rate"}, {}};
        case FaultKind::cut:
        case FaultKind::refuse:
            return {{"for"}, {}};
        case FaultKind::reset:
            return {{}, {"for", "every"}};
        case FaultKind::half_open:
            return {};
        case FaultKind::flapping:
            return {{"for", "up", "down"}, {}};
        case FaultKind::one_way:
            return {{"for", "direction"}, {}};
    }
    return {};
}

}  // namespace

bool FaultKeys::needs(std::string_view key) const {
    return holds(needed, key);
}

bool FaultKeys::takes(std::string_view key) const {
    return holds(needed, key) || holds(allowed, key);
}

FaultKeys keys_of(FaultKind kind) {
    auto keys = own_keys_of(kind);
    if (is_of_network(kind)) {
        keys.allowed.insert(keys.allowed.end(), {"share", "equipments"});
    }
    return keys;
}

bool strikes_messages(FaultKind kind) {
    return kind >= FaultKind::drop && kind <= FaultKind::reject;
}

}  // namespace portillon::scenario
