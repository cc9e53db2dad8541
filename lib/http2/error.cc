#include "http2/error.h"

#include <string>
#include <string_view>

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

class Http2Category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.http2"; }
    std::string message(int value) const override {
        constexpr int goaway_with = static_cast<int>(Error::goaway_with);
        if (value < goaway_with) {
            return name_of(static_cast<Error>(value));
        }
        constexpr std::string_view prefix = "http2_";
        return "http2_goaway_" + std::string(name_of(static_cast<Error>(value - goaway_with))).substr(prefix.size());
    }
    bool failed(int) const noexcept override { return true; }  // a stream reset with NO_ERROR is no answer either
};

class StatusCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.http"; }
    std::string message(int value) const override {
        const std::string digits = std::to_string(value);
        return "http_" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
    }
    bool failed(int) const noexcept override { return true; }  // 000, too
};

}  // namespace

error_code make_error_code(Error error) {
    static const Http2Category category;
    return {static_cast<int>(error), category};
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
    static const StatusCategory category;
    return {status, category};
}

}  // namespace portillon::http2
