#pragma once

// The driver `grpc-stream`: a session is one call of portillon.v1.Gate/Stream on one connection, a batch is a message
// of that call, and its answer is the Receipt that names it.

#include "driver/kind.h"

namespace portillon::drivers::grpc_stream {

driver::Kind kind();

}  // namespace portillon::drivers::grpc_stream
