#include "http2/error.h"

#include <string>
#include <string_view>

#include "base/error_category.h"

namespace portillon::http2 {

namespace {

const char* name_of(Error error) {
    switch (error) {
        case Error::no_error:
            return "http2_no_error";
        case Error::protocol_error:
            return "http2_protocol_error";
        case Error::internal_error:
            return "http2_internal_error";
        case Error::flow_control_error:
            return "http2_flow_control_error";
        case Error::settings_timeout:
            return "http2_settings_timeout";
        case Error::stream_closed:
            return "http2_stream_closed";
        case Error::frame_size_error:
            return "http2_frame_size_error";
        case Error::refused_stream:
            return "http2_refused_stream";
        case Error::cancel:
            return "http2_cancel";
        case Error::compression_error:
            return "http2_compression_error";
        case Error::connect_error:
            return "http2_connect_error";
        case Error::enhance_your_calm:
            return "http2_enhance_your_calm";
        case Error::inadequate_security:
            return "http2_inadequate_security";
        case Error::http_1_1_required:
            return "http2_http_1_1_required";
        case Error::goaway:
            return "http2_goaway";
        case Error::flooded:
            return "http2_flooded";
        case Error::not_http2:
            return "http2_not_http2";
        case Error::no_ping_answer:
            return "http2_no_ping_answer";
        case Error::no_answers:
            return "http2_no_answers";
        case Error::only_resets:
            return "http2_only_resets";
        case Error::no_streams_left:
            return "http2_no_streams_left";
        case Error::too_long_headers:
            return "http2_too_long_headers";
        case Error::call_ended:
            return "http2_call_ended";
        case Error::goaway_with:
            break;
    }
    return "http2_unknown";
}

constexpr std::uint32_t unknown = 0xFFF;

std::uint32_t known(std::uint32_t number) {
    return number <= static_cast<std::uint32_t>(Error::http_1_1_required) ? number : unknown;
}

std::string message_of(Error error) {
    if (error < Error::goaway_with) {
        return name_of(error);
    }
    constexpr std::string_view prefix = "http2_";
    const auto reason = static_cast<std::uint32_t>(error) - static_cast<std::uint32_t>(Error::goaway_with);
    return "http2_goaway_" + std::string(name_of(static_cast<Error>(reason))).substr(prefix.size());
}

std::string message_of_status(int status) {
    const std::string digits = std::to_string(status);
    return "http_" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

}  // namespace

error_code make_error_code(Error error) {
    // A stream that is reset with NO_ERROR has no answer either.
    using Category = ErrorCategory<Error>;
    static const Category category("portillon.http2", message_of, Category::Zero::is_failure);
    return category.code(error);
}

error_code error_from_wire(std::uint32_t number) {
    return static_cast<Error>(known(number));
}

error_code error_of_goaway(std::uint32_t number) {
    if (number == static_cast<std::uint32_t>(Error::no_error)) {
        return Error::goaway;
    }
    return static_cast<Error>(static_cast<std::uint32_t>(Error::goaway_with) + known(number));
}

error_code error_of_status(int status) {
    // A status of 000 is a failure, too.
    using Category = ErrorCategory<int>;
    static const Category category("portillon.http", message_of_status, Category::Zero::is_failure);
    return category.code(status);
}

}  // namespace portillon::http2
