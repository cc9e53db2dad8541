#pragma once

// The listener `mqtt`: MQTT 3.1.1 and 5 in one, told apart by CONNECT. It takes messages of any topic at QoS 0 and 1
// and has none to give: no sessions, no subscriptions, no retained messages, no wills.

#include "server/listener.h"

namespace portillon::server::mqtt {

ListenerKind kind();

}  // namespace portillon::server::mqtt
