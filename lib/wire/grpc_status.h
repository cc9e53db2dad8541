#pragma once

// How a gRPC call ends. Source: grpc/doc/statuscodes.md, grpc/doc/http-grpc-status-mapping.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace portillon::wire {

enum class GrpcStatus : std::uint8_t {
    ok,
    cancelled,
    unknown,
    invalid_argument,
    deadline_exceeded,
    not_found,
    already_exists,
    permission_denied,
    resource_exhausted,
    failed_precondition,
    aborted,
    out_of_range,
    unimplemented,
    internal,
    unavailable,
    data_loss,
    unauthenticated,
};

// As an error its message() is "grpc_unavailable" and the like.
error_code make_error_code(GrpcStatus status);

// The same of a call whose server does not want it again: "grpc_unavailable_no_retry".
error_code make_no_retry_code(GrpcStatus status);

std::string_view name_of(GrpcStatus status);                         // "UNAVAILABLE"
std::optional<GrpcStatus> grpc_status_named(std::string_view name);  // from "UNAVAILABLE"
std::optional<GrpcStatus> parse_grpc_status(
    std::string_view header_value);  // from "14"; a number without name: unknown
std::optional<GrpcStatus> grpc_status_numbered(std::string_view header_value);  // the same; nothing if without name
std::string_view header_value_of(GrpcStatus status);                            // "14"

// What a response without grpc-status means.
GrpcStatus grpc_status_of_http(int http_status);

}  // namespace portillon::wire

template <>
struct boost::system::is_error_code_enum<portillon::wire::GrpcStatus> : std::true_type {};
