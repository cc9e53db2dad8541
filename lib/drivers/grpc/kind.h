#pragma once

// The driver `grpc`: a batch is a unary call of portillon.v1.Gate/Deliver, a session one connection.

#include "driver/kind.h"

namespace portillon::drivers::grpc {

driver::Kind kind();

}  // namespace portillon::drivers::grpc
