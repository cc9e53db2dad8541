#pragma once

// host::Facts as a message to the conductor.

#include "host/facts.h"
#include "link/link.pb.h"

namespace portillon::link {

void write_host(const host::Facts& facts, v1::Host& into);
host::Facts read_host(const v1::Host& message);

}  // namespace portillon::link
