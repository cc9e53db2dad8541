#pragma once

// What a server remembers of a client between its connections (MQTT 5.0, 4.1): without subscriptions, the packet
// identifiers of QoS 2 that were received and not released.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/units.h"
#include "wire/mqtt/packet.h"

namespace portillon::server::mqtt {

class Connection;

struct Session {
    static constexpr std::uint64_t nobody_waits = ~std::uint64_t{0};

    // A PUBLISH at QoS 2 until its PUBREL. undecided: ingest has it, so that its PUBREC is still owed.
    struct Received {
        std::uint64_t number = nobody_waits;  // under which the present connection awaits the decision
        std::uint16_t packet_id = 0;
        enum class State : std::uint8_t { undecided, taken } state{};
    };

    Received* find(std::uint16_t packet_id) {
        for (Received& each : received) {
            if (each.packet_id == packet_id) {
                return &each;
            }
        }
        return nullptr;
    }
    void forget(const Received& one) { received.erase(received.begin() + (&one - received.data())); }

    const std::string* client_id = nullptr;           // the listener's
    Connection* connection = nullptr;                 // nobody: the client is away
    std::vector<Received> received;                   // in the order of arrival
    std::multimap<Instant, Session*>::iterator away;  // while the client is
    std::uint32_t expiry_seconds = 0;                 // from the end of the connection on; 0: ends with it
    std::uint32_t place = 0;                          // among the listener's, for tickets
    std::uint32_t will_delay_seconds = 0;             // of its latest connection's will
    Instant will_due = never;                         // while its client is away and may still come back in time
    portillon::mqtt::Version version{};               // of its latest connection
};

}  // namespace portillon::server::mqtt
