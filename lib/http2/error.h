#pragma once

// HTTP/2 failures as errors; message() is the name under which reports count them.

#include <cstdint>

#include "base/error.h"

namespace portillon::http2 {

// RFC 9113, section 7, with their numbers: "http2_refused_stream" and so on.
enum class Error : std::uint32_t {
    no_error,
    protocol_error,
    internal_error,
    flow_control_error,
    settings_timeout,
    stream_closed,
    frame_size_error,
    refused_stream,
    cancel,
    compression_error,
    connect_error,
    enhance_your_calm,
    inadequate_security,
    http_1_1_required,

    goaway = 0x1000,   // the peer wants no more requests, and does not complain
    flooded,           // the peer sends more than we are willing to answer
    not_http2,         // the peer's first bytes are something else
    no_ping_answer,    // the peer is silent, even when asked
    no_answers,        // requests time out one after the other, and the peer answers none
    only_resets,       // the peer resets one stream after the other, and answers none
    no_streams_left,   // every stream number has been used
    too_long_headers,  // an answer's headers are longer than we announced to take
    call_ended,        // the peer ended a call that was to continue, and calls that a success

    goaway_with = 0x2000,  // and up: the peer's GOAWAY, with its reason: "http2_goaway_enhance_your_calm"
};

error_code make_error_code(Error error);

// The error with a number from the wire: a number without a name here is "http2_unknown".
error_code error_from_wire(std::uint32_t number);

// The error of a GOAWAY that the peer sent: "http2_goaway", or "http2_goaway_protocol_error" and so on, so that its
// complaint about us is not taken for ours about it.
error_code error_of_goaway(std::uint32_t number);

// An answer's status that is no success: "http_503", always three digits.
error_code error_of_status(int status);

}  // namespace portillon::http2

template <>
struct boost::system::is_error_code_enum<portillon::http2::Error> : std::true_type {};
