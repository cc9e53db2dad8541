#include "drivers/over_http2/grpc_response.h"

#include <charconv>

#include "wire/grpc_frame.h"
#include "wire/grpc_retry_info.h"

namespace portillon::grpc {

namespace {

bool is_well_framed(const over_http2::Response& response) {
    return response.body_bytes == 0 || (response.body_bytes == wire::grpc_prefix_bytes + response.message_bytes &&
                                        response.body_bytes >= wire::grpc_prefix_bytes && response.message_flag == 0);
}

}  // namespace

void note(over_http2::Response& response, std::string_view name, std::string_view value) {
    if (name == ":status") {
        response = {};  // what an interim response said is over (RFC 9110, 15.2)
        std::from_chars(value.data(), value.data() + value.size(), response.status);
    } else if (name == "grpc-status") {
        response.grpc_status =
            static_cast<std::uint8_t>(wire::parse_grpc_status(value).value_or(wire::GrpcStatus::unknown));
    } else if (name == "grpc-retry-pushback-ms") {
        response.retry_after = wire::parse_pushback(value);
    } else if (name == "grpc-status-details-bin" && !response.retry_after) {
        response.retry_after = wire::parse_retry_info(value);
    }
}

void note_body(over_http2::Response& response, std::span<const std::byte> bytes) {
    if (!bytes.empty()) {
        response.grpc_status.reset();  // it was said too early to hold for a message: trailers say it
    }
    for (std::size_t i = 0; i < bytes.size() && response.body_bytes + i < wire::grpc_prefix_bytes; ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        if (response.body_bytes + i == 0) {
            response.message_flag = byte;
        } else {
            response.message_bytes = response.message_bytes << 8 | byte;
        }
    }
    response.body_bytes += bytes.size();
}

wire::GrpcStatus status_of(const over_http2::Response& response) {
    if (response.grpc_status) {
        const auto said = static_cast<wire::GrpcStatus>(*response.grpc_status);
        return said == wire::GrpcStatus::ok && !is_well_framed(response) ? wire::GrpcStatus::internal : said;
    }
    const auto status = wire::grpc_status_of_http(response.status);
    return status == wire::GrpcStatus::ok ? wire::GrpcStatus::unknown : status;
}

over_http2::Reading answer_of(wire::GrpcStatus status, std::optional<Nanos> retry_after) {
    using driver::Answer;
    using wire::GrpcStatus;
    switch (status) {
        case GrpcStatus::ok:
            return {Answer::acknowledged, {}, {}};
        case GrpcStatus::invalid_argument:
        case GrpcStatus::unauthenticated:
        case GrpcStatus::permission_denied:
        case GrpcStatus::not_found:
        case GrpcStatus::unimplemented:
            return {Answer::rejected, make_error_code(status), {}};
        case GrpcStatus::resource_exhausted:
            return {Answer::throttled, make_error_code(status), retry_after};
        default:
            return {Answer::try_again, make_error_code(status), retry_after};
    }
}

}  // namespace portillon::grpc
