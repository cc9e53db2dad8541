#pragma once

// When a call may be tried again, as google.rpc.RetryInfo says it: in a google.rpc.Status, in the trailer
// grpc-status-details-bin. Source: googleapis/google/rpc/{status,error_details}.proto, grpc/doc/PROTOCOL-HTTP2.md.

#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "wire/grpc_status.h"

namespace portillon::wire {

// Reads the trailer's value: base64, with or without padding. Nothing if it is something else or holds no RetryInfo;
// a year at most, never less than 0.
std::optional<Nanos> parse_retry_info(std::string_view status_details);

// The trailer's value: a Status with that code and message and one RetryInfo.
std::string format_retry_info(GrpcStatus status, std::string_view message, Nanos retry_after);

// grpc-retry-pushback-ms: a number of 32 bits with its sign. Nothing for a negative one or anything else: the server
// does not want the call again at all (grpc's proposal A6, "Pushback").
std::optional<Nanos> parse_pushback(std::string_view milliseconds);

}  // namespace portillon::wire
