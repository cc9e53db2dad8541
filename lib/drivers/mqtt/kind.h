#pragma once

// The driver `mqtt`: a batch is a PUBLISH, a session one connection with a clean session. MQTT 3.1.1 and 5, QoS 0
// and 1.

#include "driver/kind.h"

namespace portillon::mqtt {

driver::Kind kind();

}  // namespace portillon::mqtt
