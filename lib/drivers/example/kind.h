#pragma once

// The driver `example`, of lib/driver/README.md. Not listed in cmd/: nobody has such a server.

#include "driver/kind.h"

namespace portillon::example {

driver::Kind kind();

}  // namespace portillon::example
