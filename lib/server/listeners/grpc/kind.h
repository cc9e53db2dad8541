#pragma once

// The listener `grpc`: portillon.v1.Gate/Deliver, uncompressed. OK with a Receipt, INVALID_ARGUMENT for a message that
// is no batch, UNAVAILABLE for what ingest does not want now, RESOURCE_EXHAUSTED for what is too large,
// DEADLINE_EXCEEDED for an answer that comes too late, UNIMPLEMENTED for every other call and for compressed messages.

#include "server/listener.h"

namespace portillon::server::listeners::grpc {

ListenerKind kind();

}  // namespace portillon::server::listeners::grpc
