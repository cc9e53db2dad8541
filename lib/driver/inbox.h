#pragma once

// The messages that a server sends on its own account: what a subscription matches, or a command to an equipment. An
// Inbox stands beside Receipts, which hear of a session's own batches.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portillon::driver {

// Everything that it points to is valid during the call of received().
struct Message {
    std::string_view topic;  // its destination, in the protocol's own form
    std::span<const std::byte> payload;
    // Whether the server says that it may have sent this message to this session before (MQTT: DUP).
    bool again = false;
    // Whether it is older than the subscription: the server kept it for whoever subscribes (MQTT: RETAIN).
    bool retained = false;
};

class Inbox {
public:
    virtual ~Inbox() = default;
    // Called once per message, in the order in which they came; also while Session::open() is still under way. A
    // message that the protocol knows to be a copy is not handed on (MQTT: QoS 2). The receiver must not destroy the
    // session.
    virtual void received(const Message& message) = 0;
};

// What a session that only receives asks for.
struct Interest {
    std::vector<std::string> filters;  // at least one, valid for the protocol (MQTT: topic filters, also $share)
    // Whether the server shall keep messages for the session while it is not connected.
    enum class Stay : std::uint8_t { while_connected, across_connections } stay = Stay::across_connections;
};

}  // namespace portillon::driver
