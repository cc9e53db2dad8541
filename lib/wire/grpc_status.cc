#include "wire/grpc_status.h"

#include <array>
#include <cctype>
#include <charconv>

#include "base/error_category.h"

namespace portillon::wire {

namespace {

constexpr std::array<std::string_view, 17> names = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

constexpr std::array<std::string_view, 17> numbers = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                      "9", "10", "11", "12", "13", "14", "15", "16"};

constexpr int no_retry = 0x100;

// `value` is a status, or a status and no_retry.
std::string message_of_grpc(int value) {
    std::string text = "grpc_";
    for (const char letter : name_of(static_cast<GrpcStatus>(value & ~no_retry))) {
        text.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(letter))));
    }
    return (value & no_retry) != 0 ? text + "_no_retry" : text;
}

error_code grpc_code(int value) {
    static const ErrorCategory<int> category("portillon.grpc", message_of_grpc);
    return category.code(value);
}

}  // namespace

error_code make_error_code(GrpcStatus status) {
    return grpc_code(static_cast<int>(status));
}

error_code make_no_retry_code(GrpcStatus status) {
    return grpc_code(static_cast<int>(status) | no_retry);
}

std::string_view name_of(GrpcStatus status) {
    const auto number = static_cast<std::size_t>(status);
    return number < names.size() ? names[number] : "UNKNOWN";
}

std::optional<GrpcStatus> grpc_status_named(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<GrpcStatus>(i);
        }
    }
    return std::nullopt;
}

std::optional<GrpcStatus> parse_grpc_status(std::string_view header_value) {
    unsigned number = 0;
    const char* const last = header_value.data() + header_value.size();
    const auto [end, error] = std::from_chars(header_value.data(), last, number);
    if (header_value.empty() || error == std::errc::invalid_argument || end != last) {
        return std::nullopt;
    }
    return error == std::errc{} && number < names.size() ? static_cast<GrpcStatus>(number) : GrpcStatus::unknown;
}

std::optional<GrpcStatus> grpc_status_numbered(std::string_view header_value) {
    const auto status = parse_grpc_status(header_value);
    return status == GrpcStatus::unknown && header_value != header_value_of(GrpcStatus::unknown) ? std::nullopt
                                                                                                 : status;
}

std::string_view header_value_of(GrpcStatus status) {
    const auto number = static_cast<std::size_t>(status);
    return number < numbers.size() ? numbers[number] : "2";
}

GrpcStatus grpc_status_of_http(int http_status) {
    switch (http_status) {
        case 400:
            return GrpcStatus::internal;
        case 401:
            return GrpcStatus::unauthenticated;
        case 403:
            return GrpcStatus::permission_denied;
        case 404:
            return GrpcStatus::unimplemented;
        case 429:
        case 502:
        case 503:
        case 504:
            return GrpcStatus::unavailable;
        default:
            return GrpcStatus::unknown;
    }
}

}  // namespace portillon::wire
