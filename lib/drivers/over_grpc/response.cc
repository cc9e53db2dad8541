#include "drivers/over_grpc/response.h"

#include "http2/error.h"
#include "wire/grpc_frame.h"
#include "wire/grpc_retry_info.h"
#include "wire/grpc_status.h"

namespace portillon::drivers::over_grpc {

namespace {

bool is_well_framed(const Response& response) {
    return response.body_bytes == 0 || (response.body_bytes == wire::grpc_prefix_bytes + response.message_bytes &&
                                        response.body_bytes >= wire::grpc_prefix_bytes && response.message_flag == 0);
}

// True for "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"; false for
// "application/grpc-web".
bool is_grpc(std::string_view content_type) {
    constexpr std::string_view prefix = "application/grpc";
    return content_type.starts_with(prefix) &&
           (content_type.size() == prefix.size() || content_type[prefix.size()] == '+' ||
            content_type[prefix.size()] == ';');
}

bool is_redirection(const Response& response) {
    return response.status >= 300 && response.status < 400;
}

wire::GrpcStatus status_of(const Response& response) {
    if (response.status_code) {
        const auto said = static_cast<wire::GrpcStatus>(*response.status_code);
        return said == wire::GrpcStatus::ok && !is_well_framed(response) ? wire::GrpcStatus::internal : said;
    }
    const auto status = wire::grpc_status_of_http(response.status);
    return status == wire::GrpcStatus::ok ? wire::GrpcStatus::unknown : status;
}

over_http2::AnswerMeaning answer_of(wire::GrpcStatus status, const Response& response) {
    using driver::Answer;
    using wire::GrpcStatus;
    Answer answer = Answer::throttled;
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
            break;
        default:
            answer = Answer::try_again;
    }
    if (response.wants_no_retry) {
        return {Answer::rejected, wire::make_no_retry_code(status), {}};
    }
    return {answer, make_error_code(status), response.retry_after};
}

}  // namespace

void note(Response& response, std::string_view name, std::string_view value) {
    using Worth = over_http2::Words::Worth;
    if (name == ":status") {
        over_http2::begin(response, value);
        response.is_foreign = response.status != 200;
    } else if (name == "content-type") {
        if (!is_grpc(value)) {
            response.is_foreign = true;
            response.say_header(name, value);
        }
    } else if (name == "location" && is_redirection(response)) {
        response.say(Worth::message, "location: ");
        response.say(Worth::message, value);
    } else if (name == "grpc-encoding") {
        if (value != "identity") {
            response.say_header(name, value);
        }
    } else if (name == "grpc-status") {
        const auto known = wire::grpc_status_numbered(value);
        const auto status = static_cast<std::uint8_t>(known.value_or(wire::GrpcStatus::unknown));
        const bool differs = response.status_code && *response.status_code != status;
        if (!known || differs) {
            response.say_header(name, value);
        }
        response.status_code = differs ? static_cast<std::uint8_t>(wire::GrpcStatus::unknown) : status;
    } else if (name == "grpc-message") {
        response.say(Worth::escaped_message, value);
    } else if (name == "grpc-retry-pushback-ms") {
        response.retry_after = wire::parse_pushback(value);
        response.wants_no_retry = !response.retry_after;
    } else if (name == "grpc-status-details-bin" && !response.retry_after) {
        response.retry_after = wire::parse_retry_info(value);
    }
}

void note_body(Response& response, std::span<const std::byte> bytes) {
    if (!bytes.empty()) {  // after a message only the trailers count; what was noted before is void
        response.status_code.reset();
        response.retry_after.reset();
        response.wants_no_retry = false;
    }
    if (response.is_foreign) {
        response.say(over_http2::Words::Worth::body, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
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

over_http2::AnswerMeaning read(const Response& response) {
    if (!response.status_code && is_redirection(response)) {
        return {driver::Answer::rejected, portillon::http2::error_of_status(response.status), {}};
    }
    return answer_of(status_of(response), response);
}

}  // namespace portillon::drivers::over_grpc
