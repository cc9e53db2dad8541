#pragma once

// A client's session in the listener: what the protocol wants remembered, and where it stands among the others.

#include <cstdint>
#include <map>
#include <string>

#include "base/units.h"
#include "mqtt/session_state.h"

namespace portillon::server::mqtt {

class Connection;

struct Session : portillon::mqtt::SessionState {
    enum class Undecided : std::uint8_t { here, elsewhere } undecided = Undecided::here;  // where some of it is
    std::uint16_t home = 0;                           // the shard that knows where this session is
    std::uint32_t place = 0;                          // among the listener's, for tickets
    const std::string* client_id = nullptr;           // the listener's
    Connection* connection = nullptr;                 // nobody: the client is away
    std::multimap<Instant, Session*>::iterator away;  // while the client is
    Instant will_due = never;                         // while its client is away and may still come back in time
    std::uint64_t number = 0;                         // unlike that of any other session, in whatever shard
};

}  // namespace portillon::server::mqtt
