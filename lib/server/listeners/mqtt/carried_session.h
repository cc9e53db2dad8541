#pragma once

// A session on its way from one shard to another. Its client is away: the old connection has gone, and the new one has
// not resumed the session yet.

#include <optional>

#include "base/units.h"
#include "mqtt/session_state.h"

namespace portillon::server::listeners::mqtt {

struct CarriedSession {
    portillon::mqtt::SessionState state;
    std::uint64_t number = 0;  // unlike that of any other session ever
    Nanos expires_in{};
    std::optional<Nanos> will_due_in;
};

}  // namespace portillon::server::listeners::mqtt
