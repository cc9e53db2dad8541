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

// Of a status, or of a status and no_retry.
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

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const int letter = (digit | 0x20) - 'a';
    return letter >= 0 && letter <= 5 ? letter + 10 : -1;
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

std::string percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            decoded.push_back(static_cast<char>(high << 4 | low));
            i += 2;
        } else {
            decoded.push_back(text[i]);
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char letter : text) {
        if (letter >= 0x20 && letter <= 0x7E && letter != '%') {
            encoded.push_back(letter);
        } else {
            const auto byte = static_cast<unsigned char>(letter);
            encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    return encoded;
}

}  // namespace portillon::wire
