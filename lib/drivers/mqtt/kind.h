#pragma once

// The driver `mqtt`: a batch is a PUBLISH; a session is one connection at a time, and the state that MQTT resumes
// between them. MQTT 3.1.1 and 5, QoS 0, 1 and 2.

#include "driver/kind.h"

namespace portillon::drivers::mqtt {

driver::Kind kind();

}  // namespace portillon::drivers::mqtt
