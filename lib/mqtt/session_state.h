#pragma once

// The state of a client that a server keeps between its connections (MQTT 5.0, 4.1). Without subscriptions: the packet
// identifiers of QoS 2 that were received and not released.

#include <cstdint>
#include <vector>

#include "wire/mqtt/packet.h"

namespace portillon::mqtt {

struct SessionState {
    static constexpr std::uint64_t nobody_waits = ~std::uint64_t{0};
    static constexpr std::uint16_t its_holder = 0xFFFF;  // the shard that has the session

    // A PUBLISH at QoS 2 until its PUBREL. undecided: ingest has not decided yet what its PUBREC says.
    struct Received {
        std::uint64_t number = nobody_waits;  // under which the present connection awaits the decision
        std::uint16_t packet_id = 0;
        enum class State : std::uint8_t { undecided, taken } state{};
        std::uint16_t decider = its_holder;  // while undecided: the shard in which it arrived
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

    std::vector<Received> received;        // in the order of arrival
    std::uint32_t expiry_seconds = 0;      // from the end of the connection on; 0: ends with it
    std::uint32_t will_delay_seconds = 0;  // of its latest connection's will
    wire::mqtt::Version version{};         // of its latest connection
};

}  // namespace portillon::mqtt
