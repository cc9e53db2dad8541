#pragma once

// A client's session in the listener: the state that the protocol keeps, and its place in the listener's containers.

#include <cstdint>
#include <map>
#include <string>

#include "base/units.h"
#include "mqtt/session_state.h"

namespace portillon::server::listeners::mqtt {

class Connection;

struct Session : portillon::mqtt::SessionState {
    // The shard in which ingest has yet to decide about a message of this session.
    enum class Undecided : std::uint8_t { here, elsewhere } undecided = Undecided::here;
    std::uint16_t home = 0;                           // the shard that knows which shard has this session
    std::uint32_t place = 0;                          // among the listener's, for tickets
    const std::string* client_id = nullptr;           // a view of the listener's key
    Connection* connection = nullptr;                 // nullptr: the client is away
    std::multimap<Instant, Session*>::iterator away;  // valid while the client is away
    Instant will_due = never;                         // while the client is away and may still come back in time
    std::uint64_t number = 0;                         // unlike that of any other session, in any shard
};

}  // namespace portillon::server::listeners::mqtt
