#pragma once

// What the dialects note of a response's headers, body and trailers.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"
#include "drivers/over_http2/words.h"
#include "http2/retry_after.h"

namespace portillon::over_http2 {

struct Response {
    int status = 0;
    std::optional<std::uint8_t> grpc_status;
    std::optional<http2::Date> date;
    std::optional<Nanos> retry_after;
    std::optional<http2::Date> retry_at;
    bool wants_no_retry = false;
    bool is_foreign = false;          // no gRPC: a proxy's, say
    std::uint8_t message_flag = 0;    // as the prefix of the first gRPC message says
    std::uint32_t message_bytes = 0;  // the same
    std::uint64_t body_bytes = 0;
    Words* words = nullptr;  // the driver's; before the first note

    // Headers of an answer, with its :status. What an interim response said is over (RFC 9110, 15.2).
    void begin(std::string_view digits);

    void say(Words::Worth worth, std::string_view text) {
        if (words != nullptr && words->take(this)) {
            words->add(worth, text);
        }
    }
    void say_header(std::string_view name, std::string_view value);  // "location: /elsewhere"
};

}  // namespace portillon::over_http2
