#pragma once

// The driver `grpc`: a batch is a unary call of portillon.v1.Gate/Deliver, a session one connection.

#include "driver/kind.h"

namespace portillon::grpc {

driver::Kind kind();

}  // namespace portillon::grpc
