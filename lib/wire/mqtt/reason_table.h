#pragma once

// Which reasons a packet may give. A reason that its packet's table does not list is reserved, and breaks the protocol.
// Source: MQTT 5.0, the tables of 3.2.2.2, 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.9.3, 3.11.3, 3.14.2.1 and 3.15.2.1.

#include <cstdint>

#include "wire/mqtt/framer.h"
#include "wire/mqtt/reason.h"

namespace portillon::mqtt {

// The end of a connection that sends a packet: some reasons of DISCONNECT and AUTH, and some properties, are only the
// client's or only the server's to give.
enum class Sender : std::uint8_t { client, server };

// Whether the table of `packet` lists the reason as one that the sender may give; false for packets without a table.
// Only DISCONNECT and AUTH are sent by either end under different rules, the others ignore `sender`.
bool is_listed(Reason reason, PacketType packet, Sender sender);

// What may be said in a DISCONNECT: the reason itself, or protocol_error (4.13.1) where the table has no place for it.
Reason for_disconnect(Reason reason, Sender sender);

}  // namespace portillon::mqtt
