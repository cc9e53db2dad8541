#pragma once

// The listener `mqtt`: MQTT 3.1.1 and 5 in one, told apart by CONNECT. It takes messages of any topic at QoS 0, 1 and 2
// and has none to give: subscriptions are declined, retained messages are taken like any other and not kept, wills are
// counted. Sessions are kept while their client is away (sessions.h).

#include "server/listener.h"

namespace portillon::server::listeners::mqtt {

ListenerKind kind();

}  // namespace portillon::server::listeners::mqtt
