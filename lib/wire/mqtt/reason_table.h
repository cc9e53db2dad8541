#pragma once

// The reasons that each packet may carry. A reason that its packet's table does not list is reserved, and breaks the
// protocol. Source: MQTT 5.0, the tables of 3.2.2.2, 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.9.3, 3.11.3, 3.14.2.1 and
// 3.15.2.1.

#include <cstdint>

#include "wire/mqtt/framer.h"
#include "wire/mqtt/reason.h"

namespace portillon::wire::mqtt {

// The end of a connection that sends a packet: some reasons of DISCONNECT and AUTH, and some properties, may be sent by
// the client only or by the server only.
enum class Sender : std::uint8_t { client, server };

// Whether the table of `packet` lists the reason as one that the sender may use; false for packets without a table.
// `sender` matters only for DISCONNECT and AUTH, which either end may send under different rules.
bool is_listed(Reason reason, PacketType packet, Sender sender);

// The reason to send in a DISCONNECT: `reason` itself, or protocol_error (4.13.1) where the table does not list it.
Reason for_disconnect(Reason reason, Sender sender);

}  // namespace portillon::wire::mqtt
