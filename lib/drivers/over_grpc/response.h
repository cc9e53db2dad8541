#pragma once

// The response to a gRPC call, and what its end means for a batch: shared by `grpc` and `grpc-stream`.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/units.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/session.h"

namespace portillon::drivers::over_grpc {

struct Response : over_http2::Response {
    std::optional<std::uint8_t> status_code;  // grpc-status
    std::optional<Nanos> retry_after;
    bool wants_no_retry = false;
    bool is_foreign = false;          // not gRPC: a proxy's, for example
    std::uint8_t message_flag = 0;    // from the prefix of the first message
    std::uint32_t message_bytes = 0;  // from the same prefix
    std::uint64_t body_bytes = 0;
};

// Notes one header or trailer. The retry delay is grpc-retry-pushback-ms, or else the RetryInfo in
// grpc-status-details-bin. The server's own words are grpc-message, or else the location of a 3xx, or else the body if
// it is not gRPC's (a proxy's page), or else the headers that explain the status: a content-type, grpc-encoding or
// grpc-status that gRPC does not know. A grpc-status that is no number or above 16 is UNKNOWN
// (grpc/doc/statuscodes.md), and so are two that differ.
void note(Response& response, std::string_view name, std::string_view value);

// Notes the body of the response to a unary call, or of one that is_foreign, in any pieces.
void note_body(Response& response, std::span<const std::byte> bytes);

// The meaning of the whole response.
//
// The status is UNKNOWN if the response is complete and has none. It is INTERNAL if it is OK but the body is not one
// whole plain message; the official libraries do the same (grpc/doc/statuscodes.md), because a server that cannot frame
// its answer is not to be believed. For a second message they report UNIMPLEMENTED, which here would reject a batch for
// good that has perhaps arrived. The message's content is ignored, and a missing message is not an error.
//
// OK acknowledges; INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND and UNIMPLEMENTED reject for good;
// RESOURCE_EXHAUSTED throttles; after any other status the batch may be tried again. A server that wants no retry (a
// negative grpc-retry-pushback-ms) rejects for good whatever its status.
//
// A 3xx without grpc-status rejects for good as "http_302" and the like: redirections are not followed, and the same
// call would get the same answer.
over_http2::AnswerMeaning read(const Response& response);

}  // namespace portillon::drivers::over_grpc
