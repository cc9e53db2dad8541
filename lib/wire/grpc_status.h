#pragma once

// The status with which a gRPC call ends. Source: grpc/doc/statuscodes.md, grpc/doc/http-grpc-status-mapping.md.

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

// The status as an error; its message() is "grpc_unavailable" and the like.
error_code make_error_code(GrpcStatus status);

// The same for a call whose server does not want it again: "grpc_unavailable_no_retry".
error_code make_no_retry_code(GrpcStatus status);

std::string_view name_of(GrpcStatus status);                         // "UNAVAILABLE"
std::optional<GrpcStatus> grpc_status_named(std::string_view name);  // from "UNAVAILABLE"
std::optional<GrpcStatus> parse_grpc_status(
    std::string_view header_value);  // from "14"; a number without name: unknown
// The same, but nothing for a number without a name.
std::optional<GrpcStatus> grpc_status_numbered(std::string_view header_value);
std::string_view header_value_of(GrpcStatus status);  // "14"

// The status of a response without grpc-status.
GrpcStatus grpc_status_of_http(int http_status);

}  // namespace portillon::wire

template <>
struct boost::system::is_error_code_enum<portillon::wire::GrpcStatus> : std::true_type {};
