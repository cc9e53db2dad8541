#pragma once

// What the end of a call means for a batch.

#include <optional>

#include "drivers/over_http2/dialect.h"
#include "wire/grpc_status.h"

namespace portillon::grpc {

// OK acknowledges; INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND and UNIMPLEMENTED reject for good;
// RESOURCE_EXHAUSTED throttles; after anything else one may try again.
over_http2::Reading answer_of(wire::GrpcStatus status, std::optional<Nanos> retry_after);

}  // namespace portillon::grpc
