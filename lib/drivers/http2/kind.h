#pragma once

// The driver `http2`: a batch is a POST, a session one connection with prior knowledge (no upgrade, no TLS).

#include "driver/kind.h"

namespace portillon::drivers::http2 {

driver::Kind kind();

}  // namespace portillon::drivers::http2
