#pragma once

// A connected stream socket between two processes of this machine, under the Transport interface.

#include <memory>

#include "net/loop.h"
#include "net/transport.h"

namespace portillon::net {

// Takes over `descriptor` (one end of a socketpair, say); the transport is connected.
std::unique_ptr<Transport> adopt_local(Loop& loop, int descriptor, Traffic& traffic);

}  // namespace portillon::net
