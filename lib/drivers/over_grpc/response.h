#pragma once

// What the response to a gRPC call says, and what its end means for a batch: shared by `grpc` and `grpc-stream`.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/units.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/session.h"

namespace portillon::over_grpc {

struct Response : over_http2::Response {
    std::optional<std::uint8_t> status_code;  // grpc-status
    std::optional<Nanos> retry_after;
    bool wants_no_retry = false;
    bool is_foreign = false;          // no gRPC: a proxy's, say
    std::uint8_t message_flag = 0;    // as the prefix of the first message says
    std::uint32_t message_bytes = 0;  // the same
    std::uint64_t body_bytes = 0;
};

// When to come back is what grpc-retry-pushback-ms says, or else the RetryInfo in grpc-status-details-bin. The server's
// own words are grpc-message, or else the location of a 3xx, or else the body if that is not gRPC's (a proxy's page),
// or else the headers that explain the status: a content-type, grpc-encoding or grpc-status that gRPC does not know. A
// grpc-status that is no number or above 16 is UNKNOWN (grpc/doc/statuscodes.md), and so are two that differ.
void note(Response& response, std::string_view name, std::string_view value);

// The body of the response to a unary call, or of one that is_foreign, in any pieces.
void note_body(Response& response, std::span<const std::byte> bytes);

// What the whole response means.
//
// Its status: UNKNOWN if the response is complete and never said it. INTERNAL if it says OK after a body that is not
// one whole plain message, as the official libraries have it (grpc/doc/statuscodes.md): who cannot frame its answer is
// not believed. Of a second message they make UNIMPLEMENTED, which here would reject for good what has perhaps arrived.
// What the message says is not looked at, and that there is none is not held against a server.
//
// OK acknowledges; INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND and UNIMPLEMENTED reject for good;
// RESOURCE_EXHAUSTED throttles; after anything else one may try again. A server that wants no retry (a negative
// grpc-retry-pushback-ms) rejects for good whatever else it says.
//
// A 3xx without grpc-status rejects for good as "http_302" and the like: nothing is followed, and the same call gets
// the same answer.
over_http2::Reading read(const Response& response);

}  // namespace portillon::over_grpc
