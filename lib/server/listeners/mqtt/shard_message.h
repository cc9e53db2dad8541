#pragma once

// The messages about sessions that the MQTT listeners of a server's shards exchange (session_exchange.h). Both ends are
// the same program on one machine, so there is one version. Messages are checked all the same.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/ingest.h"
#include "server/listeners/mqtt/carried_session.h"

namespace portillon::server::listeners::mqtt {

struct ShardMessage {
    enum class Kind : std::uint8_t {
        claim,     // to the home: a client of ours has connected; where is its session?
        grant,     // from the home: the session is yours, as it is here, or new
        give,      // from the home: give the session up, and send its state
        given,     // to the home: its state, or that it has ended
        ended,     // to the home: we have the session no longer
        holding,   // to a home that may not know: we have the session
        took,      // to the home: we have the session, whoever had it before
        drop,      // from the home: give the session up, nobody wants it
        decided,   // to the home: the decision on a QoS 2 message of a session that we had
        decision,  // from the home to the session's holder: the same
    };

    Kind kind{};
    std::string_view client_id;
    std::uint64_t request = 0;                   // of claim and grant
    std::optional<CarriedSession> session = {};  // of grant and given
    std::uint64_t session_number = 0;            // of decided and decision: the session,
    std::uint16_t packet_id = 0;                 // the message,
    Disposition disposition{};                   // and the decision
};

void encode(const ShardMessage& message, std::vector<std::byte>& into);
// Nothing if the bytes are no message. The client identifier is a view of them.
std::optional<ShardMessage> decode_shard_message(std::span<const std::byte> bytes);

}  // namespace portillon::server::listeners::mqtt
