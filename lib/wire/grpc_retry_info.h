#pragma once

// When a call may be tried again, as google.rpc.RetryInfo in a google.rpc.Status in the trailer
// grpc-status-details-bin. Source: googleapis/google/rpc/{status,error_details}.proto, grpc/doc/PROTOCOL-HTTP2.md.

#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "wire/grpc_status.h"

namespace portillon::wire {

// Reads the trailer's value: base64, with or without padding. Nothing if it has another form or no RetryInfo; the delay
// is at most a year, and never negative.
std::optional<Nanos> parse_retry_info(std::string_view status_details);

// Writes the trailer's value: a Status with that code and message and one RetryInfo.
std::string format_retry_info(GrpcStatus status, std::string_view message, Nanos retry_after);

// Reads grpc-retry-pushback-ms: a signed number of 32 bits. Nothing for a negative number or any other text: the server
// does not want the call again at all (gRPC's proposal A6, "Pushback").
std::optional<Nanos> parse_pushback(std::string_view milliseconds);

}  // namespace portillon::wire
