#pragma once

// The driver `example`, of lib/driver/README.md. It is not listed in cmd/, because no such server exists.

#include "driver/kind.h"

namespace portillon::drivers::example {

driver::Kind kind();

}  // namespace portillon::drivers::example
