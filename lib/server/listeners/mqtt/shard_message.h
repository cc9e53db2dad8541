#pragma once

// What the MQTT listeners of a server's shards say to each other of their sessions (session_exchange.h). For shards of
// one program and one machine: the same version at both ends. Messages are checked all the same.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/ingest.h"
#include "server/listeners/mqtt/carried_session.h"

namespace portillon::server::mqtt {

struct ShardMessage {
    enum class Kind : std::uint8_t {
        claim,     // to the home: a client of ours has connected; where is its session?
        grant,     // from the home: it is yours, as it is here, or new
        give,      // from the home: give it up, and say what it is
        given,     // to the home: as it was, or that it has ended
        ended,     // to the home: we have it no longer
        holding,   // to a home that may not know: we have it
        took,      // to the home: we have it, whoever had it before
        drop,      // from the home: give it up, nobody wants it
        decided,   // to the home: what became of a message at QoS 2 of a session that we had
        decision,  // from the home, to whoever has the session: the same
    };

    Kind kind{};
    std::string_view client_id;
    std::uint64_t request = 0;                   // of claim and grant
    std::optional<CarriedSession> session = {};  // of grant and given
    std::uint64_t session_number = 0;            // of decided and decision,
    std::uint16_t packet_id = 0;                 // and which message,
    Disposition disposition{};                   // and how
};

void encode(const ShardMessage& message, std::vector<std::byte>& into);
// Nothing if the bytes are no message. The client identifier is a view of them.
std::optional<ShardMessage> decode_shard_message(std::span<const std::byte> bytes);

}  // namespace portillon::server::mqtt
